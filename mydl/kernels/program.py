"""Many kernel calls as one: what a network does in evaluation mode, as a table of numbers.

A kernel of fifty microseconds is called from Python in ten. With one thread that is a loss of some
percent; with two that share an image it is worse, for both want Python's interpreter at the same
moment after every layer, and to wait for it takes longer than the layer. So the calls are written
down once, a row for each::

    code of the kernel, address of its machine code, tail, 13 whole numbers of geometry,
    then up to four arrays of 9 numbers each: address, four lengths, four strides in bytes

and :func:`run_program` walks through the rows in compiled code, which holds no interpreter. Threads
that share an image have a program each, with rows at which they meet.

The arrays must stay where they are for as long as the program is used. They are float32, and the
last axis of those that are handled as vectors is a multiple of 16 long, except where a kernel may
have a tail.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import cgutils, types
from numba.extending import lower_builtin, type_callable
from numba.np.arrayobj import make_array, populate_array

from ..layer import Array
from .barrier import arrive, watch
from .compile import LANES, Kernel, called
from .first_layers import conv_pool
from .pointwise import multiply
from .pooling import average, maxpool
from .winograd_convolution import winograd_forward

MEET, MULTIPLY, WINOGRAD, MAXPOOL, CONV_POOL, AVERAGE = range(6)

_CODES: dict[Kernel, int] = {
    multiply: MULTIPLY,
    winograd_forward: WINOGRAD,
    maxpool: MAXPOOL,
    conv_pool: CONV_POOL,
    average: AVERAGE,
}
_MAY_HAVE_TAIL = (MULTIPLY, AVERAGE)

_GEOMETRY, _ARRAYS = 3, 16  # where the numbers of geometry begin, and those of the arrays
WIDTH = _ARRAYS + 4 * 9


def row(kernel: Kernel, args: tuple[Any, ...]) -> Array | None:
    """The row that stands for a call which has just been made; None if there is none."""
    code = _CODES.get(kernel)
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    if code is None or any(a.dtype != np.float32 for a in arrays):
        return None
    tail = any(a.shape[-1] % LANES for a in arrays[1:])
    if tail and code not in _MAY_HAVE_TAIL:
        return None
    geometry = [int(number) for a in args if not isinstance(a, np.ndarray) for number in _flat(a)]
    numbers = np.zeros(WIDTH, np.int64)
    numbers[:_GEOMETRY] = code, kernel.address(*args), tail
    numbers[_GEOMETRY : _GEOMETRY + len(geometry)] = geometry
    for i, array in enumerate(arrays):
        axes = 4 - array.ndim
        place = array.__array_interface__["data"][0]
        numbers[_ARRAYS + 9 * i : _ARRAYS + 9 * (i + 1)] = (
            place, *array.shape, *[1] * axes, *array.strides, *[0] * axes
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


# ---- what compiled code has to be taught ---------------------------------------------------------


def _floats(address: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """The array of float32 numbers at an address."""
    raise NotImplementedError("programs run compiled only")


def _call(address: int, args: tuple[Any, ...]) -> None:
    """Call the kernel whose machine code is at an address."""
    raise NotImplementedError("programs run compiled only")


def _lower_array(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    array = make_array(signature.return_type)(context, builder)
    kind = context.get_data_type(signature.return_type.dtype)
    populate_array(
        array,
        data=builder.inttoptr(values[0], kind.as_pointer()),
        shape=values[1],
        strides=values[2],
        itemsize=context.get_abi_sizeof(kind),
        meminfo=None,
    )
    return array._getvalue()


def _type_array(context: Any) -> Any:
    return lambda address, shape, strides: types.Array(types.float32, len(shape), "A")


def _lower_call(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    """Numba's own way to call a compiled function, except that the function is a number."""
    kinds = [types.unliteral(kind) for kind in signature.args[1].types]
    args = [
        context.cast(builder, builder.extract_value(values[1], i), kind, wanted)
        for i, (kind, wanted) in enumerate(zip(signature.args[1].types, kinds, strict=True))
    ]
    function_type = context.call_conv.get_function_type(types.none, kinds)
    function = builder.inttoptr(values[0], function_type.as_pointer())
    status, _ = context.call_conv.call_function(builder, function, types.none, kinds, args)
    with cgutils.if_unlikely(builder, status.is_error):
        context.call_conv.return_status_propagate(builder, status)
    return context.get_dummy_value()


