"""One checksum over arrays, for files whose format has none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..layer import Array

NAME = "sha256"  # what a file calls it


def sha256_of(arrays: Mapping[str, Array]) -> str:
    """SHA-256 over the names, types, shapes and numbers of arrays, in the order of their names."""
    digest = hashlib.sha256()
    for name, values in sorted(arrays.items()):
        stored = values.dtype.newbyteorder("<")
        digest.update(repr((name, stored.str, values.shape)).encode())
        digest.update(values.astype(stored).tobytes())
    return digest.hexdigest()
