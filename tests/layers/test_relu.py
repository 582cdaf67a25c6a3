"""ReLU at its kink, with NaN and infinity, and with the caller's dy left alone."""

import numpy as np

from mydl.layers import ReLU


def test_the_gradient_at_zero_is_zero():
    relu = ReLU()
    assert relu.forward(np.array([0.0, -0.0, 1e-300])).tolist() == [0, 0, 1e-300]
    assert relu.backward(np.ones(3)).tolist() == [0, 0, 1]


def test_nan_and_infinity_come_through():
    y = ReLU().forward(np.array([np.nan, np.inf, -np.inf]))
    np.testing.assert_array_equal(y, [np.nan, np.inf, 0])


def test_a_later_change_of_dy_changes_nothing():
    relu = ReLU()
    relu.forward(np.array([-1.0, 2.0]))
    dy = np.array([3.0, 4.0])
    dx = relu.backward(dy)
    dy[:] = 9
    assert dx.tolist() == [0, 4]


def test_complex_numbers_go_by_their_real_parts():
    relu = ReLU()
    assert relu.forward(np.array([1 - 5j, -1 + 5j])).tolist() == [1 - 5j, 0]
    assert relu.backward(np.array([2 + 1j, 3 + 1j])).tolist() == [2 + 1j, 0]
