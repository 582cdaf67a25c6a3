"""The machine's limit: a large product of float32 matrices, by the BLAS that NumPy comes with."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from .cases import Case, Step

SIZE = 2048  # rows and columns: large enough for full speed, small enough for a tenth of a second
FLOPS = 2 * SIZE**3


def step(case: Case, threads: int) -> Step:
    """A product of two matrices of 2048x2048 numbers, whatever the case."""
    threadpool_limits(threads, user_api="blas")
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(SIZE, SIZE)).astype(np.float32) for _ in range(2))
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out)
