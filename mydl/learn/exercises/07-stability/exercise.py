"""Formulas that are right on paper

A float64 holds 16 digits, of numbers up to 1.8e308. Three things go wrong with that, and you have
met the first:

- **Overflow.** e^710 is too large and becomes infinity. What follows is infinity or NaN.
- **Absorption.** 1 + 1e-17 is 1: the small number is lost in the large one.
- **Cancellation.** Two nearly equal numbers, each right to 16 digits, are subtracted. The leading
  digits go away, and what remains are their errors.

The repair is never a small constant added somewhere. It is another formula for the same thing.
Write these four functions so that they are right to 12 digits for any numbers, without overflow
on the way:

    log_sum_exp(x) = log(sum over k of e^x[n, k])         x: (N, K), the result: (N,)
    log_softmax(x) = log(softmax(x)), for each row        x: (N, K), the result: (N, K)
    softplus(x)    = log(1 + e^x)                         any shape; a smooth ReLU
    variance(x)    = mean of x^2 - (mean of x)^2          over axis 0; x: (N, C), the result: (C,)

(These are what stands in a textbook, and each of them fails.)

## Examples

    log_sum_exp([[1000, 1000]]) = [1000.6931]             1000 + log 2
    log_sum_exp([[-inf, 0]])    = [0]                     a class that is impossible
    log_sum_exp([[-inf, -inf]]) = [-inf]                  all impossible: log 0, and not NaN
    log_softmax([[0, -800]])    = [[0, -800]]             though softmax would round to [1, 0]
    softplus([1000, 0, -40])    = [1000, 0.6931, 4.2484e-18]
    variance([[1e8], [1e8 + 2]]) = [1]                    x^2 is 1e16: its digits end at 1

## What helps

- e^a e^b = e^(a + b): take out a factor so that only exponentials of numbers <= 0 are left.
- `np.log1p(u)` is log(1 + u) for a small u that would be lost in 1 + u. There is also `np.expm1`.
- Subtract numbers that are alike *first*, while they are exact, and square or add afterwards.

In log_sum_exp with -inf, beware of -inf - (-inf), which is NaN. The rows of log_softmax have a
finite largest entry. `np.logaddexp` and `np.var` would do some of this for you: leave them out
here.

Read: mydl/layers/softmax.py and mydl/losses.py; mydl/layers/batchnorm.py for the variance.
"""

import numpy as np


def log_sum_exp(x):
    """log of the sum of e^x along each row of x (N, K): (N,)."""
    # BEGIN SOLUTION
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)  # -inf - (-inf) would be NaN
    with np.errstate(divide="ignore"):  # log 0 is -inf, and that is meant
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))
    # END SOLUTION


def log_softmax(x):
    """log of the softmax of each row of x (N, K): (N, K)."""
    # BEGIN SOLUTION
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    # END SOLUTION


def softplus(x):
    """log(1 + e^x), entry by entry."""
    # BEGIN SOLUTION
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    # END SOLUTION


def variance(x):
    """The mean of the squared distances from the mean, of each column of x (N, C): (C,)."""
    # BEGIN SOLUTION
    centred = x - x.mean(axis=0)
    return np.mean(centred**2, axis=0)
    # END SOLUTION
