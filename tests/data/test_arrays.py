"""Data sets in .npz files: ours and Keras's names, wrong arrays, damage."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydl.data import DataError, MissingDataError, load_dataset


def arrays(**changes):
    rng = np.random.default_rng(0)
    values = {
        "train_images": rng.integers(0, 256, (6, 28, 28), dtype=np.uint8),
        "train_labels": np.array([0, 1, 2, 0, 1, 2]),
        "test_images": rng.integers(0, 256, (3, 28, 28), dtype=np.uint8),
        "test_labels": np.array([2, 1, 0]),
    }
    return {k: v for k, v in {**values, **changes}.items() if v is not None}


def save(path, values, write=np.savez):
    write(path, **values)
    return path


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_a_file_gives_its_images_labels_and_names(write, tmp_path):
    values = arrays(class_names=np.array(["round", "square", "other"]))
    path = save(tmp_path / "shapes.npz", values, write)
    for place in (path, tmp_path, str(path)):
        dataset = load_dataset("npz", place)
        np.testing.assert_array_equal(
            dataset.train_images[:][:, 2:-2, 2:-2, 1], values["train_images"]
        )
        np.testing.assert_array_equal(dataset.train_labels, values["train_labels"])
        np.testing.assert_array_equal(dataset.test_labels, values["test_labels"])
        assert dataset.train_labels.dtype == np.int64
        assert dataset.class_names == ("round", "square", "other")
        assert dataset.image_shape == (32, 32, 3)
        assert not dataset.mirror


def test_keras_names_and_its_columns_of_labels_are_taken(tmp_path):
    values = arrays()
    keras = {
        "x_train": values["train_images"],
        "y_train": values["train_labels"].astype(np.uint8)[:, None],
        "x_test": values["test_images"],
        "y_test": values["test_labels"].astype(np.uint8)[:, None],
    }
    dataset = load_dataset("npz", save(tmp_path / "mnist.npz", keras))
    np.testing.assert_array_equal(dataset.train_labels, values["train_labels"])
    assert dataset.class_names == ("0", "1", "2")


def test_photographs_keep_their_size_and_colours(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (6, 48, 48, 3), dtype=np.uint8)
    path = save(tmp_path / "a.npz", arrays(train_images=images, test_images=images[:3]))
    dataset = load_dataset("npz", path)
    np.testing.assert_array_equal(dataset.train_images[:], images)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test_labels": None}, r"lacks test_labels \(or y_test\): make it by np\.savez"),
        ({"train_images": np.zeros((6, 28, 28))}, "train_images.*: expected images of type uint8"),
        ({"train_images": np.zeros((6, 3, 32, 32), np.uint8)}, "transpose"),
        ({"train_labels": np.zeros(6)}, "a whole number as label for each of 6 images, got float"),
        ({"train_labels": np.zeros(5, int)}, r"for each of 6 images, got int64 of shape \(5,\)"),
        ({"test_labels": np.array([0, -1, 0])}, "labels from 0 to 65,535, got -1"),
        ({"test_labels": np.array([0, 2**40, 0])}, "labels from 0 to 65,535, got 1099511627776"),
        ({"train_labels": np.array(list("aaabbb"), object)}, "not a readable .npz file"),
        ({"class_names": np.array(["one", "two"])}, "class_names to be a text for each of 3"),
        ({"class_names": np.arange(3)}, "class_names to be a text for each of 3 classes, got int"),
        ({"train_images": np.zeros((6, 28, 28), np.uint8)}, "all of one colour"),
        (
            {"train_images": np.zeros((0, 28, 28), np.uint8), "train_labels": np.zeros(0, int)},
            "there are no images",
        ),
        ({"test_images": np.ones((3, 40, 40), np.uint8)}, "all of one size"),
    ],
)
def test_wrong_arrays_are_told_in_a_sentence(changes, message, tmp_path):
    path = save(tmp_path / "a.npz", arrays(**changes))
    with pytest.raises(DataError, match=message) as caught:
        load_dataset("npz", path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_choice_of_files_are_told(tmp_path):
    with pytest.raises(MissingDataError, match="npz needs a file of arrays: name it with --data-d"):
        load_dataset("npz")
    with pytest.raises(MissingDataError, match=r"there is no file .*a\.npz"):
        load_dataset("npz", tmp_path / "a.npz")
    with pytest.raises(MissingDataError, match=r"no \.npz file in"):
        load_dataset("npz", tmp_path)
    for name in ("a", "b"):
        save(tmp_path / f"{name}.npz", arrays())
    with pytest.raises(DataError, match=r"has 2 \.npz files, such as a\.npz: name one of them"):
        load_dataset("npz", tmp_path)


@pytest.mark.parametrize("raw", [b"", b"PK\3\4", b"<html></html>", b"\x93NUMPY\1\0"])
def test_another_kind_of_file_is_told(raw, tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"a\.npz: not a readable \.npz file"):
        load_dataset("npz", path)


def test_pickled_objects_are_never_loaded(tmp_path):
    class Canary:
        def __reduce__(self):
            return (open, (str(tmp_path / "called"), "w"))

    path = save(tmp_path / "a.npz", arrays(class_names=np.array([Canary()] * 3, object)))
    with pytest.raises(DataError, match="not a readable"):
        load_dataset("npz", path)
    assert not (tmp_path / "called").exists()


def test_headers_that_promise_too_much_are_refused(tmp_path):
    content = io.BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": (2**40, 28, 28)}
    np.lib.format.write_array_header_1_0(content, description)
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train_images.npy", content.getvalue())
    with pytest.raises(DataError, match="0 bytes are no array of shape"):
        load_dataset("npz", path)


def test_an_entry_that_would_fill_the_memory_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train_images.npy", bytes(2**27))
    with pytest.raises(DataError, match="too many for a file of its size: do not trust it"):
        load_dataset("npz", path)


def load_or_fault(load):
    """The data set and no fault, or none and what is wrong with it."""
    try:
        return load(), ""
    except DataError as error:
        return None, str(error)


@settings(max_examples=60)
@given(st.booleans(), st.floats(0, 1), st.integers(1, 255), st.booleans())
def test_damage_is_told_in_a_sentence_or_changes_nothing(
    tmp_path_factory, packed, place, change, cut
):
    values = arrays()
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    save(path, values, np.savez_compressed if packed else np.savez)
    raw = bytearray(path.read_bytes())
    place = min(int(place * len(raw)), len(raw) - 1)
    if cut:
        del raw[place:]
    else:
        raw[place] ^= change
    path.write_bytes(raw)
    dataset, fault = load_or_fault(lambda: load_dataset("npz", path))
    if dataset is None:
        assert "a.npz" in fault
        return
    np.testing.assert_array_equal(dataset.train_images[:][:, 2:-2, 2:-2, 0], values["train_images"])
    np.testing.assert_array_equal(dataset.test_labels, values["test_labels"])
