"""Dropout: how much is dropped, from which numbers, and when nothing is."""

import numpy as np
import pytest

from mydl.layers import Dropout

ONES = np.ones((100, 100))


def test_p_is_the_share_that_is_dropped():
    y = Dropout(0.25, np.random.default_rng(0)).forward(ONES)
    assert set(np.unique(y)) == {0, 1 / 0.75}
    assert abs((y == 0).mean() - 0.25) < 0.01
    assert abs(y.mean() - 1) < 0.01


def test_the_gradient_is_dropped_where_the_value_was():
    dropout = Dropout(0.5, np.random.default_rng(0))
    y = dropout.forward(ONES)
    np.testing.assert_array_equal(dropout.backward(3 * ONES), 3 * y)


def test_every_forward_draws_anew():
    dropout = Dropout(0.5, np.random.default_rng(0))
    assert (dropout.forward(ONES) != dropout.forward(ONES)).any()


def test_the_generator_can_be_replaced():
    dropout = Dropout(0.5)
    results = []
    for _ in range(2):
        dropout.rng = np.random.default_rng(4)
        results.append(dropout.forward(ONES))
    np.testing.assert_array_equal(*results)


def test_every_precision_drops_the_same_values():
    dropped = [
        Dropout(0.3, np.random.default_rng(0)).forward(ONES.astype(dtype)) == 0
        for dtype in (np.float32, np.float64, np.complex128)
    ]
    np.testing.assert_array_equal(dropped[0], dropped[1])
    np.testing.assert_array_equal(dropped[0], dropped[2])


def test_evaluation_is_the_identity_and_draws_nothing():
    dropout = Dropout(0.5, np.random.default_rng(0)).eval()
    before = dropout.rng.bit_generator.state
    np.testing.assert_array_equal(dropout.forward(ONES), ONES)
    assert dropout.rng.bit_generator.state == before


def test_nothing_or_all():
    nothing, everything = Dropout(0), Dropout(1)
    np.testing.assert_array_equal(nothing.forward(ONES), ONES)
    np.testing.assert_array_equal(nothing.backward(2 * ONES), 2 * ONES)
    assert not everything.forward(ONES).any()
    assert not everything.backward(ONES).any()


@pytest.mark.parametrize("p", [-0.1, 1.1, np.nan, np.inf])
def test_what_is_not_a_probability(p):
    with pytest.raises(ValueError, match="p is the probability of dropping a value, from 0 to 1"):
        Dropout(p)


def test_a_seed_is_not_a_generator():
    with pytest.raises(ValueError, match=r"Generator, got 3: np\.random\.default_rng\(seed\)"):
        Dropout(0.5, 3)


def test_repr():
    assert repr(Dropout(0.25)) == "Dropout(p=0.25)"