type_callable(_floats)(_type_array)
type_callable(_call)(lambda context: lambda address, args: types.none)
lower_builtin(_floats, types.Integer, types.BaseTuple, types.BaseTuple)(_lower_array)
lower_builtin(_call, types.Integer, types.BaseTuple)(_lower_call)


@called()
def _array4(step: Array, i: int) -> Array:
    """Array number ``i`` of a row, with four axes."""
    a = step[_ARRAYS + 9 * i : _ARRAYS + 9 * (i + 1)]
    return _floats(a[0], (a[1], a[2], a[3], a[4]), (a[5], a[6], a[7], a[8]))


@called()
def _array2(step: Array, i: int) -> Array:
    """Array number ``i`` with two axes."""
    a = step[_ARRAYS + 9 * i : _ARRAYS + 9 * (i + 1)]
    return _floats(a[0], (a[1], a[2]), (a[5], a[6]))


@called()
def _array1(step: Array, i: int) -> Array:
    """Array number ``i`` with one axis."""
    a = step[_ARRAYS + 9 * i : _ARRAYS + 9 * (i + 1)]
    return _floats(a[0], (a[1],), (a[5],))


# ---- running -------------------------------------------------------------------------------------


@called()
def run_program(
    program: Array, first: int, count: Array, size: int, target: int, times: int
) -> tuple[int, int]:
    """Run a program from a row on, to its end or until the others are late.

    Parameters
    ----------
    program
        Rows, (n, WIDTH).
    first
        The row to begin with.
    count
        Where the threads count their arrivals.
    size
        How many threads meet.
    target
        What ``count[0]`` will be when all are where this thread has been waiting; 0 if it has not.
    times
        How often to look before giving up for now.

    Returns
    -------
    tuple[int, int]
        The row to go on with, which is ``len(program)`` at the end, and ``target`` for it.
    """
    for i in range(first, len(program)):
        if program[i, 0] == MEET:
            if target == 0:
                target = arrive(count, size)
            if not watch(count, target, times):
                return i, target
            target = 0
        else:
            _call_kernel(program[i])
    return len(program), 0


@called()
def _call_kernel(step: Array) -> None:
    """Make the call that a row stands for."""
    code, address, tail, g = step[0], step[1], step[2], step[_GEOMETRY:_ARRAYS]
    if code == MULTIPLY:
        a, b, bias, out = _array2(step, 0), _array2(step, 1), _array1(step, 2), _array2(step, 3)
        if tail:
            _call(address, (a, b, bias, out, g[0] > 0, g[1] > 0, 0))
        else:
            _call(address, (a, b, bias, out, g[0] > 0, g[1] > 0, None))
    elif code == WINOGRAD:
        x, weight, bias, y = _array4(step, 0), _array4(step, 1), _array1(step, 2), _array4(step, 3)
        _call(address, (x, weight, bias, y, (g[0], g[1]), g[2] > 0, None))
    elif code == MAXPOOL:
        slide = (g[0], g[1]), (g[2], g[3]), (g[4], g[5])
        _call(address, (_array4(step, 0), _array4(step, 1), None, *slide, None))
    elif code == CONV_POOL:
        x, weight, bias, y = _array4(step, 0), _array4(step, 1), _array1(step, 2), _array4(step, 3)
        _call(address, (x, weight, bias, y, None, _slide(g, 0), _slide(g, 6), None))
    elif code == AVERAGE:
        if tail:
            _call(address, (_array4(step, 0), _array2(step, 1), 0))
        else:
            _call(address, (_array4(step, 0), _array2(step, 1), None))


@called()
def _slide(g: Array, i: int) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """How a window slides: three pairs of numbers."""
    return (g[i], g[i + 1]), (g[i + 2], g[i + 3]), (g[i + 4], g[i + 5])
