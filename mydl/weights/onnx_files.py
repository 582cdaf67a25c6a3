"""Read the weights in ONNX files, without the package onnx.

The weights of a network are the "initializers" of its graph. Large files keep them outside, in a
file beside them: so does what PyTorch exports.

References
----------
ONNX, onnx/onnx.proto and docs/ExternalData.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np

from ..layer import Array
from .checksum import NAME, sha256_of
from .protobuf import Field, Kind, fields, varints
from .raw import FormatError, array, byte_count, content, quoted, reading, stored_type

LARGEST = (1 << 31) - 1  # bytes, of any protocol buffer

# Of ONNX's data types, those that become arrays.
KINDS = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    16: "bfloat16",
}
# The fields for numbers that are not in raw_data. Half floats are in int32_data, as their bits.
NUMBERS = {
    4: Kind.FIXED32,  # float_data
    5: Kind.VARINT,  # int32_data
    7: Kind.VARINT,  # int64_data
    10: Kind.FIXED64,  # double_data
    11: Kind.VARINT,  # uint64_data
}

# A first field, the version, and a second one that a model can have. Whoever writes protocol
# buffers writes the fields in the order of their numbers.
BEGINNING = re.compile(rb"\x08[\x01-\x7f][\x12\x1a\x22\x28\x32\x3a\x42\x72]")

FILE_NAME = re.compile(r"(?!\.{1,2}$)[^/\\:\0]+")
WHOLE_NUMBER = re.compile("[0-9]{1,18}")

Use: TypeAlias = tuple[str, str, str | None]


def read(path: Path) -> dict[str, Array]:
    """The initializers of an ONNX file, by the names and in the layouts of the file.

    These are the weights, and what else of the graph is constant, such as shapes. bfloat16 becomes
    float32. Numbers outside the file are read if they are in its folder.

    Parameters
    ----------
    path
        Of the file.

    Raises
    ------
    WeightsError
        The file is missing, damaged or no ONNX file, or an initializer is no array of numbers; the
        message names the initializer or the byte.
    """
    outside = _Outside(path.parent)
    arrays: dict[str, Array] = {}
    with reading(path):
        for field in _graph(memoryview(content(path, LARGEST))):
            if field.number == 5:
                name, values = _initializer(field, outside)
                if name in arrays:
                    raise FormatError(f"it has two initializers {quoted(name)}")
                arrays[name] = values
            elif field.number == 15:
                raise FormatError(
                    f"the initializer at byte {field.offset} is sparse: export it as a dense one"
                )
    return arrays


def read_and_verify(path: Path) -> tuple[dict[str, Array], bool]:
    """The initializers, and whether the file had a checksum, which then was right.

    Files that mydl exports have one among their properties (``metadata_props``).

    Raises
    ------
    WeightsError
        As :func:`read`, or the checksum is wrong.
    """
    arrays = read(path)
    with reading(path):
        wanted = None
        for field in fields(memoryview(content(path, LARGEST))):
            if field.number == 14:
                pair = {part.number: part.text() for part in field.message()}
                wanted = pair.get(2, "") if pair.get(1) == NAME else wanted
        if wanted is not None and wanted != sha256_of(arrays):
            raise FormatError("its weights do not have the checksum that was written with them")
    return arrays, wanted is not None


def graph_order(path: Path) -> list[Use]:
    """The layers with weights, in the order in which the graph computes them.

    For files whose writer has lost the names of the layers, the order still tells which is which.

    Parameters
    ----------
    path
        Of the file.

    Returns
    -------
    list[Use]
        For each layer the operator with the names of its weight and of its bias, or None. "Conv"
        has a weight (out, in, K_h, K_w), "Gemm" one (out, in), and "MatMul" one (in, out), as which
        a Gemm whose weight is laid out so is listed too.

    Raises
    ------
    WeightsError
        As :func:`read`.
    """
    uses: list[Use] = []
    with reading(path):
        for field in _graph(memoryview(content(path, LARGEST))):
            if field.number == 1:
                uses.extend(_use(field.message()))
    return uses


def is_onnx(path: Path) -> bool:
    """Whether a file begins as an ONNX file does; it may still be damaged."""
    try:
        with path.open("rb") as file:
            return BEGINNING.match(file.read(3)) is not None
    except OSError:
        return False


def _graph(model: memoryview) -> Iterator[Field]:
    """The fields of the graph in a model."""
    found = False
    for field in fields(model):
        if field.number == 7:
            found = True
            yield from field.message()
    if not found:
        raise FormatError("it is no ONNX file: it has no graph")


def _use(node: Iterator[Field]) -> Iterator[Use]:
    """What an operator uses, if it is one with weights."""
    operator, transposed = "", 0
    inputs: list[str] = []
    for field in node:
        if field.number == 1 and len(inputs) < 3:
            inputs.append(field.text())
        elif field.number == 4:
            operator = field.text()
        elif field.number == 5:
            transposed = _attribute(field, "transB", transposed)
    if operator in ("Conv", "Gemm", "MatMul") and len(inputs) >= 2:
        if operator == "Gemm" and not transposed:
            operator = "MatMul"
        yield operator, inputs[1], inputs[2] if len(inputs) == 3 and inputs[2] else None


def _attribute(attribute: Field, name: str, otherwise: int) -> int:
    """The whole number in an attribute, if it has this name."""
    found, value = "", 0
    for field in attribute.message():
        if field.number == 1:
            found = field.text()
        elif field.number == 3:
            value = field.integer()
    return value if found == name else otherwise


def _initializer(message: Field, outside: _Outside) -> tuple[str, Array]:
    """The name and the array of a TensorProto."""
    name, kind, is_outside = "", 0, False
    axes, numbers = bytearray(), bytearray()
    raw: bytes | bytearray | memoryview | None = None
    place: dict[str, str] = {}
    for field in message.message():
        if field.number == 1:
            axes += field.repeated(Kind.VARINT)
        elif field.number == 2:
            kind = field.integer()
        elif field.number in NUMBERS:
            numbers += field.repeated(NUMBERS[field.number])
        elif field.number == 8:
            name = field.text()
        elif field.number == 9:
            raw = field.bytes()
        elif field.number == 13:
            pair = {part.number: part.text() for part in field.message()}
            place[pair.get(1, "")] = pair.get(2, "")
        elif field.number == 14:
            is_outside = field.integer() == 1
    try:
        if kind not in KINDS:
            raise FormatError(f"it is of ONNX's data type {kind}, not of numbers that are weights")
        shape = tuple(varints(axes, message.offset).tolist())
        if is_outside:
            raw = outside.read(place, byte_count(KINDS[kind], shape))
        elif raw is None:
            raw = _packed(numbers, KINDS[kind])
        return name, array(raw, KINDS[kind], shape)
    except FormatError as error:
        raise FormatError(f"initializer {quoted(name)}: {error}") from None


def _packed(numbers: bytearray, kind: str) -> bytes | bytearray:
    """Numbers out of the fields of their own, as raw_data would have them."""
    if kind in ("float32", "float64"):
        return numbers
    values = varints(numbers)
    bits = np.dtype("<u2") if kind == "float16" else stored_type(kind)
    packed = values.astype(bits)
    if (packed.astype(np.int64) != values).any():
        raise FormatError(f"it has numbers that are beyond {kind}")
    return packed.tobytes()


class _Outside:
    """The files beside an ONNX file that have its numbers.

    All tensors together take no more memory than the files have bytes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken: dict[str, int] = {}

    def read(self, place: dict[str, str], needed: int) -> bytes:
        """The bytes of a tensor, where its ``external_data`` says they are."""
        name = place.get("location", "")
        if not FILE_NAME.fullmatch(name):
            raise FormatError(
                f"its numbers are in {quoted(name)}, but only files in the same folder are read"
            )
        start = _whole_number(place.get("offset", "0"))
        length = _whole_number(place.get("length", str(needed)))
        self.taken[name] = self.taken.get(name, 0) + needed
        path = self.folder / name
        if not path.is_file():
            raise FormatError(f"its numbers are in {quoted(name)}, which is not in the same folder")
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if length != needed or max(start + length, self.taken[name]) > size:
                raise FormatError(
                    f"it needs {needed} bytes from byte {start} of {quoted(name)}, which has {size}"
                )
            file.seek(start)
            return file.read(length)


def _whole_number(text: str) -> int:
    if not WHOLE_NUMBER.fullmatch(text):
        raise FormatError(f"its numbers are at {quoted(text)}, which is no place in a file")
    return int(text)
