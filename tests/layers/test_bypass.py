"""Bypass: the gradient takes both ways."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.layers import Bypass, Conv2d, Linear, ReLU, Sequential


def test_both_ways_by_hand():
    inner, projection = Linear(1, 1, dtype=np.float64), Linear(1, 1, dtype=np.float64)
    inner.weight.data, projection.weight.data = np.array([[3.0]]), np.array([[5.0]])
    x = np.array([[2.0]])
    simple = Bypass(inner)
    assert simple.forward(x).tolist() == [[3 * 2 + 2]]
    assert simple.backward(np.array([[10.0]])).tolist() == [[10 * (3 + 1)]]
    complex_ = Bypass(inner, projection)
    assert complex_.forward(x).tolist() == [[3 * 2 + 5 * 2]]
    assert complex_.backward(np.array([[10.0]])).tolist() == [[10 * (3 + 5)]]
    assert projection.weight.grad.tolist() == [[20]]


def test_shapes_that_cannot_be_added():
    net = Sequential({"fire2": Bypass(Conv2d(2, 4, 1))})
    x = np.zeros((1, 3, 3, 2), np.float32)
    with pytest.raises(LayerError) as error:
        net.forward(x)
    assert str(error.value) == (
        "fire2 (Bypass): the bypass adds an array of shape (1, 3, 3, 2) to one of (1, 3, 3, 4): "
        "a projection with 4 output channels makes them equal"
    )
    assert Bypass(Conv2d(2, 4, 1), Conv2d(2, 4, 1)).forward(x).shape == (1, 3, 3, 4)


def test_an_empty_projection_is_the_identity():
    assert Bypass(ReLU(), Sequential()).forward(np.ones((1, 2))).tolist() == [[2, 2]]


def test_what_is_not_a_layer():
    with pytest.raises(TypeError, match="Bypass takes layers, got NoneType"):
        Bypass(None)
    with pytest.raises(TypeError, match="Bypass takes layers, got function"):
        Bypass(ReLU(), lambda x: x)


def test_names_and_costs():
    bypass = Bypass(Conv2d(2, 2, 1), Conv2d(2, 2, 1))
    assert [path for path, _ in bypass.named_parameters()] == [
        "inner.weight", "inner.bias", "projection.weight", "projection.bias",
    ]  # fmt: skip
    assert bypass.multiply_adds((1, 5, 5, 2)) == 25 * 2 * 2 * 2
