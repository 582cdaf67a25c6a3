"""CRC-32C, the checksum in TensorFlow's checkpoints, in NumPy.

The checksum is the remainder of a division of polynomials with coefficients 0 and 1: a register of
32 bits into which the bytes are shifted one by one. That is a loop, slow in Python, but a linear
one: the register after some bytes is what zeros in their place would have left, plus (which is XOR)
what the bytes would have left in an empty register. So the data are cut into rows, thousands of
rows are divided side by side, a column of bytes at a step, and the remainders are then joined.

References
----------
RFC 3720, appendix B.4, has the polynomial and examples.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..layer import Array

POLYNOMIAL = 0x82F63B78  # its highest power in the lowest bit
ONES = 0xFFFFFFFF

ROW = 512  # bytes
BLOCK = 2048 * ROW  # bytes divided at a time; they and the registers stay in cache


def crc32c(data: bytes | bytearray | memoryview) -> int:
    """The checksum of some bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    values = np.frombuffer(data, np.uint8)
    whole = len(values) // ROW * ROW
    crc = ONES
    tables = _after_a_row_of_zeros() if whole else []
    for start in range(0, whole, BLOCK):
        rows = values[start : min(start + BLOCK, whole)].reshape(-1, ROW)
        registers = _divide(np.zeros(len(rows), np.uint32), np.ascontiguousarray(rows.T))
        for register in registers.tolist():
            crc = (
                register
                ^ tables[0][crc & 255]
                ^ tables[1][crc >> 8 & 255]
                ^ tables[2][crc >> 16 & 255]
                ^ tables[3][crc >> 24]
            )
    table = _table().tolist()
    for byte in values[whole:].tolist():
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ ONES


def masked(crc: int) -> int:
    """The checksum as it is stored: changed, so that data with checksums can have one themselves.

    References
    ----------
    LevelDB, util/crc32c.h.
    """
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & ONES


def _divide(registers: Array, columns: Array) -> Array:
    """Shift bytes into registers, (rows,), a column of one byte for each at a step."""
    table = _table()
    for column in columns:
        registers = table[(registers ^ column) & 255] ^ (registers >> 8)
    return registers


@cache
def _table() -> Array:
    """What is left of each byte once it has been shifted through the register."""
    table: Array = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, POLYNOMIAL, 0).astype(np.uint32) ^ (table >> 1)
    return table


@cache
def _after_a_row_of_zeros() -> list[list[int]]:
    """What a row of zeros makes of a register, for each value of each of its four bytes."""
    registers = np.arange(256, dtype=np.uint32) << np.array([[0], [8], [16], [24]], np.uint32)
    after: list[list[int]] = _divide(registers, np.zeros(ROW, np.uint8)).tolist()
    return after
