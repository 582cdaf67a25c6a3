"""Safetensors files: exact round trips, a checksum of our own, and what others write."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.weights import WeightsError
from mydl.weights.safetensors_files import read, read_and_verify, write

ARRAYS = {
    "features.0.weight": np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32),
    "transposed": np.arange(12.0).reshape(3, 4).T,
    "scalar": np.array(2, np.float32),
    "empty": np.zeros((0, 3), np.float32),
    "ünder": np.full(10, np.nan, np.float32),
}


def file_of(header, content=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


def test_a_round_trip_is_exact_and_the_bytes_are_always_the_same(tmp_path):
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    write(first, ARRAYS)
    write(second, ARRAYS)
    assert first.read_bytes() == second.read_bytes()
    tensors, verified = read_and_verify(first)
    assert verified
    assert tensors.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        np.testing.assert_array_equal(tensors[name], values, strict=True)


def test_files_of_other_programs_have_no_checksum(tmp_path):
    path = tmp_path / "theirs.safetensors"
    kinds = {"bfloat16": "BF16", "half": "F16", "long": "I64", "bool": "BOOL"}
    raw = [b"\x80\x3f\x20\xc0", b"\x00\x3c\x00\xc0", struct.pack("<2q", 7, -7), b"\1\0"]
    offsets = np.cumsum([0, *map(len, raw)]).tolist()
    header = {
        name: {"dtype": kind, "shape": [2, 1], "data_offsets": offsets[place : place + 2]}
        for place, (name, kind) in enumerate(kinds.items())
    }
    path.write_bytes(file_of({"__metadata__": {"format": "pt"}, **header}, b"".join(raw)))
    tensors, verified = read_and_verify(path)
    assert not verified
    wanted = {
        "bfloat16": np.array([[1], [-2.5]], np.float32),
        "half": np.array([[1], [-2]], np.float16),
        "long": np.array([[7], [-7]]),
        "bool": np.array([[True], [False]]),
    }
    assert tensors.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_array_equal(tensors[name], values, strict=True)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "a damaged .safetensors file"),
        (struct.pack("<Q", 2**60) + b"{}", "a damaged .safetensors file .*header too large"),
        (file_of({"w": 3}), "a damaged"),
        (
            file_of({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}),
            "a damaged",
        ),
        (
            file_of({"w\n": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, bytes(12)),
            "a damaged",
        ),
        (
            file_of({"w": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, bytes(2)),
            "'w': there is no type F8_E4M3 in NumPy",
        ),
    ],
)
def test_damaged_and_hostile_files(raw, message, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(raw)
    with pytest.raises(WeightsError, match=message) as raised:
        read(path)
    assert len(str(raised.value).splitlines()) == 1


def test_a_missing_file(tmp_path):
    with pytest.raises(WeightsError, match="there is no such file"):
        read(tmp_path / "none.safetensors")


@given(data=st.data())
def test_a_changed_byte_is_never_overlooked(data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    write(path, ARRAYS)
    raw = bytearray(path.read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(raw)
    try:
        tensors, verified = read_and_verify(path)
    except WeightsError:
        return
    if verified:
        assert tensors.keys() == ARRAYS.keys()
        for name, values in ARRAYS.items():
            np.testing.assert_array_equal(tensors[name], values, strict=True)
