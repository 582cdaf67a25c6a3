"""Read protocol buffers, the encoding of ONNX files and of TensorFlow's checkpoints.

A message is a row of fields, each a number that says which field it is, a kind that says how long
it is, and its bytes. What the field means only the reader of the message knows: fields of unknown
numbers are passed over, and a message inside a field is opened when it is asked for. So nothing is
followed deeper than the reader's own code goes, and memory is taken for one field at a time.

References
----------
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ..layer import Array
from .raw import FormatError


class Kind(IntEnum):
    """How long a field is. The kinds 3 and 4, groups, were given up long ago."""

    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


@dataclass(frozen=True)
class Field:
    """One field of a message.

    Attributes
    ----------
    number
        Which field it is.
    kind
        How it is encoded.
    raw
        Its bytes, without the number and the length before them.
    offset
        Where they begin, in the file.
    """

    number: int
    kind: Kind
    raw: memoryview
    offset: int

    def integer(self) -> int:
        """The value of an int32, int64, bool or enum."""
        value, _ = varint(self._of(Kind.VARINT), 0, self.offset)
        return value - (1 << 64) if value >> 63 else value

    def fixed32(self) -> int:
        """The value of a fixed32."""
        return int.from_bytes(self._of(Kind.FIXED32), "little")

    def bytes(self) -> memoryview:
        """The value of a field of bytes."""
        return self._of(Kind.BYTES)

    def text(self) -> str:
        """The value of a string."""
        try:
            return str(self._of(Kind.BYTES), "utf-8")
        except UnicodeDecodeError:
            raise FormatError(f"the name at byte {self.offset} is no UTF-8 text") from None

    def message(self) -> Iterator[Field]:
        """The fields of a message inside this one."""
        return fields(self._of(Kind.BYTES), self.offset)

    def repeated(self, kind: Kind) -> memoryview:
        """Bytes of numbers of a kind: one, or many packed in one field, which look the same."""
        return self._of(kind) if self.kind is not Kind.BYTES else self.raw

    def _of(self, kind: Kind) -> memoryview:
        if self.kind is not kind:
            raise FormatError(
                f"field {self.number} at byte {self.offset} is of kind {self.kind.name}, "
                f"not {kind.name}"
            )
        return self.raw


def fields(message: memoryview, offset: int = 0) -> Iterator[Field]:
    """The fields of a message one after the other.

    Parameters
    ----------
    message
        Its bytes.
    offset
        Where it begins in the file, for messages.

    Raises
    ------
    FormatError
        It is damaged or no message; the message says at which byte.

    Examples
    --------
    >>> [field.integer() for field in fields(memoryview(bytes([0x08, 0x96, 0x01])))]
    [150]
    """
    position = 0
    while position < len(message):
        start = position
        tag, position = varint(message, position, offset)
        number, kind = tag >> 3, tag & 7
        if kind == Kind.VARINT:
            _, end = varint(message, position, offset)
        elif kind == Kind.FIXED64:
            end = position + 8
        elif kind == Kind.FIXED32:
            end = position + 4
        elif kind == Kind.BYTES:
            length, position = varint(message, position, offset)
            end = position + length
        else:
            raise FormatError(f"no field begins at byte {offset + start}")
        if not 1 <= number < 1 << 29:
            raise FormatError(f"no field begins at byte {offset + start}")
        if end > len(message):
            raise FormatError(
                f"the field at byte {offset + start} is {end - len(message)} bytes longer than "
                "what it is in"
            )
        yield Field(number, Kind(kind), message[position:end], offset + position)
        position = end


def varint(message: memoryview, position: int, offset: int = 0) -> tuple[int, int]:
    """A whole number below 2**64, seven bits a byte, and the position behind it."""
    value = 0
    for place, byte in enumerate(message[position : position + 10]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if value >> 64:
                break
            return value, position + place + 1
    raise FormatError(f"no number ends after byte {offset + position}")


def varints(raw: bytes | bytearray | memoryview, offset: int = 0) -> Array:
    """Whole numbers one after the other, as int64; all at once, for there can be millions.

    Numbers from 2**63 on come out negative, as protocol buffers encode negative ones.
    """
    seven_bits = np.frombuffer(raw, np.uint8)
    ends = np.flatnonzero(seven_bits < 0x80)
    if len(seven_bits) != (ends[-1] + 1 if len(ends) else 0):
        raise FormatError(f"the numbers from byte {offset} end in the middle of one")
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    lengths = ends - starts + 1
    longest = int(lengths.max(initial=0))
    if longest > 10:
        raise FormatError(f"one of the numbers from byte {offset} is longer than 64 bits")
    values = np.zeros(len(ends), np.uint64)
    for place in range(longest):
        longer = np.flatnonzero(lengths > place)
        bits = (seven_bits[starts[longer] + place] & 0x7F).astype(np.uint64)
        values[longer] |= bits << np.uint64(7 * place)
    return values.view(np.int64)
