"""Read LevelDB's sorted tables, the form of the index of TensorFlow's checkpoints.

A table is blocks of sorted keys with values. A key is stored as what differs from the one before
it; a block ends with its kind of compression and a checksum; an index, itself a block, has the
places of the blocks, and the last 48 bytes of the file the place of the index.

References
----------
https://github.com/google/leveldb/blob/main/doc/table_format.md
"""

from __future__ import annotations

from collections.abc import Iterator

from .crc32c import crc32c, masked
from .protobuf import varint
from .raw import FormatError

MAGIC = bytes.fromhex("57fb808b247547db")
FOOTER = 48  # bytes
TRAILER = 5  # bytes behind a block: kind of compression, checksum
MAX_KEY = 1000  # bytes; each may take as much memory for a few bytes in the file


def entries(table: memoryview) -> Iterator[tuple[bytes, memoryview, int]]:
    """The keys of a table in order, each with its value and the value's place in the file.

    Raises
    ------
    FormatError
        It is damaged or no table; the message says at which byte.
    """
    if len(table) < FOOTER or table[-len(MAGIC) :] != MAGIC:
        raise FormatError(
            "it does not end as the index of a TensorFlow V2 checkpoint does; it may be cut short"
        )
    before = None
    _, _, position = _place(table, len(table) - FOOTER)  # of the names of filters, not needed
    index_start, index_end, _ = _place(table, position)
    for _, _, position in _block(table, index_start, index_end):
        start, end, _ = _place(table, position)
        for key, value, position in _block(table, start, end):
            if before is not None and key <= before:
                raise FormatError(f"the keys before byte {position} are not in order")
            yield key, value, position
            before = key


def _place(table: memoryview, position: int) -> tuple[int, int, int]:
    """First and last byte of a block, which stand at a position, and the position behind them."""
    start, after = varint(table, position)
    size, after = varint(table, after)
    if start + size + TRAILER > len(table) - FOOTER:
        raise FormatError(f"the block named at byte {position} is longer than the file")
    return start, start + size, after


def _block(table: memoryview, start: int, end: int) -> Iterator[tuple[bytes, memoryview, int]]:
    """The keys of a block, values, and their places in the file, after checking its checksum."""
    compression, stored = table[end], int.from_bytes(table[end + 1 : end + TRAILER], "little")
    if masked(crc32c(table[start : end + 1])) != stored:
        raise FormatError(f"the block at bytes {start} to {end} has not the checksum it should")
    if compression:
        raise FormatError(
            f"the block at byte {start} is compressed: write the checkpoint with a TensorFlow "
            "later than 1.1, which does not compress"
        )
    # At the end: places of keys that are stored whole, for searching, and how many these are.
    searching = 4 + 4 * int.from_bytes(table[max(start, end - 4) : end], "little")
    if searching > end - start:
        raise FormatError(f"the block at byte {start} is too short")
    position, end = start, end - searching
    key = b""
    while position < end:
        at = position
        shared, position = varint(table, position)
        rest, position = varint(table, position)
        size, position = varint(table, position)
        after = position + rest + size
        if shared > len(key) or shared + rest > MAX_KEY or after > end:
            raise FormatError(f"no key and value begin at byte {at}")
        key = key[:shared] + bytes(table[position : position + rest])
        yield key, table[position + rest : after], position + rest
        position = after
