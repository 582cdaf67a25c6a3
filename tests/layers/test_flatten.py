"""Flatten: the order of values, and the way back."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.layers import Flatten


def test_the_order_is_rows_columns_channels():
    x = np.arange(24.0).reshape(1, 2, 4, 3)
    y = Flatten().forward(x)
    for r, s, c in np.ndindex(2, 4, 3):
        assert y[0, (r * 4 + s) * 3 + c] == x[0, r, s, c]


def test_backward_is_the_way_back():
    flatten, x = Flatten(), np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    np.testing.assert_array_equal(flatten.backward(flatten.forward(x)), x)


def test_shapes():
    flatten = Flatten()
    assert flatten.forward(np.zeros((3, 7))).shape == (3, 7)
    assert flatten.forward(np.zeros((0, 2, 2, 3))).shape == (0, 12)
    assert flatten.backward(np.zeros((0, 12))).shape == (0, 2, 2, 3)
    assert flatten.output_shape((5, 1, 1, 1)) == (5, 1)
    with pytest.raises(LayerError, match=r"^Flatten: expected an input of shape \(N, \.\.\.\)"):
        flatten.forward(np.zeros(4))
