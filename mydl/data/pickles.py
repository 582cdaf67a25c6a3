"""Read dictionaries of arrays that come as pickles, such as CIFAR-10, without unpickling.

A pickle is a program for a machine with a stack, and that program may call any function there is.
Here the few instructions that a dictionary of lists, strings, numbers and arrays needs are
followed by hand, and nothing is ever called: what the program wants to build is only noted down
and then read. Memory stays in proportion to the file.
"""

from __future__ import annotations

import io
import math
import pickletools
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from ..layer import Array
from .dataset import DataError

# What NumPy's arrays are built with: its own name for the module has changed with version 2.
RECONSTRUCT = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
ADMITTED = (*RECONSTRUCT, "numpy ndarray", "numpy dtype")

CONSTANTS = {
    "NONE": None,
    "NEWTRUE": True,
    "NEWFALSE": False,
    "EMPTY_TUPLE": (),
}
VALUES = (
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("SHORT_BINSTRING", "BINSTRING", "SHORT_BINBYTES", "BINBYTES"),
    *("SHORT_BINUNICODE", "BINUNICODE"),
)
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


ORDERED = "collections OrderedDict"
STORED_OUTSIDE = "stored outside"  # the name of what BINPERSID takes from outside the pickle


class Name(str):
    """The name of a function or class, "module name"."""


@dataclass(eq=False)
class Noted:
    """The result that calling ``name`` would have, and the state that it would be given."""

    name: str
    arguments: Any
    state: Any = None


class Ordered(dict[Any, Any]):
    """An OrderedDict, which unlike a dictionary can be given a state."""

    state: Any = None


def read_pickle(raw: bytes) -> dict[str, Any]:
    """The dictionary in a pickle, as Python 2 or 3 writes it up to protocol 4.

    Parameters
    ----------
    raw
        The contents of the file.

    Returns
    -------
    dict[str, Any]
        Values by name: numbers, strings, lists of them, uint8 arrays.

    Raises
    ------
    DataError
        The pickle is damaged or holds anything else; the message is the second half of a sentence
        that begins with the file's name.

    Examples
    --------
    >>> import pickle
    >>> read_pickle(pickle.dumps({"labels": [3, 1]}, protocol=2))
    {'labels': [3, 1]}
    """
    content = follow(io.BytesIO(raw), ADMITTED, "which no data set needs")
    if not isinstance(content, dict):
        raise DataError(f"it holds no dictionary but a value of type {type(content).__name__}")
    if any(isinstance(key, int) for key in content):
        raise DataError("it holds a dictionary with numbers for names")
    return {
        key.decode("latin-1") if isinstance(key, bytes) else key: (
            _array(value) if isinstance(value, Noted) else value
        )
        for key, value in content.items()
    }


def follow(
    file: BinaryIO, admitted: Collection[str], refusal: str, outside: list[Noted] | None = None
) -> Any:
    """What the next pickle in a file builds, of values, dictionaries and :class:`Noted` calls.

    Parameters
    ----------
    file
        Is read up to the end of the pickle.
    admitted
        Functions and classes that may be named, each as "module name".
    refusal
        What to say of others, such as "which no data set needs".
    outside
        Gets what it refers to outside of the pickle, as Noted of the name ``STORED_OUTSIDE``; None
        refuses that.

    Raises
    ------
    DataError
        As for :func:`read_pickle`.
    """
    try:
        with warnings.catch_warnings():
            # pickletools decodes even instructions that are then refused.
            warnings.simplefilter("ignore", DeprecationWarning)
            return _follow(file, admitted, refusal, outside)
    except DataError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError):
        # The instructions do not fit each other or the file ends too early.
        raise DataError("it is damaged or no pickle; unpack or download it again") from None


def _follow(
    file: BinaryIO, admitted: Collection[str], refusal: str, outside: list[Noted] | None
) -> Any:
    """Follow the instructions; an error of any kind means that they make no sense."""
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}

    def since_mark() -> list[Any]:
        start = marks.pop()
        items = stack[start:]
        del stack[start:]
        return items

    argument: Any
    for opcode, argument, _ in pickletools.genops(file):
        name = opcode.name
        if name in VALUES:
            stack.append(argument)
        elif name in CONSTANTS:
            stack.append(CONSTANTS[name])
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name == "EMPTY_LIST":
            stack.append([])
        elif name == "MARK":
            marks.append(len(stack))
        elif name in TUPLES:
            items = [stack.pop() for _ in range(TUPLES[name])]
            stack.append(tuple(reversed(items)))
        elif name == "TUPLE":
            stack.append(tuple(since_mark()))
        elif name in ("APPEND", "APPENDS"):
            items = [stack.pop()] if name == "APPEND" else since_mark()
            stack[-1].extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = [stack.pop(), stack.pop()][::-1] if name == "SETITEM" else since_mark()
            keys, values = items[::2], items[1::2]
            if not all(isinstance(key, str | bytes | int) for key in keys):
                raise ValueError
            stack[-1].update(zip(keys, values, strict=True))
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            if name == "STACK_GLOBAL":
                function, module = stack.pop(), stack.pop()
                argument = " ".join((module, function))
            if argument not in admitted:
                wanted = argument.replace(" ", ".")[:100]
                raise DataError(f"it asks for {wanted!r}, {refusal}: do not trust it")
            stack.append(Name(argument))
        elif name == "REDUCE":
            arguments, function = stack.pop(), stack.pop()
            if not isinstance(function, Name):
                raise ValueError
            # Python 2 gives the pairs of an OrderedDict as an argument, Python 3 fills it later.
            ordered = function == ORDERED
            stack.append(_ordered(*arguments) if ordered else Noted(function, arguments))
        elif name == "BINPERSID" and outside is not None:
            outside.append(Noted(STORED_OUTSIDE, stack.pop()))
            stack.append(outside[-1])
        elif name == "BUILD":
            state = stack.pop()
            stack[-1].state = state
        elif name == "STOP":
            (content,) = stack
            return content
        elif name not in ("PROTO", "FRAME"):
            raise DataError(f"it uses pickle's instruction {name}, {refusal}")
    raise ValueError("no end")


def _ordered(pairs: list[list[Any]] | None = None) -> Ordered:
    pairs = pairs or []
    if not all(isinstance(key, str | bytes | int) for key, _ in pairs):
        raise ValueError
    return Ordered((key, value) for key, value in pairs)


def _array(noted: Noted) -> Array:
    """The array that was noted down, if it is one of whole numbers from 0 to 255."""
    if noted.name not in RECONSTRUCT:
        raise DataError(f"it holds {noted.name.replace(' ', '.')} instead of an array")
    try:
        _, shape, dtype, columns_first, content = noted.state
        kind = dtype.arguments[0]
    except (ValueError, LookupError, TypeError, AttributeError):
        raise DataError("it holds an array without values; unpack or download it again") from None
    if kind not in ("u1", b"u1"):
        named = repr(kind[:20]) if isinstance(kind, str | bytes) else "unknown"
        raise DataError(f"it holds an array of type {named} instead of bytes, 'u1'")
    content = content.encode("latin-1") if isinstance(content, str) else content
    if not isinstance(content, bytes) or not _is_shape(shape) or math.prod(shape) != len(content):
        raise DataError("it holds an array that lacks values; unpack or download it again")
    values: Array = np.frombuffer(content, np.uint8)
    return values.reshape(shape, order="F" if columns_first else "C")


def _is_shape(shape: Any) -> bool:
    return (
        isinstance(shape, tuple)
        and len(shape) <= 4
        and all(isinstance(size, int) and size >= 0 for size in shape)
    )
