"""Read and write .safetensors files, which hold tensors by name and nothing that could be run.

The format has no checksum. What is written here carries one in its metadata, which is verified when
it is read; other programs pass over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..layer import Array
from .checksum import NAME, sha256_of
from .raw import FormatError, array, quoted, reading
from .writing import whole_file

KINDS = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}


def read(path: Path) -> dict[str, Array]:
    """The tensors by name. bfloat16, which NumPy does not have, becomes float32.

    Raises
    ------
    WeightsError
        The file is missing or damaged, or a tensor's type has no place in NumPy.
    """
    tensors, _ = read_and_verify(path)
    return tensors


def read_and_verify(path: Path) -> tuple[dict[str, Array], bool]:
    """The tensors, and whether the file had a checksum, which then was right; see :func:`read`."""
    import safetensors

    with reading(path):
        content = path.read_bytes()
        try:
            with safetensors.safe_open(path, framework="np") as file:
                wanted = (file.metadata() or {}).get(NAME)
            found = safetensors.deserialize(content)  # type: ignore[no-untyped-call]
        except safetensors.SafetensorError as error:
            said = str(error) if str(error).isprintable() else repr(str(error))
            raise FormatError(f"a damaged .safetensors file ({said})") from None
        tensors = {}
        for name, tensor in found:
            if tensor["dtype"] not in KINDS:
                raise FormatError(f"{quoted(name)}: there is no type {tensor['dtype']} in NumPy")
            tensors[name] = array(tensor["data"], KINDS[tensor["dtype"]], tensor["shape"])
        if wanted is not None and wanted != sha256_of(tensors):
            raise FormatError("its tensors do not have the checksum that was written with them")
        return tensors, wanted is not None


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays with a checksum over their names, types, shapes and numbers.

    The same arrays give the same bytes.

    Parameters
    ----------
    path
        Of the file to write.
    arrays
        float32 or float64, by name.

    Raises
    ------
    OSError
        The place cannot be written; an earlier file there is intact.
    """
    from safetensors.numpy import save

    # The library writes the numbers as they lie in memory: they must lie in order.
    contiguous = {name: np.asarray(values, order="C") for name, values in arrays.items()}
    content = save(contiguous, {NAME: sha256_of(contiguous)})
    with whole_file(path) as file:
        file.write(content)
