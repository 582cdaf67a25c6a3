"""Linear: a small case by hand, its start, and wrong shapes."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.layers import Linear, Sequential


def test_by_hand():
    layer = Linear(2, 3, dtype=np.float64)
    layer.weight.data = np.array([[1.0, 2, 3], [4, 5, 6]])
    layer.bias.data = np.array([10.0, 20, 30])
    assert layer.forward(np.array([[1.0, 1], [2, 0]])).tolist() == [[15, 27, 39], [12, 24, 36]]
    assert layer.backward(np.array([[1.0, 0, 0], [0, 1, 1]])).tolist() == [[1, 4], [5, 11]]
    assert layer.weight.grad.tolist() == [[1, 2, 2], [1, 0, 0]]
    assert layer.bias.grad.tolist() == [1, 1, 1]


def test_the_start():
    layer = Linear(500, 400, rng=np.random.default_rng(0))
    np.testing.assert_allclose(layer.weight.data.var(), 2 / 500, rtol=0.02)
    assert not layer.bias.data.any()
    assert Linear(3, 4, bias=False).num_parameters() == 12


def test_wrong_shapes():
    net = Sequential({"hidden": Linear(12, 3)})
    with pytest.raises(LayerError) as error:
        net.forward(np.zeros((5, 11), np.float32))
    assert str(error.value) == "hidden (Linear): expected an input of shape (N, 12), got (5, 11)"
    with pytest.raises(LayerError, match=r"got \(5, 2, 2, 3\); put a Flatten layer before it"):
        net.forward(np.zeros((5, 2, 2, 3), np.float32))
    with pytest.raises(LayerError, match=r"got \(12,\)$"):
        net.forward(np.zeros(12, np.float32))


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((0, 3), {}, "in_features must be at least 1, got 0"),
        ((3, 2.0), {}, "out_features must be a whole number, got 2.0"),
        ((3, 2), {"dtype": np.float16}, "dtype must be float32 or float64, got float16"),
    ],
)
def test_wrong_arguments(args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        Linear(*args, **kwargs)


def test_costs_and_repr():
    assert Linear(6, 4).multiply_adds((5, 6)) == 120
    assert repr(Linear(6, 4)) == "Linear(6, 4)"
    assert repr(Linear(6, 4, bias=False)) == "Linear(6, 4, bias=False)"
