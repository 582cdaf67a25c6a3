"""Sixteen numbers at once: a vector type for Numba kernels.

A CPU core has registers that hold 4 (NEON), 8 (AVX2) or 16 (AVX-512) float32 values, and
instructions that work on all of them. Numba leaves it to LLVM to find loops that can use them. In
the loops of a network, short ones over channels with conditions around them, it often finds none,
and then a harmless change of the source makes a kernel eight times slower. Kernels written with
this type say what they want instead::

    for c in range(0, channels, LANES):
        v = load(x, (n, row, col, c), tail)
        store(y, (n, row, col, c), where(v > 0, v, 0), tail)

A :class:`Vector` has 16 values; where the CPU's registers are shorter, LLVM splits each operation.
Vectors add, subtract, multiply and compare with each other and with numbers, and a product with
the sum around it becomes one fused instruction. They live inside compiled functions only, in local
variables, tuples, arguments and results.

Each operation is first a function on NumPy arrays, which says what it does and is what runs under
``NUMBA_DISABLE_JIT=1``; below, it is given the LLVM instructions that stand for it.

``tail`` is what :func:`mydl.kernels.compile.kernel` passes to a kernel as its last argument: None
when the last axis of every array is a multiple of 16 long. Otherwise loads and stores have to mind
the end of that axis, which is compiled only where it is needed: a vector that reaches past the end
is handled with a mask, and every other as if there was no end. Masks are slow on some CPUs; those
of ARM with NEON have none, and take such a vector value by value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models, register_default  # type: ignore[attr-defined]
from numba.extending import lower_builtin, type_callable

from ..layer import Array
from .compile import LANES

Index = int | tuple[int, ...]


def load(array: Array, index: Index, tail: int | None = None) -> Array:
    """The values of ``array`` from ``index`` on along the last axis; zeros past its end."""
    values = np.zeros(LANES, array.dtype)
    part = _row(array, index)
    values[: len(part)] = part
    return values


def store(array: Array, index: Index, values: Array, tail: int | None = None) -> None:
    """Write a vector to ``array`` from ``index`` on, as far as the last axis goes."""
    part = _row(array, index)
    part[...] = values[: len(part)]


def _row(array: Array, index: Index) -> Array:
    *rows, first = index if isinstance(index, tuple) else (index,)
    row: Array = array[tuple(rows)]
    return row[first : first + LANES]


def splat(array: Array, value: float) -> Array:
    """A vector of the dtype of ``array`` with the same number in every lane."""
    return np.full(LANES, value, array.dtype)


def spread(array: Array, index: tuple[int, ...]) -> Array:
    """One value of ``array`` in every lane; here the last axis need not be contiguous."""
    return np.full(LANES, array[index], array.dtype)


def where(mask: Array, yes: Array | float, no: Array | float) -> Array:
    """``yes`` in the lanes where ``mask`` is true, else ``no``; one of them may be a number."""
    return np.where(mask, yes, no)


def maximum(values: Array, least: Array | float) -> Array:
    """The larger value in each lane; where ``values`` is NaN, it stays NaN."""
    return np.where(least > values, least, values)


class Vector(types.Type):
    """The Numba type of 16 values of ``dtype``: one LLVM vector."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype})")


@register_default(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        # What a comparison makes is one bit a lane, not the byte of a boolean in an array.
        bit = ir.IntType(1)
        kind = bit if vector.dtype == types.boolean else manager[vector.dtype].get_data_type()
        super().__init__(manager, vector, ir.VectorType(kind, LANES))


def _fill(context: Any, builder: Any, value: Any, kind: Any, vector: Vector) -> Any:
    """``value``, of Numba type ``kind``, in every lane of a vector; a vector stays as it is."""
    if isinstance(kind, Vector):
        return value
    value = context.cast(builder, value, kind, vector.dtype)
    undefined = ir.Constant(context.get_value_type(vector), ir.Undefined)
    one = builder.insert_element(undefined, value, ir.IntType(32)(0))
    first = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, undefined, first)


