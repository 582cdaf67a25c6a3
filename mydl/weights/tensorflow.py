"""Read TensorFlow's checkpoints, without TensorFlow.

A checkpoint of the second version, as ``tf.train.Saver`` and ``tf.train.Checkpoint`` write, is a
group of files: ``NAME.index`` says what there is, and ``NAME.data-00000-of-00001`` and so on hold
the numbers. Each block of the one and each tensor of the others has a checksum, and all are
verified.

References
----------
TensorFlow, core/protobuf/tensor_bundle.proto and core/util/tensor_bundle/tensor_bundle.h.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..layer import Array, Shape
from .crc32c import crc32c, masked
from .protobuf import Field, fields
from .raw import MAX_AXES, FormatError, array, byte_count, content, quoted, reading
from .sstable import entries

MAX_INDEX = 1 << 24  # bytes; some fifty for each tensor

# Of TensorFlow's data types (types.proto), those that become arrays.
KINDS = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    9: "int64",
    10: "bool",
    14: "bfloat16",
    17: "uint16",
    19: "float16",
    22: "uint32",
    23: "uint64",
}
STRING = 7

# What tf.train.Checkpoint says in strings about the objects that the tensors belong to.
OBJECTS = re.compile(r"_CHECKPOINTABLE_OBJECT_GRAPH|.*/\.ATTRIBUTES/OBJECT_CONFIG_JSON")

DATA_FILE = re.compile(r"(.+)\.data-\d{5}-of-\d{5}")

# The file "checkpoint" is text, with a path of Unix or Windows.
LATEST = re.compile(rb'^model_checkpoint_path: *"([^"\n\0]+)"', re.MULTILINE)
SEPARATOR = re.compile(rb"/|\\\\")
NOT_ASCII = re.compile(rb"\\([23][0-7]{2})")  # a byte in octal


@dataclass(frozen=True)
class _Entry:
    """What the index says of a tensor: type and shape, where its bytes are, their checksum."""

    kind: str
    shape: Shape
    shard: int
    offset: int
    size: int
    checksum: int


def read(path: Path) -> dict[str, Array]:
    """The tensors of a TensorFlow checkpoint, by the names and in the layouts of the file.

    Besides weights these can be the state of an optimizer and counters. bfloat16 becomes float32.

    Parameters
    ----------
    path
        Of any of the checkpoint's files, what their names begin with (``squeezenet.ckpt``), or a
        folder whose file ``checkpoint`` says which is the latest.

    Raises
    ------
    WeightsError
        A file is missing, damaged or no checkpoint, or holds what is no array of numbers or a
        variable in slices; the message names the tensor or the byte.
    """
    with reading(path):
        prefix = _prefix(path)
    index = Path(f"{prefix}.index")
    with reading(index):
        shards, tensors = _index(memoryview(content(index, MAX_INDEX)))
    arrays: dict[str, Array] = {}
    for shard in sorted({entry.shard for entry in tensors.values()}):
        data = Path(f"{prefix}.data-{shard:05d}-of-{shards:05d}")
        with reading(data):
            here = {name: entry for name, entry in tensors.items() if entry.shard == shard}
            arrays.update(_data(data, here))
    return {name: arrays[name] for name in tensors}


def is_checkpoint(path: Path) -> bool:
    """Whether a path is one that :func:`read` takes, by the names of the files there."""
    try:
        return Path(f"{_prefix(path)}.index").is_file()
    except (FormatError, OSError):
        return False


def _prefix(path: Path) -> Path:
    """What the names of a checkpoint's files begin with."""
    if path.is_dir() or path.name == "checkpoint":
        latest = path / "checkpoint" if path.is_dir() else path
        named = LATEST.search(content(latest, 1 << 20))
        if not named:
            raise FormatError("the file checkpoint names none: name the .index file instead")
        # The path may be one of the machine that wrote the checkpoint.
        name = SEPARATOR.split(named[1])[-1]
        name = NOT_ASCII.sub(lambda octal: bytes([int(octal[1], 8)]), name)
        return latest.parent / name.decode("utf-8", "replace")
    data_file = DATA_FILE.fullmatch(path.name)
    if data_file:
        return path.with_name(data_file[1])
    return path.with_suffix("") if path.suffix == ".index" else path


