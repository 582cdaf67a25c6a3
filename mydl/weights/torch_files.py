"""Read and write PyTorch's state dicts (.pth, .pt) without PyTorch.

Such a file is a pickle that builds a dictionary of tensors, and beside it the numbers, in pieces
called storages, which several tensors may share. Since PyTorch 1.6 both lie in a zip archive;
before that they followed each other in one file. The pickle is not run but followed, see
:mod:`mydl.data.pickles`.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..data.dataset import DataError
from ..data.pickles import ORDERED, Name, Noted, follow
from ..layer import Array
from .archive import open_archive
from .raw import FormatError, array, item_size, quoted, reading
from .writing import whole_file

# The types of numbers in a storage, and what NumPy calls them.
STORAGES = {
    "torch FloatStorage": "float32",
    "torch DoubleStorage": "float64",
    "torch HalfStorage": "float16",
    "torch BFloat16Storage": "bfloat16",
    "torch LongStorage": "int64",
    "torch IntStorage": "int32",
    "torch ShortStorage": "int16",
    "torch CharStorage": "int8",
    "torch ByteStorage": "uint8",
    "torch BoolStorage": "bool",
}
# A tensor from (storage, offset, sizes, strides, ...), a parameter from (tensor, ...).
TENSORS = ("torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor")
PARAMETERS = ("torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state")
ADMITTED = (ORDERED, *TENSORS, *PARAMETERS, *STORAGES)
REFUSAL = "which no state dict needs (save model.state_dict(), not the model)"

# Under which names training programs put a state dict beside other things.
NESTED = ("state_dict", "model_state_dict", "model")

LEGACY_MAGIC, LEGACY_PROTOCOL = 0x1950A86A20F9469CFC6C, 1001

Storage = Callable[[str, str, int], Array]  # from its key, type and count of numbers


def read(path: Path) -> dict[str, Array]:
    """The tensors of a state dict by name, as views of their storages.

    bfloat16, which NumPy does not have, becomes float32. In a checkpoint that holds more, the
    state dict is looked for under ``NESTED``.

    Raises
    ------
    WeightsError
        The file is missing, damaged, or holds anything else.
    """
    with reading(path):
        try:
            with path.open("rb") as file:
                is_zip = file.read(4) == b"PK\x03\x04"
            return _read_zip(path) if is_zip else _read_legacy(path.read_bytes())
        except DataError as error:
            raise FormatError(str(error)) from None


# ---- the two containers -------------------------------------------------------------------------


def _read_zip(path: Path) -> dict[str, Array]:
    try:
        with open_archive(path) as archive:
            names = archive.namelist()
            folder = next((n for n in names if n.endswith("/data.pkl")), "").removesuffix(
                "data.pkl"
            )
            if not folder:
                raise FormatError("a zip archive, but not PyTorch's: it has no data.pkl")
            order = "<"
            if f"{folder}byteorder" in names:
                order = {b"little": "<", b"big": ">"}[archive.read(f"{folder}byteorder")]

            def storage(key: str, kind: str, count: int) -> Array:
                raw = archive.read(f"{folder}data/{key}")
                if order == ">":
                    raw = np.frombuffer(raw, f"u{item_size(kind)}").byteswap().tobytes()
                return array(raw, kind, (count,))

            program = io.BytesIO(archive.read(f"{folder}data.pkl"))
            return _tensors(follow(program, ADMITTED, REFUSAL, []), storage)
    except (FormatError, DataError):
        raise
    except Exception as error:  # zipfile and zlib raise a dozen kinds on damaged files
        raise FormatError(f"a damaged PyTorch file ({error})") from None


def _read_legacy(raw: bytes) -> dict[str, Array]:
    """Five pickles (magic number, version, machine, content, order of storages), then numbers."""
    file = io.BytesIO(raw)

    stored: list[Noted] = []

    def pickle() -> Any:
        return follow(file, ADMITTED, REFUSAL, stored)

    if pickle() != LEGACY_MAGIC or pickle() != LEGACY_PROTOCOL:
        raise FormatError("a pickle, but not one of PyTorch's")
    machine = pickle()
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise FormatError("it was written on a big-endian machine: save it again on another")
    content, keys = pickle(), pickle()
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise FormatError(f"no list of storages ends at byte {file.tell()}")
    kinds = {key: (kind, count) for key, kind, count in map(_storage, stored)}
    storages = {}
    for key in keys:
        if key not in kinds:
            raise FormatError(f"no tensor says what storage {quoted(key)} is")
        kind, count = kinds[key]
        offset = file.tell()
        if file.read(8) != struct.pack("<q", count):
            raise FormatError(f"at byte {offset} there should be the count {count} of a storage")
        storages[key] = array(file.read(count * item_size(kind)), kind, (count,))
    if file.read(1):
        raise FormatError(f"{len(raw) - file.tell() + 1} bytes follow the last storage")

    def find(key: str, kind: str, count: int) -> Array:
        if key not in storages:
            raise FormatError(f"the storage {quoted(key)} of a tensor is missing")
        return storages[key]

    return _tensors(content, find)


# ---- what the pickle builds ---------------------------------------------------------------------


def _storage(noted: Any) -> tuple[str, str, int]:
    """The key, the type and the count of numbers of a storage."""
    try:
        word, kind, key, _, count = noted.arguments[:5]
        # A type that is no Name is never looked up: it may be a tuple that takes years to hash.
        if (word, type(kind), type(key)) == ("storage", Name, str) and _are_sizes((count,)):
            return key, STORAGES[kind], count
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise FormatError("a tensor has a storage that makes no sense")


def _tensors(content: Any, storage: Storage) -> dict[str, Array]:
    """The tensors of the state dict in ``content``, each storage read once."""
    state = content
    if isinstance(content, dict):
        state = next((content[n] for n in NESTED if isinstance(content.get(n), dict)), content)
    if not isinstance(state, dict) or not state:
        raise FormatError("it holds no state dict: save model.state_dict() with torch.save")
    storages: dict[str, Array] = {}

    def read_once(key: str, kind: str, count: int) -> Array:
        if key not in storages:
            storages[key] = storage(key, kind, count)
        return storages[key]

    tensors = {}
    for name, noted in state.items():
        if not isinstance(name, str):
            raise FormatError(f"{name!r:.100} is not the name of a tensor")
        try:
            tensors[name] = _tensor(noted, read_once)
        except FormatError as error:
            raise FormatError(f"{quoted(name)}: {error}") from None
    return tensors


def _tensor(noted: Any, storage: Storage) -> Array:
    """The view of a storage that a tensor or a parameter is.

    Raises
    ------
    FormatError
        It is something else, or sees more numbers than the storage has.
    """
    if isinstance(noted, Noted) and noted.name in PARAMETERS and noted.arguments:
        noted = noted.arguments[0]
    if not isinstance(noted, Noted) or noted.name not in TENSORS:
        raise FormatError("a state dict holds tensors, but this is something else")
    try:
        stored, offset, shape, strides = noted.arguments[:4]
    except (TypeError, ValueError):
        raise FormatError("it is damaged: this is no tensor") from None
    numbers = storage(*_storage(stored))
    if not (_are_sizes((offset,)) and _are_sizes(shape) and _are_sizes(strides)):
        raise FormatError("its shape makes no sense")
    if len(shape) != len(strides):
        raise FormatError(f"it has {len(shape)} axes but {len(strides)} strides")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    # A stride of 0 could make an endless tensor of one number.
    if math.prod(shape) > numbers.size or (math.prod(shape) and last >= numbers.size):
        raise FormatError(f"its shape {shape} needs more than the {numbers.size} numbers stored")
    seen = numbers[offset:] if math.prod(shape) else numbers[:0]
    steps = [stride * numbers.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(seen, shape, steps, writeable=False)


def _are_sizes(numbers: Any) -> bool:
    return (
        isinstance(numbers, tuple)
        and len(numbers) <= 8
        and all(type(number) is int and 0 <= number < 1 << 48 for number in numbers)
    )


# ---- writing ------------------------------------------------------------------------------------

ALIGNMENT = 64  # bytes, of the numbers in the file, as PyTorch has it
HEADER = 30  # bytes before an entry's name in a zip archive


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write a state dict that ``torch.load`` reads, the same bytes for the same arrays.

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
    with whole_file(path) as file, zipfile.ZipFile(file, "w") as archive:

        def entry(name: str, raw: bytes) -> None:
            info = zipfile.ZipInfo(f"archive/{name}")
            # An extra field of our own length moves the numbers to a multiple of ALIGNMENT.
            start = file.tell() + HEADER + len(info.filename) + 4
            filler = -start % ALIGNMENT
            info.extra = struct.pack("<2sH", b"FB", filler) + b"Z" * filler
            archive.writestr(info, raw)

        entry("data.pkl", _program(arrays))
        entry("byteorder", b"little")
        for key, values in enumerate(arrays.values()):
            entry(f"data/{key}", values.astype(values.dtype.newbyteorder("<")).tobytes())
        entry("version", b"3\n")


def _program(arrays: Mapping[str, Array]) -> bytes:
    """The pickle that builds the state dict, as torch.save writes it but for its memo."""
    names = {np.dtype(dtype): name.split()[1] for name, dtype in list(STORAGES.items())[:2]}
    program = [b"\x80\x02}("]
    for key, (name, values) in enumerate(arrays.items()):
        strides = [math.prod(values.shape[axis + 1 :]) for axis in range(values.ndim)]
        program += [
            _text(name),
            b"ctorch._utils\n_rebuild_tensor_v2\n((",
            _text("storage"),
            f"ctorch\n{names[values.dtype]}\n".encode(),
            _text(str(key)) + _text("cpu") + _number(values.size) + b"tQ",
            _number(0) + _numbers(values.shape) + _numbers(strides),
            b"\x89ccollections\nOrderedDict\n)RtR",  # no gradient, no hooks
        ]
    return b"".join([*program, b"u."])


def _text(text: str) -> bytes:
    raw = text.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def _number(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)


def _numbers(numbers: Iterable[int]) -> bytes:
    return b"(" + b"".join(map(_number, numbers)) + b"t"
