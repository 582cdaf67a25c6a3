"""MNIST and Fashion-MNIST from IDX files: packed or not, damaged in every way."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydl.data import DataError, MissingDataError, find_dataset, load_dataset
from mydl.data.idx import FASHION_MNIST, FILES, MNIST

pytestmark = pytest.mark.usefixtures("nothing_lies_around")

IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = FILES


def idx(values):
    header = struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return header + values.astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    return {
        IMAGES: rng.integers(0, 256, (6, 28, 28), dtype=np.uint8),
        LABELS: np.array([0, 9, 3, 3, 1, 7], np.uint8),
        TEST_IMAGES: rng.integers(0, 256, (2, 28, 28), dtype=np.uint8),
        TEST_LABELS: np.array([2, 4], np.uint8),
    }


def write(folder, arrays, ending=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in arrays.items():
        raw = idx(values)
        path = folder / f"{name}{ending}"
        path.write_bytes(gzip.compress(raw) if ending == ".gz" else raw)
    return folder


def check(dataset, arrays):
    seen = dataset.train_images[:][:, 2:-2, 2:-2]
    for channel in range(3):
        np.testing.assert_array_equal(seen[..., channel], arrays[IMAGES])
        np.testing.assert_array_equal(
            dataset.test_images[:][:, 2:-2, 2:-2, channel], arrays[TEST_IMAGES]
        )
    np.testing.assert_array_equal(dataset.train_labels, arrays[LABELS])
    np.testing.assert_array_equal(dataset.test_labels, arrays[TEST_LABELS])


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("official", [MNIST, FASHION_MNIST], ids=lambda official: official.name)
def test_images_come_out_in_colour_with_two_black_pixels_around(official, ending, arrays, tmp_path):
    dataset = official.load(write(tmp_path, arrays, ending))
    check(dataset, arrays)
    assert dataset.image_shape == (32, 32, 3)
    assert dataset.train_images[0][:2].max() == 0
    assert dataset.train_labels.dtype == np.int64
    assert len(dataset.class_names) == 10
    assert not dataset.mirror
    whole = dataset.train_images[:]
    np.testing.assert_allclose(dataset.mean, whole.mean(axis=(0, 1, 2)) / 255)
    np.testing.assert_allclose(dataset.std, whole.std(axis=(0, 1, 2)) / 255)


def test_names_with_a_dot_and_packed_files_without_their_ending_are_read(arrays, tmp_path):
    write(tmp_path, arrays)
    (tmp_path / IMAGES).rename(tmp_path / "train-images.idx3-ubyte")
    (tmp_path / LABELS).write_bytes(gzip.compress(idx(arrays[LABELS])))
    check(MNIST.load(tmp_path), arrays)


def test_a_folder_that_all_share_has_one_for_each(arrays, tmp_path, monkeypatch):
    """The files of both have the same names."""
    other = {**arrays, LABELS: arrays[LABELS][::-1]}
    write(tmp_path / "elsewhere" / "data", arrays)
    assert find_dataset("mnist") is None
    write(tmp_path / "elsewhere" / "data" / "FashionMNIST" / "raw", other)  # as PyTorch puts it
    assert find_dataset("mnist") is None
    check(load_dataset("fashion-mnist"), other)
    write(tmp_path / "elsewhere" / "data" / "mnist", arrays)
    check(load_dataset("mnist"), arrays)
    check(load_dataset("mnist", "data"), arrays)
    monkeypatch.setenv("MYDL_DATA", str(tmp_path / "named"))
    write(tmp_path / "named" / "mnist", other)
    check(load_dataset("mnist"), other)


@pytest.mark.parametrize("official", [MNIST, FASHION_MNIST], ids=lambda official: official.name)
def test_without_a_copy_the_message_says_what_to_put_where(official):
    with pytest.raises(MissingDataError) as caught:
        load_dataset(official.name)
    message = str(caught.value)
    assert message.startswith(f"{official.title} is not in data or ")
    for word in (*FILES, f"./data/{official.name}", "--data-dir", "--download"):
        assert word in message
    assert "\n" not in message


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name, arrays, tmp_path):
    write(tmp_path, {key: values for key, values in arrays.items() if key != name})
    with pytest.raises(DataError, match=f"lacks {name}; unpack or download it again"):
        MNIST.load(tmp_path)


def header(*sizes, kind=8, axes=None):
    return struct.pack(f">4B{len(sizes)}I", 0, 0, kind, axes or len(sizes), *sizes)


ROW = 28 * 28
WRONG = {
    "this is no IDX file of images or labels": [
        b"",
        b"\0\0\x08",
        b"<html>not found</html>",
        header(6, 28, 28, kind=13) + bytes(4 * 6 * ROW),
        header(2, 2) + bytes(4),
    ],
    "expected images, it holds labels": [header(6) + bytes(6)],
    "damaged or cut short": [header(6, 28, axes=3)],
    "promises 4,294,967,295x4,294,967,295x4,294,967,295 bytes and is too short": [
        header(*[2**32 - 1] * 3)
    ],
    "promises 6x28x28 bytes and is too short": [header(6, 28, 28) + bytes(6 * ROW - 1)],
    "it is longer than it says": [header(6, 28, 28) + bytes(6 * ROW + 1)],
    "it is empty": [header(0, 28, 28)],
    "expected images of 28x28 pixels, got 14x56": [header(6, 14, 56) + bytes(6 * ROW)],
    "all of one colour": [header(6, 28, 28) + bytes(6 * ROW)],
    "6 labels, train-images-idx3-ubyte.* has 5 images": [header(5, 28, 28) + bytes(5 * ROW)],
}


@pytest.mark.parametrize(
    ("message", "raw"), [(message, raw) for message, raws in WRONG.items() for raw in raws]
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_images_of_another_kind_are_told_in_a_sentence(message, raw, ending, arrays, tmp_path):
    write(tmp_path, arrays, ending)
    path = tmp_path / f"{IMAGES}{ending}"
    path.write_bytes(gzip.compress(raw) if ending else raw)
    if ending:  # how much a packed file holds is only known when it has been unpacked
        message = message.replace("promises 6x28x28 bytes and is too short", "it is cut short")
    with pytest.raises(DataError, match=f"{tmp_path}.*{message}"):
        MNIST.load(tmp_path)


def test_a_label_out_of_range_is_named(arrays, tmp_path):
    write(tmp_path, {**arrays, TEST_LABELS: np.array([9, 10])})
    with pytest.raises(DataError, match=r"t10k-labels.*: image 1 has the label 10, expected 0 to"):
        MNIST.load(tmp_path)


def load_or_fault(load):
    """The data set and no fault, or none and what is wrong with it."""
    try:
        return load(), ""
    except DataError as error:
        return None, str(error)


@settings(max_examples=60)
@given(st.sampled_from(FILES), st.booleans(), st.floats(0, 1), st.integers(1, 255), st.booleans())
def test_damage_is_told_in_a_sentence_or_changes_values_only(
    arrays, tmp_path_factory, name, packed, place, change, cut
):
    ending = ".gz" if packed else ""
    folder = write(tmp_path_factory.mktemp("mnist"), arrays, ending)
    path = folder / f"{name}{ending}"
    raw = bytearray(path.read_bytes())
    place = min(int(place * len(raw)), len(raw) - 1)
    if cut:
        del raw[place:]
    else:
        raw[place] ^= change
    path.write_bytes(raw)
    dataset, fault = load_or_fault(lambda: MNIST.load(folder))
    if dataset is None:
        assert name in fault
        assert "\n" not in fault
        return
    assert not cut
    if packed:  # a byte that no checksum covers, such as the time of packing
        check(dataset, arrays)
    assert dataset.train_images.shape == (6, 32, 32, 3)


def test_files_that_are_missing_are_downloaded_beside_those_that_are_there(
    arrays, tmp_path, monkeypatch
):
    calls = []

    def fetch(url, md5, folder):
        calls.append((url, md5, folder))
        write(folder, arrays, ".gz")

    monkeypatch.setattr("mydl.data.official.fetch", fetch)
    write(tmp_path / "mnist", {IMAGES: arrays[IMAGES]}, ".gz")
    check(load_dataset("mnist", tmp_path, download=True), arrays)
    assert [url.rsplit("/", 1)[1] for url, _, _ in calls] == [f"{name}.gz" for name in FILES]
    assert {folder for _, _, folder in calls} == {tmp_path / "mnist"}
    load_dataset("mnist", tmp_path, download=True)
    assert len(calls) == 4, "nothing is fetched where all is there"
