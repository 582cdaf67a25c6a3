"""One decorator that compiles a kernel and ties it to its plain-NumPy reference."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numba
import numpy as np

from ..layer import Array

F = TypeVar("F", bound=Callable[..., Any])

LANES = 16  # values in a vector of mydl.kernels.simd

# Of all kernels: what machine code kept on disk was made of.
_SOURCES = tuple(
    (path.name, path.stat().st_mtime, path.stat().st_size)
    for path in sorted(Path(__file__).parent.glob("*.py"))
)


class Kernel(Protocol):
    """A compiled kernel: call it, or look at its plain ``reference`` and its ``loops``.

    Other kernels call ``compiled``, with all arguments. ``address(*args)`` is that of the machine
    code for arguments of these types, which the kernel has been called with before.
    """

    reference: Callable[..., None]
    loops: Callable[..., None]
    compiled: Callable[..., None]
    address: Callable[..., int]

    def __call__(self, *args: Any) -> None: ...


def kernel(
    reference: Callable[..., None],
    *,
    fastmath: bool = False,
    vectors: str = "",
) -> Callable[[F], Kernel]:
    """Compile a function of loops; complex arrays go to ``reference`` instead.

    ``nogil=True`` lets the threads of :mod:`mydl.parallel` run kernels side by side. ``cache=True``
    keeps the machine code on disk, so that only the first run on a machine compiles. The kernels
    themselves are serial: threads inside a kernel would fight with those around it.

    Parameters
    ----------
    reference
        The same computation in plain NumPy, with the same arguments.
    fastmath
        Let the compiler reorder additions; for sums whose order does not matter.
    vectors
        Names of the arrays that the loops load from and store to with :mod:`mydl.kernels.simd`, in
        one string. The loops then have one more argument at the end, ``tail``. The last axis of
        these arrays must be contiguous; it may be a slice of a wider one.
    """

    def decorate(loops: F) -> Kernel:
        compiled = _compile(loops, fastmath=fastmath)
        if vectors:
            call, code_for = _vector_call(loops, _compile(loops), vectors.split())
        else:
            call, code_for = _plain_call(compiled)

        def address(*args: Any) -> int:
            code = code_for(args)
            return int(code.library.get_pointer_to_function(code.fndesc.llvm_func_name))

        @functools.wraps(loops)
        def run(*args: Any) -> None:
            is_complex = any(isinstance(a, np.ndarray) and a.dtype.kind == "c" for a in args[:2])
            (reference if is_complex else call)(*args)

        run_kernel = cast("Kernel", run)
        run_kernel.reference, run_kernel.loops, run_kernel.compiled = reference, loops, compiled
        run_kernel.address = address
        return run_kernel

    return decorate


def inlined(function: F) -> F:
    """Copy the body of a function into the kernels that call it; faster to compile than a call."""
    return cast("F", numba.njit(inline="always")(function))


def called(*, allocates: bool = True) -> Callable[[F], F]:
    """Compile a function that kernels call and Python does not.

    Parameters
    ----------
    allocates
        Whether it creates arrays. If not, Numba is told not to count the references to those it is
        given, which takes longer than the arithmetic of a small tile.
    """

    def decorate(function: F) -> F:
        return cast("F", _compile(function, _nrt=allocates))

    return decorate


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    """Numba's compiler, with machine code kept on disk until any file of this folder changes.

    Numba looks at the function's own file alone, but what it keeps holds the code of every
    function called. Kept code would then outlive what an upgrade has mended.
    """
    compiled = numba.njit(nogil=True, cache=True, **options)(function)
    kept = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if kept is not None:
        kept._source_stamp = _SOURCES
    return compiled


def _plain_call(compiled: Any) -> tuple[Callable[..., None], Callable[[tuple[Any, ...]], Any]]:
    """Numba's own way to call, and what it has compiled for some arguments."""
    return compiled, lambda args: compiled.overloads[tuple(map(numba.typeof, args))]


def _vector_call(
    loops: Callable[..., Any], compiled: Any, vectors: list[str]
) -> tuple[Callable[..., None], Callable[[tuple[Any, ...]], Any]]:
    """A function that checks what a vector kernel takes for granted, and runs it.

    The second function gives what has been compiled for some arguments.

    Numba would compile the kernel again for each mixture of contiguous arrays and slices. It is
    compiled for slices only, which contiguous arrays may be passed as: vectors are loaded as if
    the last axis was contiguous either way.
    """
    names = list(inspect.signature(loops).parameters)
    places = [names.index(name) for name in vectors]
    compiling = threading.Lock()
    ready = False  # Numba itself would take longer to say than some kernels run

    def kinds_of(args: tuple[Any, ...]) -> tuple[Any, ...]:
        kinds = (numba.typeof(a) for a in args)
        return tuple(k.copy(layout="A") if isinstance(k, numba.types.Array) else k for k in kinds)

    def compile_for(args: tuple[Any, ...]) -> None:
        nonlocal ready
        with compiling:
            compiled.disable_compile(False)
            compiled.compile(kinds_of(args))
            compiled.disable_compile()
            ready = True

    def checked(args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments with the tail, as the loops take them."""
        tail = None
        for place in places:
            array = args[place]
            if array is None:
                continue
            length = array.shape[-1]
            if length % LANES:
                tail = 0
            if array.strides[-1] != array.itemsize and length > 1 and array.size:
                raise ValueError(
                    f"{loops.__name__}: the last axis of {names[place]} must be contiguous, got "
                    f"shape {array.shape} with strides {array.strides}: use "
                    f"np.ascontiguousarray({names[place]})"
                )
        writable = (
            np.asarray(_Writable(a)) if isinstance(a, np.ndarray) and not a.flags.writeable else a
            for a in args
        )
        return (*writable, tail)

    def call(*args: Any) -> None:
        args = checked(args)
        if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
            loops(*args)
            return
        if not ready:
            compile_for(args)
        try:
            compiled(*args)
        except (TypeError, RuntimeError):  # not compiled yet, or by another thread at the moment
            compile_for(args)
            compiled(*args)

    return call, lambda args: compiled.overloads[kinds_of(checked(args))]


class _Writable:
    """The memory of an array that says it may only be read; kernels do not write to their inputs.

    Numba would compile a kernel once more for such an array, and after that could not choose: an
    array that may be written to fits both.
    """

    def __init__(self, array: Array) -> None:
        self.array = array  # keeps the memory alive
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}
