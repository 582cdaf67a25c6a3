"""TensorFlow's checkpoints: small ones written here, the real one, and damaged ones."""

import shutil

import numpy as np
import pytest

from mydl.weights import WeightsError
from mydl.weights.crc32c import crc32c, masked
from mydl.weights.tensorflow import is_checkpoint, read

ARRAYS = {
    "features/layer0/weights": np.random.default_rng(0).normal(size=(3, 3, 3, 4)).astype("<f4"),
    "features/layer0/bias": np.arange(4, dtype="<f4"),
    "features/layer0/bias/Momentum": np.linspace(0, 1, 4).astype("<f8"),
    "half": np.array([[1, -0.5, 65504]], "<f2"),
    "global_step": np.array(2**40, "<i8"),
    "small": np.array([-128, 127], "<i1"),
    "flags": np.array([True, False, True]),
    "empty": np.zeros((0, 5), "<f4"),
}
TYPES = {"<f4": 1, "<f8": 2, "<f2": 19, "<i8": 9, "|i1": 6, "|b1": 10}
HEADER = b"\x08\x01\x1a\x02\x08\x01"  # one file of data, little-endian, version 1


class Writer:
    """Writes checkpoints; what is said about a tensor can be anything."""

    def __init__(self, wire):
        self.wire = wire

    def entry(self, kind, shape, offset, content, shard=0, checksum=None, more=b""):
        """A BundleEntryProto."""
        wire = self.wire
        axes = b"".join(wire.bytes(2, wire.integer(1, size)) for size in shape)
        checksum = masked(crc32c(content)) if checksum is None else checksum
        return (
            wire.integer(1, kind)
            + wire.bytes(2, axes)
            + wire.integer(3, shard)
            + wire.integer(4, offset)
            + wire.integer(5, len(content))
            + wire.fixed32(6, checksum)
            + more
        )

    def block(self, entries, compression=0):
        """A block of a sorted table: each key without what it shares with the one before."""
        content, restarts, before = bytearray(), [], b""
        for k, (key, value) in enumerate(entries):
            shared = 0
            if k % 16:
                while shared < min(len(key), len(before)) and key[shared] == before[shared]:
                    shared += 1
            else:
                restarts.append(len(content))
            for number in (shared, len(key) - shared, len(value)):
                content += self.wire.varint(number)
            content += key[shared:] + value
            before = key
        for number in [*restarts, len(restarts)]:
            content += number.to_bytes(4, "little")
        content.append(compression)
        return content + masked(crc32c(content)).to_bytes(4, "little")

    def table(self, blocks, compression=0):
        """A sorted table of blocks of entries."""
        content, index = bytearray(), []
        for entries in blocks:
            block = self.block(entries, compression)
            place = self.wire.varint(len(content)) + self.wire.varint(len(block) - 5)
            index.append((entries[-1][0], place))
            content += block
        places = b""
        for entries in ([], index):
            block = self.block(entries)
            places += self.wire.varint(len(content)) + self.wire.varint(len(block) - 5)
            content += block
        return bytes(content + places.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db"))

    def index(self, entries, header=HEADER, per_block=5, compression=0):
        entries = [(b"", header), *sorted(entries.items())]
        blocks = [entries[k : k + per_block] for k in range(0, len(entries), per_block)]
        return self.table(blocks, compression)

    def write(self, prefix, arrays):
        data, entries = bytearray(), {}
        for name, array in arrays.items():
            content = array.tobytes()
            entry = self.entry(TYPES[array.dtype.str], array.shape, len(data), content)
            entries[name.encode()] = entry
            data += content
        prefix.with_name(f"{prefix.name}.index").write_bytes(self.index(entries))
        prefix.with_name(f"{prefix.name}.data-00000-of-00001").write_bytes(data)
        return prefix


@pytest.fixture(scope="module")
def writer(wire):
    return Writer(wire)


@pytest.fixture
def checkpoint(writer, tmp_path):
    return writer.write(tmp_path / "model.ckpt", ARRAYS)


def assert_is_whole(arrays):
    assert list(arrays) == sorted(ARRAYS)
    for name, array in arrays.items():
        assert array.dtype == ARRAYS[name].dtype.newbyteorder("=")
        assert array.shape == ARRAYS[name].shape
        np.testing.assert_array_equal(array, ARRAYS[name])


@pytest.mark.parametrize("ending", ["", ".index", ".data-00000-of-00001"])
def test_any_of_its_files_names_a_checkpoint(checkpoint, ending):
    path = checkpoint.with_name(checkpoint.name + ending)
    assert is_checkpoint(path)
    assert_is_whole(read(path))


@pytest.mark.parametrize(
    "folder", ["", "models/", "/gone/with/the/machine/", r"C:\\\\my models\\\\"]
)
@pytest.mark.parametrize(
    ("name", "written"), [("model.ckpt", "model.ckpt"), ("Möwe 1", r"M\303\266we 1")]
)
def test_a_folder_says_which_checkpoint_is_the_latest(writer, tmp_path, folder, name, written):
    writer.write(tmp_path / name, ARRAYS)
    (tmp_path / "checkpoint").write_text(
        f'all_model_checkpoint_paths: "older"\nmodel_checkpoint_path: "{folder}{written}"\n'
    )
    for path in (tmp_path, tmp_path / "checkpoint"):
        assert is_checkpoint(path)
        assert_is_whole(read(path))


@pytest.mark.parametrize("content", [b"", b'model_checkpoint_path: ""', b"\xff\0" * 50])
def test_a_folder_that_names_none_is_refused(tmp_path, content):
    assert not is_checkpoint(tmp_path)
    with pytest.raises(WeightsError, match="there is no such file"):
        read(tmp_path)
    (tmp_path / "checkpoint").write_bytes(content)
    assert not is_checkpoint(tmp_path)
    with pytest.raises(WeightsError, match=r"the file checkpoint names none: name the \.index"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["..", ".", "a/", r"\000", "x" * 400])
def test_a_folder_that_names_no_file_is_refused(tmp_path, name):
    (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{name}"')
    assert not is_checkpoint(tmp_path)
    with pytest.raises(WeightsError):
        read(tmp_path)


def test_arrays_can_be_written_to(checkpoint):
    arrays = read(checkpoint)
    arrays["features/layer0/bias"] += 1
    assert_is_whole(read(checkpoint))


def test_brain_floats_become_float32(writer, tmp_path):
    upper_halves = np.array([0x3F80, 0xC040, 0x7F80], "<u2").tobytes()
    entry = writer.entry(14, (3,), 0, upper_halves)
    (tmp_path / "x.index").write_bytes(writer.index({b"w": entry}))
    (tmp_path / "x.data-00000-of-00001").write_bytes(upper_halves)
    (array,) = read(tmp_path / "x").values()
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, [1, -3, np.inf])


def test_data_in_many_files(writer, wire, tmp_path):
    entries = {}
    for shard, name in enumerate([b"b", b"a"]):
        content = np.full(2, shard, "<f4").tobytes()
        entries[name] = writer.entry(1, (2,), 0, content, shard)
        (tmp_path / f"x.data-0000{shard}-of-00002").write_bytes(content)
    (tmp_path / "x.index").write_bytes(writer.index(entries, wire.integer(1, 2)))
    arrays = read(tmp_path / "x.data-00001-of-00002")
    assert {name: array.tolist() for name, array in arrays.items()} == {"a": [1, 1], "b": [0, 0]}


def test_descriptions_of_objects_are_left_out(writer, tmp_path):
    entries = {
        b"_CHECKPOINTABLE_OBJECT_GRAPH": writer.entry(7, (), 0, b"\x01abcde"),
        b"layer/.ATTRIBUTES/OBJECT_CONFIG_JSON": writer.entry(7, (), 6, b"\x01{"),
        b"layer/kernel/.ATTRIBUTES/VARIABLE_VALUE": writer.entry(1, (1,), 8, b"\0\0\0\x40"),
    }
    (tmp_path / "x.index").write_bytes(writer.index(entries))
    (tmp_path / "x.data-00000-of-00001").write_bytes(b"\x01abcde\x01{\0\0\0\x40")
    arrays = read(tmp_path / "x")
    assert arrays == {"layer/kernel/.ATTRIBUTES/VARIABLE_VALUE": [2]}


# ---- bad input ----------------------------------------------------------------------------------

FOUR = bytes(4)
HUGE = 2**62


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((7, (1,), 0, FOUR), "tensor 'w' is of strings, not of numbers that are weights"),
        ((8, (), 0, FOUR), "tensor 'w' is of TensorFlow's data type 8"),
        ((99, (), 0, FOUR), "data type 99"),
        ((1, (2,), 0, FOUR), r"tensor 'w' has 4 bytes, which shape \(2,\) of float32 does not"),
        ((1, (HUGE, 4), 0, FOUR), "tensor 'w' has 4 bytes"),
        ((1, (-1,), 0, FOUR), r"no array has 1 axes of sizes \[-1\]"),
        ((1, (1,) * 33, 0, FOUR), "more than 32 axes"),
        ((1, (0, HUGE, HUGE), 0, b""), "no array has shape"),
        ((1, (1,), 1, FOUR), "tensor 'w' is at bytes 1 to 5, but there are only 4: it was cut"),
        ((1, (1,), -1, FOUR), "tensor 'w' is at bytes -1 to 3"),
        ((1, (1,), HUGE, FOUR), "it was cut short"),
        ((1, (2,), 0, bytes(8)), "it has 4 bytes, fewer than its tensors need"),
        ((1, (1,), 0, FOUR, 1), "tensor 'w' is in file of data 1, of 1 from 0"),
        ((1, (1,), 0, FOUR, -1), "tensor 'w' is in file of data -1"),
        ((1, (1,), 0, FOUR, 0, 5), "tensor 'w' has not the checksum that the index says"),
        ((1, (1,), 0, FOUR, 0, None, b"\x3a\x00"), "variable 'w' is in slices"),
        ((1, (1,), 0, FOUR, 0, None, b"\x0d0000"), "field 1 at byte .* is of kind FIXED32"),
    ],
)
def test_a_tensor_that_cannot_be_is_named(writer, tmp_path, arguments, message):
    (tmp_path / "x.index").write_bytes(writer.index({b"w": writer.entry(*arguments)}))
    (tmp_path / "x.data-00000-of-00001").write_bytes(FOUR)
    with pytest.raises(WeightsError, match=rf"x\.(index|data-00000-of-00001): .*{message}"):
        read(tmp_path / "x")


