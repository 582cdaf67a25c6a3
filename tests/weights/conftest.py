"""Small writers for the encodings that the readers of weight files know."""

import pytest


class Wire:
    """Write protocol buffers: a message is the concatenation of its fields."""

    @staticmethod
    def varint(value):
        value &= (1 << 64) - 1
        encoded = bytearray()
        while value > 0x7F:
            encoded.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([*encoded, value])

    @classmethod
    def integer(cls, number, value):
        return cls.varint(number << 3) + cls.varint(value)

    @classmethod
    def bytes(cls, number, value):
        value = value.encode() if isinstance(value, str) else bytes(value)
        return cls.varint(number << 3 | 2) + cls.varint(len(value)) + value

    @classmethod
    def fixed32(cls, number, value):
        return cls.varint(number << 3 | 5) + value.to_bytes(4, "little")

    @classmethod
    def fixed64(cls, number, value):
        return cls.varint(number << 3 | 1) + value.to_bytes(8, "little")

    @classmethod
    def packed(cls, number, values):
        return cls.bytes(number, b"".join(cls.varint(value) for value in values))


@pytest.fixture(scope="session")
def wire():
    return Wire


def damage(content, rng):
    """One damaged version of a file: bytes changed, cut off, removed, repeated, swapped."""
    damaged = bytearray(content)
    start, end = sorted(int(k) for k in rng.integers(0, len(damaged) + 1, 2))
    match rng.integers(7):
        case 0:  # one bit
            damaged[rng.integers(len(damaged))] ^= 1 << int(rng.integers(8))
        case 1:  # some bytes
            for _ in range(int(rng.integers(1, 6))):
                damaged[rng.integers(len(damaged))] = int(rng.integers(256))
        case 2:  # what looks like a huge length
            at = int(rng.integers(len(damaged)))
            damaged[at : at + 9] = b"\xff" * 8 + b"\x7f"
        case 3:
            del damaged[end:]
        case 4:
            del damaged[start:end]
        case 5:
            damaged[start:start] = damaged[start:end]
        case 6:  # two halves
            damaged = damaged[start:] + damaged[:start]
    return bytes(damaged)


@pytest.fixture(scope="session")
def damaged():
    return damage
