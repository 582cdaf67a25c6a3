"""CIFAR-100: its fine labels, from both layouts, by the code that reads CIFAR-10."""

import io
import tarfile

import numpy as np
import pytest

from mydl.data import DataError, MissingDataError, load_dataset
from mydl.data.cifar100 import CIFAR100

pytestmark = pytest.mark.usefixtures("nothing_lies_around")

LAYOUTS = pytest.mark.parametrize("layout", ["bin", "py"])
FOLDERS = {"bin": "cifar-100-binary", "py": "cifar-100-python"}
ROWS = {"train": 4, "test": 3}


@pytest.fixture
def parts():
    """Pixels (N, 3072), coarse and fine labels (N,) of the two parts."""
    rng = np.random.default_rng(1)
    return {
        name: [
            rng.integers(0, 256, (count, 3072), dtype=np.uint8),
            rng.integers(0, 20, count, dtype=np.uint8),
            rng.integers(20, 100, count, dtype=np.uint8),
        ]
        for name, count in ROWS.items()
    }


def contents(parts, layout, python2):
    files = {}
    for name, (pixels, coarse, fine) in parts.items():
        if layout == "bin":
            rows = np.concatenate([coarse[:, None], fine[:, None], pixels], axis=1)
            files[f"{name}.bin"] = rows.tobytes()
        else:
            labels = {
                key: python2.list([python2.integer(int(label)) for label in values])
                for key, values in (("coarse_labels", coarse), ("fine_labels", fine))
            }
            files[name] = python2.dictionary({**labels, "data": python2.array(pixels)})
    return files


def write_folder(parent, files, layout):
    folder = parent / FOLDERS[layout]
    folder.mkdir(parents=True)
    for name, raw in files.items():
        (folder / name).write_bytes(raw)
    return folder


def write_archive(parent, files, layout):
    path = parent / f"{FOLDERS[layout]}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, raw in files.items():
            member = tarfile.TarInfo(f"{FOLDERS[layout]}/{name}")
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    return path


@LAYOUTS
def test_images_and_fine_labels_come_out(layout, parts, python2, tmp_path):
    files = contents(parts, layout, python2)
    folder = write_folder(tmp_path / "folders", files, layout)
    archive = write_archive(tmp_path, files, layout)
    for place in (folder, folder.parent, archive, archive.parent):
        dataset = load_dataset("cifar100", place)
        for part, (images, labels) in {
            "train": (dataset.train_images, dataset.train_labels),
            "test": (dataset.test_images, dataset.test_labels),
        }.items():
            pixels, _, fine = parts[part]
            planes = pixels.reshape(-1, 3, 32, 32)
            np.testing.assert_array_equal(images, planes.transpose(0, 2, 3, 1))
            np.testing.assert_array_equal(labels, fine)
        assert "4 training images; the official data set has 50,000" in dataset.notes[0]


def test_there_are_a_hundred_different_names_in_order():
    names = CIFAR100.class_names
    assert len(set(names)) == 100
    assert list(names) == sorted(names)
    assert (names[0], names[19], names[53], names[99]) == ("apple", "cattle", "orange", "worm")


@LAYOUTS
def test_labels_out_of_range_are_named(layout, parts, python2, tmp_path):
    parts["train"][2][3] = 100
    folder = write_folder(tmp_path, contents(parts, layout, python2), layout)
    with pytest.raises(DataError, match=r"train.*: image 3 has the label 100, expected 0 to 99"):
        CIFAR100.load(folder)


@LAYOUTS
def test_a_file_cut_short_is_named(layout, parts, python2, tmp_path):
    files = contents(parts, layout, python2)
    files = {name: raw[:-1] if "test" in name else raw for name, raw in files.items()}
    folder = write_folder(tmp_path, files, layout)
    with pytest.raises(DataError, match=r"test.*: .*unpack or download it again"):
        CIFAR100.load(folder)


def test_what_is_missing_is_named(parts, python2, tmp_path):
    folder = write_folder(tmp_path, contents(parts, "bin", python2), "bin")
    (folder / "test.bin").unlink()
    with pytest.raises(DataError, match="cifar-100-binary lacks test; unpack or download"):
        CIFAR100.load(tmp_path)
    with pytest.raises(MissingDataError, match=r"CIFAR-100 is not in .*cifar-100-binary\.tar\.gz"):
        CIFAR100.load(tmp_path / "nowhere")


@LAYOUTS
def test_cifar10_is_not_taken_for_it(layout, small_cifar, tmp_path):
    archive = small_cifar.write_archive(tmp_path, layout)
    with pytest.raises(DataError, match="lacks train, test: it is not CIFAR-100 or not all of it"):
        CIFAR100.load(archive)


def test_a_pickle_with_the_labels_of_cifar10_is_refused(parts, python2, tmp_path):
    files = {n: python2.batch(pixels, fine) for n, (pixels, _, fine) in parts.items()}
    folder = write_folder(tmp_path, files, "py")
    with pytest.raises(DataError, match="expected 'fine_labels', one for each of 4 images"):
        CIFAR100.load(folder)