def test_many_tensors_in_the_same_bytes_are_refused(writer, tmp_path):
    """Else an index of some kilobytes could ask for gigabytes."""
    content = bytes(4000)
    entry = writer.entry(1, (1000,), 0, content)
    (tmp_path / "x.index").write_bytes(writer.index({b"%d" % k: entry for k in range(1000)}))
    (tmp_path / "x.data-00000-of-00001").write_bytes(content)
    with pytest.raises(WeightsError, match="it has 4000 bytes, fewer than its tensors need"):
        read(tmp_path / "x")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (b"\0\0slice", "a variable in slices"),
        (b"\xff\xfe", r"the name before byte \d+ is no UTF-8 text"),
        (b"n" * 1001, "no key and value begin at byte"),
    ],
)
def test_names_that_are_none(writer, tmp_path, key, message):
    (tmp_path / "x.index").write_bytes(writer.index({key: writer.entry(1, (), 0, FOUR)}))
    with pytest.raises(WeightsError, match=message):
        read(tmp_path / "x")


def test_tables_that_cannot_be(writer, wire, tmp_path):
    entry = writer.entry(1, (), 0, FOUR)
    tables = {
        "the block at byte 0 is compressed": writer.index({b"w": entry}, compression=1),
        "are not in order": writer.table([[(b"", HEADER), (b"b", entry)], [(b"a", entry)]]),
        "lacks the entry that says how many": writer.table([[(b"a", entry)]]),
        "its numbers are big-endian": writer.index({}, HEADER + b"\x10\x01"),
        "does not end as the index": writer.index({b"w": entry})[:-1],
    }
    for message, content in tables.items():
        (tmp_path / "x.index").write_bytes(content)
        with pytest.raises(WeightsError, match=message):
            read(tmp_path / "x")