def _index(table: memoryview) -> tuple[int, dict[str, _Entry]]:
    """How many files of data there are, and the tensors in them."""
    shards = 0
    tensors: dict[str, _Entry] = {}
    for key, value, offset in entries(table):
        if not key:
            shards = _shards(fields(value, offset))
            continue
        if key.startswith(b"\0"):
            raise FormatError("it holds a variable in slices; save the variable in one piece")
        try:
            name = key.decode("utf-8")
        except UnicodeDecodeError:
            raise FormatError(f"the name before byte {offset} is no UTF-8 text") from None
        if not OBJECTS.fullmatch(name):
            tensors[name] = _entry(name, fields(value, offset))
    if not shards:
        raise FormatError("it lacks the entry that says how many files of data there are")
    for name, entry in tensors.items():
        if not 0 <= entry.shard < shards:
            raise FormatError(
                f"tensor {quoted(name)} is in file of data {entry.shard}, of {shards} from 0"
            )
    return shards, tensors


def _shards(header: Iterator[Field]) -> int:
    """The number of files of data."""
    shards = 0
    for field in header:
        if field.number == 1:
            shards = field.integer()
        elif field.number == 2 and field.integer():
            raise FormatError("its numbers are big-endian, which only mainframes still read")
    return shards


def _entry(name: str, message: Iterator[Field]) -> _Entry:
    kind = shard = offset = size = checksum = 0
    shape: Shape = ()
    for field in message:
        if field.number == 1:
            kind = field.integer()
        elif field.number == 2:
            shape = _shape(field)
        elif field.number == 3:
            shard = field.integer()
        elif field.number == 4:
            offset = field.integer()
        elif field.number == 5:
            size = field.integer()
        elif field.number == 6:
            checksum = field.fixed32()
        elif field.number == 7:
            raise FormatError(
                f"variable {quoted(name)} is in slices; save the variable in one piece"
            )
    if kind not in KINDS:
        what = "strings" if kind == STRING else f"TensorFlow's data type {kind}"
        raise FormatError(f"tensor {quoted(name)} is of {what}, not of numbers that are weights")
    if byte_count(KINDS[kind], shape) != size:
        raise FormatError(
            f"tensor {quoted(name)} has {size} bytes, which shape {shape} of {KINDS[kind]} "
            "does not need"
        )
    return _Entry(KINDS[kind], shape, shard, offset, size, checksum)


def _shape(field: Field) -> Shape:
    """The sizes in a TensorShapeProto."""
    sizes = []
    for axis in field.message():
        if axis.number != 2:
            continue
        size = 0  # what is zero is left out
        for part in axis.message():
            if part.number == 1:
                size = part.integer()
        sizes.append(size)
        if len(sizes) > MAX_AXES:
            raise FormatError(f"the shape at byte {field.offset} has more than {MAX_AXES} axes")
    return tuple(sizes)


def _data(path: Path, tensors: dict[str, _Entry]) -> Iterator[tuple[str, Array]]:
    """The arrays in one file of data."""
    length = path.stat().st_size
    if sum(entry.size for entry in tensors.values()) > length:
        raise FormatError(f"it has {length} bytes, fewer than its tensors need: it was cut short")
    with path.open("rb") as file:
        for name, entry in tensors.items():
            end = entry.offset + entry.size
            if not 0 <= entry.offset <= end <= length:
                raise FormatError(
                    f"tensor {quoted(name)} is at bytes {entry.offset} to {end}, but there are "
                    f"only {length}: it was cut short"
                )
            file.seek(entry.offset)
            raw = file.read(entry.size)
            if masked(crc32c(raw)) != entry.checksum:
                raise FormatError(
                    f"tensor {quoted(name)} has not the checksum that the index says: the file is "
                    "damaged or of another checkpoint"
                )
            yield name, array(raw, entry.kind, entry.shape)
