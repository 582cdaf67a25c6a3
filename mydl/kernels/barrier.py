"""A barrier for threads that meet every few hundred microseconds, as layers of a network do.

What the system offers puts a waiting thread to sleep, and waking it takes as long as a small layer.
Here the threads count their arrivals in one number in memory, and watch it. Adding to it and
reading it have to be *atomic*: seen by all threads in one order, with all that was written to
memory before. That is one instruction each, which Numba can be taught.
"""

from __future__ import annotations

import threading
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, type_callable

from ..layer import Array
from .compile import called

_lock = threading.Lock()


def add_one(count: Array) -> int:
    """Add 1 to ``count[0]`` and return what it was, as one step that nothing comes between."""
    with _lock:
        before = int(count[0])
        count[0] = before + 1
        return before


def read(count: Array) -> int:
    """What ``count[0]`` is now, with all that was written before it was made so."""
    return int(count[0])


def _address(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, values[0])
    return cgutils.gep(builder, array.data, 0)


def _lower_add_one(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    address = _address(context, builder, signature, values)
    return builder.atomic_rmw("add", address, ir.IntType(64)(1), "seq_cst")


def _lower_read(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    address = _address(context, builder, signature, values)
    return builder.load_atomic(address, ordering="seq_cst", align=8)


def _type(context: Any) -> Any:
    return lambda count: types.int64 if isinstance(count, types.Array) else None


for _function, _lower in ((add_one, _lower_add_one), (read, _lower_read)):
    type_callable(_function)(_type)
    lower_builtin(_function, types.Array)(_lower)


@called(allocates=False)
def arrive(count: Array, size: int) -> int:
    """Say that this thread has arrived; what ``count[0]`` is when all ``size`` threads have."""
    return (add_one(count) // size + 1) * size


@called(allocates=False)
def watch(count: Array, target: int, times: int) -> bool:
    """Whether ``count[0]`` reaches ``target`` while it is looked at ``times`` times."""
    for _ in range(times):  # noqa: SIM110  Numba has no generators inside any()
        if read(count) >= target:
            return True
    return False