def test_blocks_beyond_the_file(writer, wire, tmp_path):
    content = writer.index({b"w": writer.entry(1, (), 0, FOUR)})
    for place in ((0, HUGE), (HUGE, 0), (0, len(content)), (0, len(content) - 48 - 4)):
        footer = b"\0\0" + wire.varint(place[0]) + wire.varint(place[1])
        (tmp_path / "x.index").write_bytes(content[:-48] + footer.ljust(40, b"\0") + content[-8:])
        with pytest.raises(WeightsError, match="longer than the file"):
            read(tmp_path / "x")


def test_missing_files_are_named(checkpoint):
    with pytest.raises(WeightsError, match=r"other\.ckpt\.index: there is no such file"):
        read(checkpoint.with_name("other.ckpt"))
    data = checkpoint.with_name("model.ckpt.data-00000-of-00001")
    data.unlink()
    with pytest.raises(WeightsError, match=r"data-00000-of-00001: there is no such file"):
        read(checkpoint)
    data.mkdir()
    with pytest.raises(WeightsError, match=r"data-00000-of-00001: "):
        read(checkpoint)


def test_an_index_too_large_is_not_read(tmp_path):
    with (tmp_path / "x.index").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(WeightsError, match="it has 1099511627776 bytes, but"):
        read(tmp_path / "x")


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_damaged_files_are_refused_or_read_right(checkpoint, damaged, part):
    path = checkpoint.with_name(f"{checkpoint.name}.{part}")
    whole = path.read_bytes()
    refused = 0
    for seed in range(300):
        path.unlink()  # some file systems write a file at once that replaces another
        path.write_bytes(damaged(whole, np.random.default_rng(seed)))
        try:
            arrays = read(checkpoint)
        except WeightsError:
            refused += 1
            continue
        assert_is_whole(arrays)
    assert refused > 250


