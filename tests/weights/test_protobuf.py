"""The reader of protocol buffers: every kind of field, and no byte beyond the message."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.weights.protobuf import Kind, fields, varint, varints
from mydl.weights.raw import FormatError

INT64 = st.integers(-(2**63), 2**63 - 1)


def parse(message):
    return list(fields(memoryview(message)))


def test_every_kind_of_field(wire):
    inner = wire.integer(3, 7)
    message = (
        wire.integer(1, 150)
        + wire.integer(2, -1)
        + wire.bytes(3, "weights/é")
        + wire.bytes(4, inner)
        + wire.fixed32(5, 0xDEADBEEF)
        + wire.fixed64(536870911, 2**64 - 1)
    )
    one, minus, text, nested, fixed, wide = parse(message)
    assert (one.number, one.integer()) == (1, 150)
    assert minus.integer() == -1
    assert text.text() == "weights/é"
    (seven,) = nested.message()
    assert (seven.number, seven.integer()) == (3, 7)
    assert message[seven.offset] == 7  # offsets are of the whole message
    assert fixed.fixed32() == 0xDEADBEEF
    assert (wide.number, wide.kind, bytes(wide.raw)) == (536870911, Kind.FIXED64, b"\xff" * 8)
    assert parse(b"") == []


def test_numbers_packed_or_not_have_the_same_bytes(wire):
    (packed,) = parse(wire.packed(1, [1, 300, -2]))
    single = parse(b"".join(wire.integer(1, value) for value in [1, 300, -2]))
    loose = b"".join(field.repeated(Kind.VARINT) for field in single)
    assert packed.repeated(Kind.VARINT) == loose
    np.testing.assert_array_equal(varints(loose), [1, 300, -2])


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"\x08", "no number ends after byte 1"),
        (b"\x80", "no number ends after byte 0"),
        (b"\x08" + b"\xff" * 11, "no number ends after byte 1"),
        (b"\x08" + b"\xff" * 9 + b"\x02", "no number ends after byte 1"),  # 2**64 and more
        (b"\x08\x01\x00\x01", "no field begins at byte 2"),  # number 0
        (b"\x0b", "no field begins at byte 0"),  # a group
        (b"\x0e", "no field begins at byte 0"),
        (b"\x08\x01" + b"\xff" * 9 + b"\x01", "begins at byte|no number ends"),
        (b"\x0a\x05abcd", "the field at byte 0 is 1 bytes longer than what it is in"),
        (b"\x0a" + b"\xff" * 8 + b"\x7f", r"the field at byte 0 is \d+ bytes longer"),
        (b"\x0d\x00\x00\x00", "the field at byte 0 is 1 bytes longer"),
        (b"\x09" + bytes(6), "the field at byte 0 is 2 bytes longer"),
    ],
)
def test_what_is_no_message_is_refused_with_the_place(message, expected):
    with pytest.raises(FormatError, match=expected):
        parse(message)


def test_fields_of_another_kind_are_refused(wire):
    number, content = parse(wire.integer(1, 5) + wire.bytes(9, b"\xff\xfe"))
    with pytest.raises(FormatError, match="field 1 at byte 1 is of kind VARINT, not BYTES"):
        number.text()
    with pytest.raises(FormatError, match="field 1 at byte 1 is of kind VARINT, not FIXED32"):
        number.repeated(Kind.FIXED32)
    with pytest.raises(FormatError, match="field 9 at byte 4 is of kind BYTES, not VARINT"):
        content.integer()
    with pytest.raises(FormatError, match="the name at byte 4 is no UTF-8 text"):
        content.text()
    with pytest.raises(FormatError, match="byte 4"):
        list(content.message())


@given(st.lists(INT64))
def test_varints_one_by_one_and_all_at_once(wire, values):
    raw = b"".join(wire.varint(value) for value in values)
    decoded = varints(raw)
    assert decoded.dtype == np.int64
    assert decoded.tolist() == values
    position = 0
    for value in values:
        number, position = varint(memoryview(raw), position)
        assert number == value % 2**64
    assert position == len(raw)


@pytest.mark.parametrize("raw", [b"\x80", b"\x01\xff", b"\x01" + b"\x80" * 10 + b"\x01"])
def test_numbers_that_are_none(raw):
    with pytest.raises(FormatError, match=r"the numbers from byte 7 end|one of the numbers from"):
        varints(raw, 7)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(message):
    try:
        found = parse(message)
    except FormatError:
        return
    assert sum(len(field.raw) for field in found) <= len(message)
    offsets = [field.offset for field in found]
    assert offsets == sorted(set(offsets))
