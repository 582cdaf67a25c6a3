"""One decorator that compiles a kernel and ties it to its plain-NumPy reference."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., None])


class Kernel(Protocol):
    """A compiled kernel: call it, or look at its ``reference``."""

    reference: Callable[..., None]
    compiled: Callable[..., None]

    def __call__(self, *args: Any) -> None: ...


def kernel(reference: Callable[..., None], *, fastmath: bool = False) -> Callable[[F], Kernel]:
    """Compile a function of loops; complex arrays go to ``reference`` instead.

    ``nogil=True`` lets the threads of :mod:`mydl.parallel` run kernels side by side. ``cache=True``
    keeps the machine code on disk, so that only the first run on a machine compiles. The kernels
    themselves are serial: threads inside a kernel would fight with those around it.

    Args:
        reference: the same computation in plain NumPy, with the same arguments.
        fastmath: allow the compiler to reorder additions; only for sums whose order does not matter.
    """

    def decorate(loops: F) -> Kernel:
        compiled = numba.njit(nogil=True, cache=True, fastmath=fastmath)(loops)

        @functools.wraps(loops)
        def run(*args: Any) -> None:
            is_complex = any(isinstance(a, np.ndarray) and a.dtype.kind == "c" for a in args[:2])
            (reference if is_complex else compiled)(*args)

        run_kernel = cast(Kernel, run)
        run_kernel.reference, run_kernel.compiled = reference, compiled
        return run_kernel

    return decorate
