import numpy as np
import pytest

from mydl.learn.overflow import no_overflow
from mydl.learn.wrong import WrongAnswer


def test_an_overflow_that_does_not_show_in_the_result_is_reported():
    with pytest.raises(WrongAnswer, match=r"^too large$") as caught, no_overflow("too large"):
        y = 1 / np.exp(np.array([1000.0]))
    assert caught.value.diagnosis.kind == "overflow"
    assert y == 0


def test_what_shows_in_the_result_is_let_pass():
    with no_overflow("too large"):
        y = np.log(np.zeros(1)) - np.log(np.zeros(1))
    assert np.isnan(y)


def test_an_error_inside_comes_through():
    with pytest.raises(ZeroDivisionError), no_overflow("too large"):
        print(np.exp(1000.0), 1 // 0)
