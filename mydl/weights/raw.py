"""Numbers as they lie in a file, whatever its kind: bytes into arrays, errors into sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..layer import Array
from .npz import WeightsError

MAX_AXES = 32  # of the arrays of any framework that is still in use

# How NumPy stores what it has no type for.
STORED = {"bfloat16": "uint16", "bool": "uint8"}


class FormatError(ValueError):
    """Bytes are not what their format demands.

    The message is the second half of a sentence that begins with the file's name.
    """


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what can go wrong with a file into a WeightsError that names it."""
    try:
        yield
    except FormatError as error:
        raise WeightsError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such file") from None
    except OSError as error:
        raise WeightsError(f"{path}: the system says {error.strerror or error}") from None


def content(path: Path, limit: int) -> bytes:
    """The bytes of a file that has at most ``limit`` of them.

    Raises
    ------
    FormatError
        It is larger, or no file at all.
    OSError
        It cannot be read.
    """
    size = path.stat().st_size
    if not path.is_file():
        raise FormatError("this is not a file")
    if size > limit:
        raise FormatError(f"it has {size} bytes, but a file of this kind has at most {limit}")
    return path.read_bytes()


def stored_type(kind: str) -> np.dtype[Any]:
    """NumPy's type for a number in a file."""
    return np.dtype(STORED.get(kind, kind)).newbyteorder("<")


def item_size(kind: str) -> int:
    """Bytes of a number in a file."""
    return stored_type(kind).itemsize


def byte_count(kind: str, shape: Sequence[int]) -> int:
    """Bytes of an array in a file.

    Raises
    ------
    FormatError
        There is no array of such a shape.
    """
    if len(shape) > MAX_AXES or any(size < 0 for size in shape):
        raise FormatError(f"no array has {len(shape)} axes of sizes {list(shape)[:MAX_AXES]}")
    return math.prod(shape) * item_size(kind)


def array(raw: bytes | bytearray | memoryview, kind: str, shape: Sequence[int]) -> Array:
    """An array of its bytes, little-endian with the last axis contiguous.

    Parameters
    ----------
    raw
        The bytes, which are copied.
    kind
        A name of NumPy's such as "float32", or "bfloat16", which becomes float32.
    shape
        Of the array.

    Raises
    ------
    FormatError
        The shape needs more or fewer bytes.

    Examples
    --------
    >>> array(b"\\x80\\x3f\\x80\\xbf", "bfloat16", (2, 1))
    array([[ 1.],
           [-1.]], dtype=float32)
    """
    needed = byte_count(kind, shape)
    if len(raw) != needed:
        raise FormatError(
            f"shape {tuple(shape)} of {kind} needs {needed} bytes, but there are {len(raw)}"
        )
    stored = stored_type(kind)
    values: Array = np.frombuffer(raw, stored).astype(stored.newbyteorder("="))
    if kind == "bfloat16":  # the upper half of a float32
        values = (values.astype(np.uint32) << 16).view(np.float32)
    elif kind == "bool":
        values = values != 0
    try:
        return values.reshape(shape)
    except ValueError:  # an empty array whose other axes are beyond NumPy's numbers
        raise FormatError(f"no array has shape {tuple(shape)}") from None


def quoted(name: str) -> str:
    """A name out of a file, fit for a message whatever it holds."""
    return repr(name if len(name) <= 100 else name[:100] + "...")
