"""How small a step?

The central difference has a step h, and no value of h is right for everything:

    d(h) = (f(x + h) - f(x - h)) / (2 h)

A large h sees the curvature of f: the error of the formula is about h^2 |f'''| / 6. A small h
drowns in rounding: f(x + h) and f(x - h) agree in nearly all their digits, and what is left of
their difference has an error of about eps |f|, which is divided by 2 h. eps, the distance from 1
to the next number, is 2.2e-16 in float64 and 1.2e-7 in float32. For f = exp at x = 0.75 the
relative errors are

    h           1e-1     1e-2     1e-3     1e-4     1e-5     1e-6     1e-7     1e-8
    float64     1.7e-3   1.7e-5   1.7e-7   1.7e-9   1.5e-11  4.2e-12  4.2e-10  1.2e-8
    float32     1.7e-3   2.3e-5   3.8e-5   7.4e-5   3.3e-3   4.3e-2   6.9e-1   1.0

Drawn with logarithmic axes both are a V: the error falls with h^2 from the right, and rises with
1/h to the left. In float32 the foot of the V lies at a hundredth, with five digits; in float64 at
a millionth, with eleven. You will draw it. Write three functions.

- `step_errors(f, df, x, steps, dtype)`: the relative error |d(h) - f'(x)| / |f'(x)| for each
  step, a float64 array. **x, the steps, both calls of f and the division are computed in
  `dtype`**, or you measure float64 twice. Be careful: NumPy computes float32 with float64 in
  float64 as soon as one float64 is involved, such as an entry of `steps`. The true derivative
  df(x) is taken in float64.
- `good_step(x, dtype)`: a step that is good for most functions, from a rule. Where h^2 and eps /
  h are equal, h is the cube root of eps. Near large x, neighbouring numbers lie further apart,
  eps |x|, and the step must grow with |x|; near 0 it must not become 0:

      h = cube root of eps, times the larger of 1 and |x|

- `slope(steps, errors)`: the power p in error ~ steps^p, which is the slope in the picture with
  logarithmic axes: fit the straight line through log(error) over log(step) by least squares
  (`np.polyfit(..., 1)`) and return its slope. Points with an error of exactly 0, met by luck, are
  left out, for they have no logarithm.

## Examples

    step_errors(np.exp, np.exp, 0.75, [0.1, 0.01], np.float64) = [1.668e-3, 1.667e-5]
    good_step(0.75, np.float32) = 0.0049         good_step(-200, np.float64) = 0.0012
    slope(h, 4 * h**2) = 2                      for any array h of steps

Read: docs/gradient-checking.md; mydl/gradcheck/sweep.py does this for any layer.
"""

import numpy as np


def step_errors(f, df, x, steps, dtype):
    """The relative error of the central difference of f at x, for each step.

    Args:
        f: a function of one number that computes in the precision of what it gets.
        df: its derivative, exact in float64.
        x: where, a number.
        steps: an array of steps.
        dtype: np.float32 or np.float64, in which the differences are computed.

    Returns:
        An array of float64, one error for each step.
    """
    # BEGIN SOLUTION
    true = df(np.float64(x))
    at, h = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + s) - f(at - s)) / (2 * s) for s in h], np.float64)
    return np.abs(measured - true) / np.abs(true)
    # END SOLUTION


def good_step(x, dtype):
    """The cube root of dtype's eps, times the larger of 1 and |x|.

    `np.finfo(dtype).eps` is eps.
    """
    # BEGIN SOLUTION
    return float(np.cbrt(float(np.finfo(dtype).eps)) * max(1.0, abs(x)))
    # END SOLUTION


def slope(steps, errors):
    """The power p in error ~ steps^p: the slope of the line through the logarithms."""
    # BEGIN SOLUTION
    steps, errors = np.asarray(steps), np.asarray(errors)
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]
    # END SOLUTION
