"""Softmax and LogSoftmax: definition, Jacobian, and numbers that would overflow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.layer import LayerError
from mydl.layers import LogSoftmax, Softmax

BOTH = pytest.mark.parametrize("kind", [Softmax, LogSoftmax])
rows = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6).map(lambda row: np.array([row]))


@given(rows)
def test_probabilities_add_up_to_one(x):
    y = Softmax().forward(x)
    assert (y >= 0).all()
    np.testing.assert_allclose(y.sum(), 1, rtol=1e-14)
    np.testing.assert_allclose(np.exp(LogSoftmax().forward(x)), y, rtol=1e-9, atol=1e-300)


def test_the_whole_jacobian():
    """Row k of the Jacobian is what backward makes of the k-th unit vector."""
    x = np.random.default_rng(0).normal(size=(1, 5))
    softmax, log_softmax = Softmax(), LogSoftmax()
    for k, unit in enumerate(np.eye(5)):
        y = softmax.forward(x)[0]
        np.testing.assert_allclose(softmax.backward(unit[None])[0], y[k] * (unit - y), rtol=1e-13)
        log_softmax.forward(x)
        np.testing.assert_allclose(log_softmax.backward(unit[None])[0], unit - y, rtol=1e-13)


def test_shifting_x_changes_nothing():
    x = np.random.default_rng(0).normal(size=(3, 5))
    np.testing.assert_allclose(Softmax().forward(x + 700), Softmax().forward(x), rtol=1e-12)
    softmax = Softmax()
    softmax.forward(x)
    np.testing.assert_allclose(softmax.backward(np.ones((3, 5))), 0, atol=1e-15)
    softmax.forward(x)
    np.testing.assert_allclose(softmax.backward(x).sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_that_would_overflow(dtype):
    x = np.array([[1e4, -1e4, 0], [-1e30, -1e30, -2e30]], dtype)
    assert Softmax().forward(x).tolist() == [[1, 0, 0], [0.5, 0.5, 0]]
    expected = [[0, -2e4, -1e4], [-np.log(2), -np.log(2), -1e30]]
    np.testing.assert_allclose(LogSoftmax().forward(x), expected, rtol=1e-6)


def test_a_class_that_is_ruled_out():
    x = np.array([[0.0, 0.0, -np.inf]])
    softmax, log_softmax = Softmax(), LogSoftmax()
    assert softmax.forward(x).tolist() == [[0.5, 0.5, 0]]
    assert softmax.backward(np.array([[4.0, 0.0, 9.0]])).tolist() == [[1, -1, 0]]
    np.testing.assert_allclose(log_softmax.forward(x), [[-np.log(2), -np.log(2), -np.inf]])
    np.testing.assert_allclose(log_softmax.backward(np.array([[1.0, 0.0, 0.0]])), [[0.5, -0.5, 0]])


@BOTH
def test_no_classes(kind):
    with pytest.raises(LayerError, match="expected at least one class along the last axis"):
        kind().forward(np.zeros((3, 0)))
    assert kind().forward(np.zeros((0, 3))).shape == (0, 3)
    assert kind().forward(np.zeros(4)).shape == (4,)
