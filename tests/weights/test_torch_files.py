"""PyTorch's files: read as PyTorch reads them, written for it to read, and never run."""

import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.weights import WeightsError
from mydl.weights.torch_files import read, write

REFERENCES = np.load(Path(__file__).parents[1] / "references" / "torch_files.npz")
FILES = [name.removeprefix("file ") for name in REFERENCES if name.startswith("file ")]


def put(folder, raw):
    path = folder / "weights.pth"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("name", FILES)
def test_files_are_read_as_pytorch_reads_them(name, tmp_path):
    tensors = read(put(tmp_path, REFERENCES[f"file {name}"].tobytes()))
    content = name.split(",")[0] + " "
    wanted = {k.removeprefix(content): v for k, v in REFERENCES.items() if k.startswith(content)}
    assert tensors.keys() == wanted.keys()
    for key, values in wanted.items():
        assert tensors[key].dtype == values.dtype
        np.testing.assert_array_equal(tensors[key], values, strict=True)


ARRAYS = {
    "features.0.weight": np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32),
    "transposed": np.arange(12.0).reshape(3, 4).T,
    "scalar": np.array(2, np.float32),
    "empty": np.zeros((0, 3), np.float32),
    "ünder": np.full(1000, np.nan, np.float32),
}


def test_a_round_trip_is_exact_and_the_bytes_are_always_the_same(tmp_path):
    first, second = tmp_path / "first.pth", tmp_path / "second.pth"
    write(first, ARRAYS)
    write(second, ARRAYS)
    assert first.read_bytes() == second.read_bytes()
    tensors = read(first)
    assert list(tensors) == list(ARRAYS)
    for key, values in ARRAYS.items():
        np.testing.assert_array_equal(tensors[key], values, strict=True)


def test_what_is_written_consists_of_what_pytorch_writes(tmp_path):
    """The entries, their alignment, and a pickle that needs nothing but PyTorch's own names."""
    path = tmp_path / "model.pth"
    write(path, ARRAYS)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            archive.fp.seek(entry.header_offset + 26)
            lengths = struct.unpack("<HH", archive.fp.read(4))
            assert (entry.header_offset + 30 + sum(lengths)) % 64 == 0
        assert archive.read("archive/version") == b"3\n"
        assert archive.read("archive/byteorder") == b"little"

        class Unpickler(pickle.Unpickler):
            def find_class(self, module, name):
                return {
                    "torch._utils _rebuild_tensor_v2": lambda *arguments: arguments[:5],
                    "torch FloatStorage": "f4",
                    "torch DoubleStorage": "f8",
                    "collections OrderedDict": dict,
                }[f"{module} {name}"]

            def persistent_load(self, what):
                return what

        state = Unpickler(archive.open("archive/data.pkl")).load()
    storage = ("storage", "f4", "0", "cpu", 108)
    assert state["features.0.weight"] == (storage, 0, (4, 3, 3, 3), (27, 9, 3, 1), False)
    assert state["transposed"][0][1] == "f8"


def test_pytorch_itself_reads_what_is_written(tmp_path):
    torch = pytest.importorskip("torch")
    path = tmp_path / "model.pth"
    write(path, ARRAYS)
    for options in ({}, {"mmap": True}):
        state = torch.load(path, weights_only=True, **options)
        assert list(state) == list(ARRAYS)
        for key, values in ARRAYS.items():
            np.testing.assert_array_equal(state[key].numpy(), values, strict=True)


# ---- other files --------------------------------------------------------------------------------


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(WeightsError, match=r"nothing\.pth: there is no such file"):
        read(tmp_path / "nothing.pth")
    with pytest.raises(WeightsError, match=r"weights\.pth: it is damaged or no pickle"):
        read(put(tmp_path, b"text"))
    with pytest.raises(WeightsError, match="a pickle, but not one of PyTorch's"):
        read(put(tmp_path, pickle.dumps({"weight": 1}, 2)))
    np.savez(tmp_path / "weights.pth.npz", x=np.zeros(3))
    with pytest.raises(WeightsError, match=r"not PyTorch's: it has no data\.pkl"):
        read(tmp_path / "weights.pth.npz")


def zipped(folder, program, storages=(b"\0" * 16,)):
    path = folder / "weights.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        for key, raw in enumerate(storages):
            archive.writestr(f"archive/data/{key}", raw)
    return path