# ---- arithmetic and comparisons ------------------------------------------------------------------


def _define(operation: Any, emit: Callable[[Any, Any, Any], Any], compares: bool = False) -> None:
    """Teach Numba an operator between two vectors, or a vector and a number."""

    def typer(a: Any, b: Any) -> Any:
        vectors = [kind for kind in (a, b) if isinstance(kind, Vector)]
        if not vectors or not all(isinstance(kind, Vector | types.Number) for kind in (a, b)):
            return None
        return Vector(types.boolean) if compares else vectors[0]

    def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = next(kind for kind in signature.args if isinstance(kind, Vector))
        pairs = zip(values, signature.args, strict=True)
        return emit(builder, *(_fill(context, builder, v, kind, vector) for v, kind in pairs))

    type_callable(operation)(lambda context: typer)
    for kinds in ((Vector, Vector), (Vector, types.Number), (types.Number, Vector)):
        lower_builtin(operation, *kinds)(lower)


def _equal(builder: Any, a: Any, b: Any) -> Any:
    is_integer = isinstance(a.type.element, ir.IntType)
    return builder.icmp_unsigned("==", a, b) if is_integer else builder.fcmp_ordered("==", a, b)


# "contract" lets a * b + c become one fused multiply-add, and allows nothing else.
_FUSE = ("contract",)
_define(operator.add, lambda builder, a, b: builder.fadd(a, b, flags=_FUSE))
_define(operator.sub, lambda builder, a, b: builder.fsub(a, b, flags=_FUSE))
_define(operator.mul, lambda builder, a, b: builder.fmul(a, b, flags=_FUSE))
_define(operator.gt, lambda builder, a, b: builder.fcmp_ordered(">", a, b), compares=True)
_define(operator.eq, _equal, compares=True)
_define(operator.ne, lambda builder, a, b: builder.fcmp_unordered("!=", a, b), compares=True)
_define(operator.or_, lambda builder, a, b: builder.or_(a, b))
_define(maximum, lambda builder, a, b: builder.select(builder.fcmp_ordered(">", b, a), b, a))


# ---- load, store, splat, spread, where -----------------------------------------------------------


def _type_load(array: Any, index: Any, tail: Any = types.none) -> Any:
    return Vector(array.dtype)


def _type_splat(array: Any, value: Any) -> Any:
    return Vector(array.dtype)


def _type_store(array: Any, index: Any, values: Any, tail: Any = types.none) -> Any:
    return types.none


def _type_where(mask: Any, yes: Any, no: Any) -> Any:
    return yes if isinstance(yes, Vector) else no


def _element(
    context: Any, builder: Any, signature: Any, values: Any, contiguous: bool = True
) -> tuple[Any, Any]:
    """A pointer to the element at an index, and how many there are from it to the last axis' end.

    The last axis is taken to be contiguous, whatever the array's Numba type says: ``kernel`` has
    checked it. So a slice of a wider array needs no machine code of its own.
    """
    array_type, index_type = signature.args[:2]
    array = context.make_array(array_type)(context, builder, values[0])
    index, kinds = [values[1]], [index_type]
    if not isinstance(index_type, types.Integer):
        kinds = list(index_type)
        index = cgutils.unpack_tuple(builder, values[1], len(kinds))
    index = [context.cast(builder, i, k, types.intp) for i, k in zip(index, kinds, strict=True)]
    strides = cgutils.unpack_tuple(builder, array.strides, array_type.ndim)
    element = context.get_data_type(array_type.dtype)
    if contiguous:
        strides[-1] = context.get_constant(types.intp, context.get_abi_sizeof(element))
    pointer = builder.bitcast(array.data, ir.IntType(8).as_pointer())
    for i, stride in zip(index, strides, strict=True):
        pointer = builder.gep(pointer, [builder.mul(i, stride)])
    length = builder.extract_value(array.shape, array_type.ndim - 1)
    return builder.bitcast(pointer, element.as_pointer()), builder.sub(length, index[-1])


