"""The checksum of TensorFlow's checkpoints, against the definition and published examples."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mydl.weights.crc32c import BLOCK, ONES, POLYNOMIAL, ROW, crc32c, masked


def by_definition(data):
    """Bit by bit."""
    crc = ONES
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    return crc ^ ONES


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        # RFC 3720, appendix B.4
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_published_examples(data, crc):
    assert crc32c(data) == by_definition(data) == crc
    assert crc32c(memoryview(data)) == crc


@given(st.integers(0, 3 * ROW + 5), st.integers(0, 2**32))
@example(ROW - 1, 0)
@example(ROW, 0)
@example(ROW + 1, 0)
def test_any_length(length, seed):
    data = np.random.default_rng(seed).bytes(length)
    assert crc32c(data) == by_definition(data)


def test_more_than_a_block():
    data = np.random.default_rng(0).bytes(BLOCK + ROW + 7)
    # What follows the first block is divided as if it stood alone.
    assert crc32c(data) == by_definition(data)


@given(st.binary(min_size=1, max_size=2 * ROW), st.data())
def test_every_changed_bit_changes_it(data, draw):
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    assert crc32c(changed) != crc32c(data)


def test_mask_as_leveldb_defines_it():
    crc = crc32c(b"foo")
    rotated = (masked(crc) - 0xA282EAD8) % 2**32
    assert (rotated >> 17 | rotated << 15) % 2**32 == crc
    assert masked(crc) != masked(masked(crc)) != crc
