"""Concat: dy is cut where the channels were joined, and dx is the branches' sum."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.layers import Concat, Conv2d, Flatten, MaxPool2d, ReLU, Sequential


def test_each_branch_gets_its_channels():
    a, b, c = (Conv2d(2, n, 1, dtype=np.float64) for n in (1, 3, 2))
    both = Concat({"a": a, "b": b, "c": c})
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 3, 3, 2)), rng.normal(size=(2, 3, 3, 6))
    y = both.forward(x)
    dx = both.backward(dy)
    alone = [layer.astype(np.float64) for layer in (a, b, c)]
    for layer in alone:
        layer.zero_grad()
    pieces = [slice(0, 1), slice(1, 4), slice(4, 6)]
    for layer, piece in zip(alone, pieces, strict=True):
        np.testing.assert_array_equal(layer.forward(x), y[..., piece])
    expected = [layer.backward(dy[..., piece]) for layer, piece in zip(alone, pieces, strict=True)]
    np.testing.assert_allclose(dx, sum(expected), rtol=1e-14)
    for mine, other in zip((a, b, c), alone, strict=True):
        np.testing.assert_array_equal(mine.weight.grad, other.weight.grad)


def test_a_single_branch():
    one = Concat(ReLU())
    assert one.forward(np.array([[1.0, -1.0]])).tolist() == [[1, 0]]
    assert one.backward(np.array([[5.0, 5.0]])).tolist() == [[5, 0]]


def test_branches_that_do_not_fit_together():
    net = Sequential({"mixed": Concat({"same": ReLU(), "half": MaxPool2d(2)})})
    with pytest.raises(LayerError) as error:
        net.forward(np.zeros((1, 4, 4, 3)))
    assert str(error.value) == (
        "mixed (Concat): the branches must agree in all but channels, got "
        "{'same': (1, 4, 4, 3), 'half': (1, 2, 2, 3)}"
    )
    with pytest.raises(LayerError, match="agree in all but channels"):
        Concat(ReLU(), Flatten()).output_shape((1, 4, 4, 3))


def test_no_branch():
    with pytest.raises(ValueError, match="Concat needs at least one branch"):
        Concat()
    with pytest.raises(ValueError, match="Concat needs at least one branch"):
        Concat({})


def test_what_is_not_a_layer():
    with pytest.raises(TypeError, match="Concat takes layers, got int as '1'"):
        Concat(ReLU(), 3)


def test_names_and_costs():
    both = Concat({"one": Conv2d(4, 2, 1), "three": Conv2d(4, 2, 3, padding=1)})
    assert [path for path, _ in both.named_parameters()] == [
        "one.weight", "one.bias", "three.weight", "three.bias",
    ]  # fmt: skip
    assert both.multiply_adds((1, 5, 5, 4)) == 25 * 4 * 2 * (1 + 9)
