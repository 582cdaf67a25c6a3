"""Derivatives through complex numbers

The central difference subtracts two numbers that agree in most of their digits, and loses those
digits. There is a way without a subtraction. Continue f to complex numbers and take a small
*imaginary* step:

    f(x + i h) = f(x) + i h f'(x) - h^2 f''(x) / 2 - ...

The derivative has come into the imaginary part, all by itself:

    f'(x) = Im f(x + i h) / h               error like h^2

Nothing cancels, so h can be as small as 1e-20, and h^2 does not matter any more. The derivative
is right to the last digits. There is one condition: the code of f has to work with complex
numbers, and has to be the *same function* there.

## 1. Write `complex_step(f, x, dy, h)`

As in `numerical-gradient`: dx, the derivative of sum(dy * f(x)) by every entry of x, with
imaginary steps, in float64 (NumPy's complex128). One call of f for each entry. dx is real.

    f squares each entry, x = [1, 3], dy = [10, 1]:
    f([1 + ih, 3]) = [1 + 2ih - h^2, 9], imaginary part [2h, 0], times dy and over h:  dx[0] = 20

## 2. Repair `scores(x, w)`

It compares each row of x, (N, D), with each column of w, (D, K): the size of the cosine, and a
softmax over them. It is right for real x and must stay so, and its complex step gives nonsense:
somewhere the imaginary part is lost. Look for what is not the same function for complex numbers:

- `np.abs(z)` is the distance from 0, sqrt(a^2 + b^2) of z = a + ib: a real number. The function
  that goes on into the complex is z where a >= 0, and -z elsewhere.
- `np.linalg.norm` contains np.abs. So do `z * z.conj()` and `np.vdot`, since the conjugate turns
  the imaginary part around. The length of v is the root of the sum of v * v.
- `np.sign(z)` of a complex z is z / |z| (in NumPy 2), neither 1 nor -1.
- `a < b` and `max` have no meaning for complex numbers. NumPy orders them by the real part first,
  so that often they work; write `z.real > 0` and say what you mean.
- An array from `np.zeros(shape)` or `np.empty(shape)` is real: when complex numbers are put into
  it, NumPy drops the imaginary parts, with no more than a warning. Give it `dtype=z.dtype`.

Read: docs/gradient-checking.md; `mydl gradcheck --method complex` checks every layer in this way.
"""

import numpy as np


def complex_step(f, x, dy, h=1e-20):
    """dx, the derivative of `sum(dy * f(x))` by each entry of x, by imaginary steps.

    Args:
        f: a function from an array like x to an array like dy, which works with complex numbers.
        x: where to measure, an array of any shape and of any type of real numbers.
        dy: the upstream gradient, with the shape of f(x).
        h: the step.

    Returns:
        An array of float64 with the shape of x.
    """
    # BEGIN SOLUTION
    dx = np.zeros(np.shape(x))
    for index in np.ndindex(dx.shape):
        moved = np.array(x, dtype=np.complex128)
        moved[index] += 1j * h
        dx[index] = np.sum(dy * f(moved).imag) / h
    return dx
    # END SOLUTION


def scores(x, w):
    """Softmax over the sizes of the cosines between rows of x (N, D) and columns of w (D, K).

    The columns of w have length 1. Works for real and for complex x; the result is (N, K).
    """
    # BEGIN BUG
    lengths = np.linalg.norm(x, axis=1, keepdims=True)  # (N, 1)
    cosines = np.zeros((x.shape[0], w.shape[1]))
    for n in range(len(x)):
        cosines[n] = (x[n] / lengths[n]) @ w
    size = np.abs(cosines)  # (N, K)
    # INSTEAD
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))  # (N, 1)
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)  # (N, K)
    # END BUG
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)