def _is_whole(builder: Any, left: Any) -> Any:
    """Whether a vector lies before the last axis' end when there are ``left`` elements to it.

    A loop's branch on this is always the same, so LLVM makes two loops of it, one without masks.
    """
    return builder.icmp_signed(">=", left, left.type(LANES))


def _inside(context: Any, builder: Any, left: Any) -> Any:
    """The lanes that lie before the last axis' end when there are ``left`` elements to it."""
    counts = Vector(types.intp)
    numbers = ir.Constant(context.get_value_type(counts), list(range(LANES)))
    return builder.icmp_signed("<", numbers, _fill(context, builder, left, types.intp, counts))


def _call_masked(builder: Any, name: str, vector: Any, result: Any, *values: Any) -> Any:
    """Call LLVM's masked load or store, such as llvm.masked.load.v16f32.p0."""
    element = str(vector.element).replace("float", "f32").replace("double", "f64")
    name = f"llvm.masked.{name}.v{LANES}{element}.p0"
    signature = ir.FunctionType(result, [value.type for value in values])
    return builder.call(cgutils.get_or_insert_function(builder.module, signature, name), values)


def _lower_load(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    vector = signature.return_type
    kind, size = context.get_value_type(vector), vector.dtype.bitwidth // 8
    element, left = _element(context, builder, signature, values)
    address = builder.bitcast(element, kind.as_pointer())
    if len(values) < 3 or signature.args[2] == types.none:
        return builder.load(address, align=size)
    with builder.if_else(_is_whole(builder, left)) as (whole, part):
        with whole:
            all_values, after_all = builder.load(address, align=size), builder.block
        with part:
            inside, zeros = _inside(context, builder, left), ir.Constant(kind, None)
            given = address, ir.IntType(32)(size), inside, zeros
            some_values = _call_masked(builder, "load", kind, kind, *given)
            after_some = builder.block
    result = builder.phi(kind)
    result.add_incoming(all_values, after_all)
    result.add_incoming(some_values, after_some)
    return result


def _lower_store(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    vector = signature.args[2]
    kind, size = context.get_value_type(vector), vector.dtype.bitwidth // 8
    element, left = _element(context, builder, signature, values)
    address = builder.bitcast(element, kind.as_pointer())
    if len(values) < 4 or signature.args[3] == types.none:
        builder.store(values[2], address, align=size)
        return context.get_dummy_value()
    with builder.if_else(_is_whole(builder, left)) as (whole, part):
        with whole:
            builder.store(values[2], address, align=size)
        with part:
            given = values[2], address, ir.IntType(32)(size), _inside(context, builder, left)
            _call_masked(builder, "store", kind, ir.VoidType(), *given)
    return context.get_dummy_value()


def _lower_spread(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    element, _ = _element(context, builder, signature, values, contiguous=False)
    vector = signature.return_type
    return _fill(context, builder, builder.load(element), vector.dtype, vector)


def _lower_splat(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    return _fill(context, builder, values[1], signature.args[1], signature.return_type)


def _lower_where(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    vector = signature.return_type
    pairs = zip(values[1:], signature.args[1:], strict=True)
    yes, no = (_fill(context, builder, value, kind, vector) for value, kind in pairs)
    return builder.select(values[0], yes, no)


type_callable(load)(lambda context: _type_load)
type_callable(store)(lambda context: _type_store)
type_callable(splat)(lambda context: _type_splat)
type_callable(spread)(lambda context: _type_splat)
type_callable(where)(lambda context: _type_where)
lower_builtin(load, types.VarArg(types.Any))(_lower_load)
lower_builtin(store, types.VarArg(types.Any))(_lower_store)
lower_builtin(splat, types.VarArg(types.Any))(_lower_splat)
lower_builtin(spread, types.VarArg(types.Any))(_lower_spread)
lower_builtin(where, types.VarArg(types.Any))(_lower_where)
