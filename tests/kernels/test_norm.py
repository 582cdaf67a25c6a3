"""Batch norm's kernels against their references."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mydl.kernels import norm

ROWS, CHANNELS = st.integers(1, 700), st.sampled_from([1, 3, 16, 48, 70])
DTYPES = st.sampled_from([np.float32, np.float64])
BOUNDS = {np.float32: 3e-6, np.float64: 1e-14}


def draw(rows, channels, dtype, count, vectors):
    rng = np.random.default_rng(rows)
    wide = [rng.normal(size=(rows, channels + 9)).astype(dtype) for _ in range(count)]
    return [w[:, 3 : 3 + channels] for w in wide], list(
        rng.normal(size=(vectors, channels)).astype(dtype)
    )


def compare(kernel, arguments, outputs, dtype, scale=1.0):
    exact = [a.astype(np.float64) for a in arguments]
    kernel.reference(*exact)
    before = [a.copy() for a in arguments]
    kernel(*arguments)
    for i, (ours, expected) in enumerate(zip(arguments, exact, strict=True)):
        if i in outputs:
            np.testing.assert_allclose(ours, expected, rtol=0, atol=BOUNDS[dtype] * scale * 10)
        else:
            np.testing.assert_array_equal(ours, before[i])


@given(ROWS, CHANNELS, DTYPES)
def test_moments(rows, channels, dtype):
    (z,), (mean, var) = draw(rows, channels, dtype, 1, 2)
    compare(norm.moments, [z, mean, var], {1, 2}, dtype)


@given(ROWS, CHANNELS, DTYPES)
def test_moments_far_from_zero(rows, channels, dtype):
    """The variance does not come from a difference of large numbers."""
    (z,), (mean, var) = draw(rows, channels, dtype, 1, 2)
    z += 1000
    norm.moments(z, mean, var)
    np.testing.assert_allclose(var, z.astype(np.float64).var(axis=0), rtol=1e-3, atol=1e-6)


@given(ROWS, CHANNELS, DTYPES)
def test_scale_relu(rows, channels, dtype):
    (z, y), (scale, shift) = draw(rows, channels, dtype, 2, 2)
    compare(norm.scale_relu, [z, scale, shift, y], {3}, dtype)


@given(ROWS, CHANNELS, DTYPES)
def test_norm_sums(rows, channels, dtype):
    (dy, y, z), (mean, total, product) = draw(rows, channels, dtype, 3, 3)
    compare(norm.norm_sums, [dy, y, z, mean, total, product], {4, 5}, dtype, scale=rows**0.5)


@given(ROWS, CHANNELS, DTYPES)
def test_norm_gradient(rows, channels, dtype):
    (dy, y, z, dz), (direct, slope, level) = draw(rows, channels, dtype, 4, 3)
    compare(norm.norm_gradient, [dy, y, z, direct, slope, level, dz], {6}, dtype)