def test_an_index_with_right_checksums_can_say_anything(writer, damaged, tmp_path):
    """Damage before the checksums are computed, as a hostile writer would do it."""
    entries = {b"w%d" % k: writer.entry(1, (1,), 4 * k, FOUR) for k in range(4)}
    (tmp_path / "x.data-00000-of-00001").write_bytes(FOUR * 4)
    index = tmp_path / "x.index"
    for seed in range(300):
        rng = np.random.default_rng(seed)
        changed = {key: damaged(value, rng) for key, value in entries.items()}
        header = damaged(HEADER, rng) if seed % 3 == 0 else HEADER
        index.unlink(missing_ok=True)  # as above
        index.write_bytes(writer.index(changed, header))
        try:
            arrays = read(tmp_path / "x")
        except WeightsError:
            continue
        assert sum(array.nbytes for array in arrays.values()) <= 4 * 16


# ---- the real one -------------------------------------------------------------------------------


def test_the_real_checkpoint(real_weights):
    for path in (real_weights, real_weights / "squeezenet.ckpt"):
        arrays = read(path)
        assert len(arrays) == 52
        assert sum(array.size for array in arrays.values()) == 1_235_496
        assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}
    assert arrays["features/layer0/weights"].shape == (3, 3, 3, 64)
    assert arrays["classifier/layer1/weights"].shape == (1, 1, 512, 1000)
    fire = "features/layer3/fire"
    assert arrays[f"{fire}/e33/weights"].shape == (3, 3, 16, 64)
    # Rounded to half precision, as its README says.
    for name, array in arrays.items():
        if name.endswith("weights"):
            np.testing.assert_array_equal(array, array.astype(np.float16).astype(np.float32))


def test_the_real_checkpoint_with_a_changed_bit(real_weights, tmp_path):
    for part in ("index", "data-00000-of-00001"):
        shutil.copyfile(real_weights / f"squeezenet.ckpt.{part}", tmp_path / f"x.{part}")
        (tmp_path / f"x.{part}").chmod(0o600)
    rng = np.random.default_rng(0)
    assert len(read(tmp_path / "x")) == 52
    for part in ("index", "data-00000-of-00001"):
        path = tmp_path / f"x.{part}"
        whole = path.read_bytes()
        for _ in range(5):
            changed = bytearray(whole)
            changed[rng.integers(len(whole) - 60)] ^= 1 << int(rng.integers(8))
            path.write_bytes(changed)
            with pytest.raises(WeightsError, match="checksum"):
                read(tmp_path / "x")
        path.write_bytes(whole)
