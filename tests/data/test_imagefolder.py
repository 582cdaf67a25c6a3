"""Folders of photographs: which go where, what a network gets to see, what cannot be read."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from mydl.data import DataError, MissingDataError, imagefolder, load_dataset
from mydl.data.imagefolder import files_to_test, load_imagefolder, read_centre, read_square


def paint(path, colour, size=(40, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def colours(images):
    """The first pixel of each image, rounded as JPEG needs it."""
    return np.round(images[:, 0, 0].astype(int) / 10) * 10


@pytest.fixture
def folder(tmp_path):
    """Ten red and five blue photographs in all kinds of files, and files that are none."""
    endings = ("jpg", "JPEG", "png", "webp", "bmp")
    for number in range(10):
        paint(tmp_path / "red" / f"{number}.{endings[number % 5]}", (250, 0, 0))
    for number in range(5):
        paint(tmp_path / "blue" / f"{number}.{endings[number]}", (0, 0, 250), size=(20, 50))
    (tmp_path / "blue" / "notes.txt").write_text("taken in May")
    (tmp_path / "blue" / "._0.jpg").write_text("left by another system")
    (tmp_path / ".thumbnails").mkdir()
    (tmp_path / "README").write_text("mine")
    return tmp_path


def test_each_class_is_split(folder):
    data = load_dataset("imagefolder", folder, image_size=28)
    assert data.class_names == ("blue", "red")
    assert data.train_labels.tolist() == [0] * 4 + [1] * 8
    assert data.test_labels.tolist() == [0] + [1] * 2
    assert data.image_shape == (28, 28, 3)
    assert data.margin == 2
    assert data.train_images.shape == (12, 32, 32, 3)
    assert data.notes == ()
    wanted = np.array([(0, 0, 250), (250, 0, 0)])
    assert (colours(data.train_images[:]) == wanted[data.train_labels]).all()
    assert (colours(data.test_images[:]) == wanted[data.test_labels]).all()


def test_the_split_does_not_depend_on_where_the_folder_is_or_what_else_comes(folder, tmp_path):
    def tested(root):
        files = files_to_test(root)
        return {path.name for path in imagefolder._split(root, files)[1]["red"]}

    before = tested(folder)
    for number in range(10, 15):
        paint(folder / "red" / f"{number}.jpg", (250, 0, 0))
    after = tested(folder)
    assert len(before) == 2
    assert len(after) == 3
    assert len(after - before) <= 3
    moved = folder.rename(folder.with_name("moved"))
    assert tested(moved) == after


@pytest.mark.parametrize("name", ["test", "val"])
def test_a_folder_with_parts_is_taken_as_it_is(tmp_path, name):
    for part, counts in (("train", (3, 1)), (name, (1, 2))):
        for class_name, count in zip(("cat", "ant"), counts, strict=True):
            for number in range(count):
                paint(tmp_path / part / class_name / f"{number}.png", (0, 0, 0))
    data = load_imagefolder(tmp_path, image_size=16)
    assert data.class_names == ("ant", "cat")
    assert data.train_labels.tolist() == [0, 1, 1, 1]
    assert data.test_labels.tolist() == [0, 0, 1]


def test_photographs_are_indexed_as_an_array(folder, monkeypatch):
    kept = load_imagefolder(folder, image_size=16).train_images
    monkeypatch.setattr(imagefolder, "CACHE_BYTES", 5 * 3 * 18 * 18)
    read = load_imagefolder(folder, image_size=16).train_images
    assert len(read._kept) == 5
    whole = kept[:]
    assert whole.shape == kept.shape == (12, 18, 18, 3)
    for key in (slice(3, 7), slice(2, 2), np.array([11, 0, 5]), np.array([], int), 4, -1):
        assert np.array_equal(kept[key], whole[key])
        assert np.array_equal(read[key], whole[key])
    with pytest.raises(IndexError):
        kept[12]


def test_the_square_in_the_middle_is_scaled(tmp_path):
    image = Image.new("RGB", (80, 40), (200, 0, 0))
    image.paste((0, 100, 0), (20, 0, 60, 40))
    image.save(tmp_path / "wide.png")
    square = read_square(tmp_path / "wide.png", 16)
    assert square.shape == (16, 16, 3)
    assert square.dtype == np.uint8
    assert (square[:, 1:-1] == (0, 100, 0)).all()  # scaling blends the border


def test_one_photograph_is_read_as_a_data_set_has_it(folder):
    data = load_imagefolder(folder, image_size=28)
    data = dataclasses.replace(data, mean=np.zeros(3), std=np.full(3, 1 / 255))
    (path,) = imagefolder._split(folder, files_to_test(folder))[1]["blue"]
    assert np.array_equal(read_centre(path, 28), data.inputs(data.test_images[:1])[0])


def test_all_files_are_tested_unless_some_have_a_folder_of_their_own(folder):
    assert [len(paths) for paths in files_to_test(folder).values()] == [5, 10]
    for part, name in (("train", "a"), ("val", "b")):
        paint(folder / part / name / "0.jpg", (0, 0, 0))
    assert list(files_to_test(folder)) == ["b"]


def test_files_that_cannot_be_read_are_left_out_and_named(folder):
    (folder / "red" / "3.webp").write_bytes(b"no photograph")
    (folder / "red" / "2.png").write_bytes((folder / "red" / "7.png").read_bytes()[:60])
    data = load_imagefolder(folder, image_size=16)
    assert len(data.train_labels) + len(data.test_labels) == 13
    (note,) = data.notes
    assert note.startswith("left out 2 of 15 files that cannot be read: ")
    assert "3.webp" in note
    assert "2.png" in note


def test_a_long_list_of_faults_is_cut(folder):
    for number in range(5):
        next((folder / "red").glob(f"{number}.*")).write_bytes(b"")
    (note,) = load_imagefolder(folder, image_size=16).notes
    assert note.startswith("left out 5 of 15 files")
    assert note.endswith("; and 2 others")


def test_a_file_that_goes_missing_while_it_is_needed_is_named(folder, monkeypatch):
    monkeypatch.setattr(imagefolder, "CACHE_BYTES", 0)
    data = load_imagefolder(folder, image_size=16)
    for path in (folder / "red").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="red"):
        data.train_images[:]


def only(folder, *names):
    """Make a folder that has just these classes, of two photographs each."""
    for name in names:
        for number in range(2):
            paint(folder / name / f"{number}.png", (9, 9, 9))
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda root: only(root), "has no folders: it needs one for each class"),
        (lambda root: only(root, "cat"), "there is only the class 'cat'"),
        (
            lambda root: (only(root, "a", "b") / "c").mkdir(),
            "c has no photographs that can be read",
        ),
        (lambda root: only(root, "a", "train/b"), "has a folder train but none named test or val"),
        (
            lambda root: only(root, "train/a", "train/b", "test/z"),
            "the class 'z' has test but no training photographs",
        ),
        (
            lambda root: paint(only(root, "a", "b") / "c" / "0.png", (1, 1, 1)),
            "c has a single photograph: at least two",
        ),
        (
            lambda root: (only(root, "a") / "b").mkdir() or (root / "b" / "0.jpg").write_text("x"),
            "b has no photographs that can be read",
        ),
    ],
)
def test_folders_that_cannot_be_learnt_from(tmp_path, build, message):
    build(tmp_path / "root")
    with pytest.raises(DataError, match=message):
        load_imagefolder(tmp_path / "root", image_size=16)


def test_a_folder_must_be_named_and_exist(tmp_path):
    with pytest.raises(MissingDataError, match="name it with --data-dir"):
        load_dataset("imagefolder")
    with pytest.raises(MissingDataError, match="nowhere is not a folder"):
        load_imagefolder(tmp_path / "nowhere")
    with pytest.raises(DataError, match="image_size must be at least 16 pixels, got 8"):
        load_imagefolder(tmp_path, image_size=8)
