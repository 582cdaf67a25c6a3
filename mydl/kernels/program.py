"""Many kernel calls as one: what a network does in evaluation mode, as a table of numbers.

A kernel of fifty microseconds is called from Python in ten. With one thread that is a loss of some
percent; with two that share an image it is worse, for both want Python's interpreter at the same
moment after every layer, and to wait for it takes longer than the layer. So the calls are written
down once, a row for each::

    code, tail, then 20 whole numbers of geometry, then four arrays of 9 numbers each:
    address, shape (padded with ones to four axes), strides in bytes (padded with zeros)

and :func:`run_program` walks through the rows in compiled code, which holds no interpreter. Threads
that share an image have a program each, with rows at which they meet.

The arrays must stay where they are for as long as the program is used. All are float32, and the
last axis of those that are handled as vectors is a multiple of 16 long, but for a ``MULTIPLY`` or
an ``AVERAGE`` that has its tail set.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import lower_builtin, type_callable
from numpy.lib.stride_tricks import as_strided

from ..layer import Array
from .barrier import add_one, read
from .compile import LANES, Kernel, called
from .first_layers import conv_pool
from .pointwise import multiply
from .pooling import average, maxpool
from .winograd_convolution import winograd_forward

_carray = numba.carray  # type: ignore[attr-defined]

MEET, MULTIPLY, WINOGRAD, MAXPOOL, CONV_POOL, AVERAGE = range(6)

_GEOMETRY = 2  # where the numbers of geometry begin
_ARRAYS = 22  # where those of the arrays begin
WIDTH = _ARRAYS + 4 * 9

_multiply, _winograd = called()(multiply.loops), called()(winograd_forward.loops)
_conv_pool, _maxpool = called()(conv_pool.loops), called()(maxpool.loops)
_average = called()(average.loops)

_CODES: dict[Kernel, int] = {
    multiply: MULTIPLY,
    winograd_forward: WINOGRAD,
    maxpool: MAXPOOL,
    conv_pool: CONV_POOL,
    average: AVERAGE,
}


def row(kernel: Kernel, args: tuple[Any, ...]) -> Array | None:
    """The row of a program that stands for a call of a kernel; None if there is none."""
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    geometry = [int(number) for a in args if not isinstance(a, np.ndarray) for number in _flat(a)]
    tail = any(a.shape[-1] % LANES for a in arrays[1:])
    code = _CODES.get(kernel)
    if (
        code is None
        or any(a.dtype != np.float32 for a in arrays)
        or (tail and code not in (MULTIPLY, AVERAGE))
    ):
        return None
    numbers = np.zeros(WIDTH, np.int64)
    numbers[:2] = code, tail
    numbers[_GEOMETRY : _GEOMETRY + len(geometry)] = geometry
    for i, array in enumerate(arrays):
        axes = 4 - array.ndim
        address = array.__array_interface__["data"][0]
        numbers[_ARRAYS + 9 * i : _ARRAYS + 9 * (i + 1)] = (
            address, *array.shape, *[1] * axes, *array.strides, *[0] * axes
        )  # fmt: skip
    return numbers


def meeting() -> Array:
    """The row at which threads meet."""
    numbers = np.zeros(WIDTH, np.int64)
    numbers[0] = MEET
    return numbers


def _flat(value: Any) -> list[Any]:
    """The numbers of a nested tuple; none of None."""
    if isinstance(value, tuple):
        return [number for part in value for number in _flat(part)]
    return [] if value is None else [value]


def _pointer(address: int) -> Any:
    """The address of a float32, for ``numba.carray``."""
    raise NotImplementedError("programs run compiled only")


def _lower_pointer(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    return builder.inttoptr(values[0], ir.FloatType().as_pointer())


type_callable(_pointer)(lambda context: lambda address: types.CPointer(types.float32))
lower_builtin(_pointer, types.Integer)(_lower_pointer)


@called()
def _array4(numbers: Array, i: int) -> Array:
    """Array number ``i`` of a row, with four axes."""
    a = numbers[_ARRAYS + 9 * i : _ARRAYS + 9 * (i + 1)]
    return as_strided(
        _carray(_pointer(a[0]), (1,)), (a[1], a[2], a[3], a[4]), (a[5], a[6], a[7], a[8])
    )


@called()
def _array2(numbers: Array, i: int) -> Array:
    """The same with two axes."""
    a = numbers[_ARRAYS + 9 * i : _ARRAYS + 9 * (i + 1)]
    return as_strided(_carray(_pointer(a[0]), (1,)), (a[1], a[2]), (a[5], a[6]))


@called()
def _array1(numbers: Array, i: int) -> Array:
    """The same with one axis."""
    a = numbers[_ARRAYS + 9 * i : _ARRAYS + 9 * (i + 1)]
    return as_strided(_carray(_pointer(a[0]), (1,)), (a[1],), (a[5],))


@called()
def run_program(
    program: Array, first: int, count: Array, size: int, target: int, times: int
) -> tuple[int, int]:
    """Run a program from a row on, to its end or until the others are late.

    Args:
        program: rows, (n, WIDTH).
        first: the row to begin with.
        count: where the threads count their arrivals.
        size: how many threads meet.
        target: what ``count[0]`` will be when all are where this thread has been waiting; 0 if it
            has not.
        times: how often to look before giving up for now.

    Returns:
        The row to go on with, which is ``len(program)`` at the end, and ``target`` for it.
    """
    for i in range(first, len(program)):
        step = program[i]
        g = step[_GEOMETRY:_ARRAYS]
        code, tail = step[0], step[1]
        if code == MEET:
            if target == 0:
                target = (add_one(count) // size + 1) * size
            left = times
            while read(count) < target:
                left -= 1
                if left == 0:
                    return i, target
            target = 0
        elif code == MULTIPLY:
            a, b, bias, out = _array2(step, 0), _array2(step, 1), _array1(step, 2), _array2(step, 3)
            if tail:
                _multiply(a, b, bias, out, g[0] > 0, g[1] > 0, 0)
            else:
                _multiply(a, b, bias, out, g[0] > 0, g[1] > 0, None)
        elif code == WINOGRAD:
            x, weight, y = _array4(step, 0), _array4(step, 1), _array4(step, 3)
            bias = _array1(step, 2)
            _winograd(x, weight, bias, y, (g[0], g[1]), g[2] > 0, None)
        elif code == MAXPOOL:
            x, y = _array4(step, 0), _array4(step, 1)
            _maxpool(x, y, None, (g[0], g[1]), (g[2], g[3]), (g[4], g[5]), None)
        elif code == CONV_POOL:
            x, weight, y = _array4(step, 0), _array4(step, 1), _array4(step, 3)
            bias = _array1(step, 2)
            conv = ((g[0], g[1]), (g[2], g[3]), (g[4], g[5]))
            pool = ((g[6], g[7]), (g[8], g[9]), (g[10], g[11]))
            _conv_pool(x, weight, bias, y, None, conv, pool, None)
        elif code == AVERAGE:
            if tail:
                _average(_array4(step, 0), _array2(step, 1), 0)
            else:
                _average(_array4(step, 0), _array2(step, 1), None)
    return len(program), 0
