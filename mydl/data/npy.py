"""Arrays in .npy format, read without running anything in them."""

from __future__ import annotations

import io
import math

import numpy as np

from ..layer import Array


def read_npy(raw: bytes) -> Array:
    """The array in the contents of an .npy file, as a view of them.

    Raises
    ------
    Exception
        Of many kinds, if the bytes are damaged, too few or of objects.
    """
    content = io.BytesIO(raw)
    version = np.lib.format.read_magic(content)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, columns_first, dtype = read_header(content)
    length = len(raw) - content.tell()
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != length:
        raise ValueError(f"{length} bytes are no array of shape {shape} and type {dtype}")
    values: Array = np.frombuffer(raw, dtype, offset=content.tell())
    return values.reshape(shape, order="F" if columns_first else "C")