def tensor(kind="FloatStorage", count=4, offset=0, shape=(4,), strides=(1,), word="storage"):
    """A program for a dictionary with the tensor "w", numbers in the longest notation."""

    def number(n):
        return b"\x8a\x09" + n.to_bytes(9, "little", signed=True)

    storage = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0%bctorch\n%b\n" % (
        word.encode(),
        kind.encode(),
    )
    storage += b"X\x01\0\0\x000X\x03\0\0\0cpu%btQ" % number(count)
    sizes = [b"(" + b"".join(map(number, numbers)) + b"t" for numbers in (shape, strides)]
    view = number(offset) + b"".join(sizes) + b"\x89}tR"
    return b"\x80\x02}X\x01\0\0\0w" + storage + view + b"s."


def test_the_tensor_of_the_next_test_is_one(tmp_path):
    np.testing.assert_array_equal(read(zipped(tmp_path, tensor()))["w"], np.zeros(4, np.float32))
    read(zipped(tmp_path, tensor(shape=(2, 0), strides=(9, 9))))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 2**50}, "a storage that makes no sense"),
        ({"count": -1}, "a storage that makes no sense"),
        ({"count": 2**40}, "needs 4398046511104 bytes, but there are 16"),
        ({"count": 3}, "needs 12 bytes, but there are 16"),
        ({"word": "garbage"}, "a storage that makes no sense"),
        ({"kind": "DoubleStorage"}, "needs 32 bytes, but there are 16"),
        ({"kind": "QUInt8Storage"}, r"it asks for 'torch.QUInt8Storage', which no state dict"),
        ({"offset": 1}, r"its shape \(4,\) needs more than the 4 numbers stored"),
        ({"offset": -1}, "its shape makes no sense"),
        ({"shape": (5,)}, "needs more than the 4 numbers"),
        ({"shape": (2**40,), "strides": (0,)}, "needs more than the 4 numbers"),
        ({"shape": (2,), "strides": (4,)}, "needs more than the 4 numbers"),
        ({"strides": (-1,)}, "its shape makes no sense"),
        ({"shape": (2, 2)}, "2 axes but 1 strides"),
        ({"shape": (1,) * 9, "strides": (1,) * 9}, "its shape makes no sense"),
    ],
)
def test_tensors_that_make_no_sense(changes, message, tmp_path):
    with pytest.raises(WeightsError, match=message):
        read(zipped(tmp_path, tensor(**changes)))


class Call:
    def __reduce__(self):
        return os.mkdir, ("the pickle was run",)


@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_is_run(protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = pickle.dumps({"w": Call()}, protocol)
    sentence = r"it asks for '(posix|nt)\.mkdir', which no state dict needs .*: do not trust it"
    with pytest.raises(WeightsError, match=sentence):
        read(zipped(tmp_path, hostile))
    header = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
    with pytest.raises(WeightsError, match=sentence):
        read(put(tmp_path, header + pickle.dumps({"little_endian": True}, 2) + hostile))
    assert not (tmp_path / "the pickle was run").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "it holds no state dict"),
        ({}, "it holds no state dict"),
        ({"w": 3}, "'w': a state dict holds tensors, but this is something else"),
        ({"state_dict": {"w": None}}, "'w': a state dict holds tensors"),
        ({3: 4}, "3 is not the name of a tensor"),
    ],
)
def test_pickles_of_other_things(content, message, tmp_path):
    with pytest.raises(WeightsError, match=message):
        read(zipped(tmp_path, pickle.dumps(content, 2)))


def test_a_compressed_archive_that_grows_without_end_is_refused(tmp_path):
    path = tmp_path / "weights.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", tensor(count=2**22))
        archive.writestr("archive/data/0", b"\0" * 2**24)
    with pytest.raises(WeightsError, match="bytes promise to become"):
        read(path)


def test_a_big_endian_file(tmp_path):
    path = zipped(tmp_path, tensor(), [np.arange(4, dtype=">f4").tobytes()])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/byteorder", "big")
    np.testing.assert_array_equal(read(path)["w"], np.arange(4, dtype=np.float32))


@given(data=st.data())
def test_damaged_files_are_refused_or_give_arrays(data, tmp_path_factory):
    name = data.draw(st.sampled_from(FILES))
    raw = bytearray(REFERENCES[f"file {name}"].tobytes())
    if data.draw(st.booleans(), label="cut"):
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    for _ in range(data.draw(st.integers(0, 3))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = put(tmp_path_factory.getbasetemp(), raw)
    try:
        tensors = read(path)
    except WeightsError:
        return
    assert all(isinstance(values, np.ndarray) for values in tensors.values())
