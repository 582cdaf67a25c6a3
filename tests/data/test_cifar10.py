"""CIFAR-10 from both layouts, packed and unpacked, found where it may be; damage told in words."""

import gzip
import io
import tarfile

import numpy as np
import pytest

from mydl.data import DataError, MissingDataError, load_dataset
from mydl.data.cifar10 import CIFAR10

pytestmark = pytest.mark.usefixtures("nothing_lies_around")

LAYOUTS = pytest.mark.parametrize("layout", ["bin", "py"])
TRAIN_BATCHES = [f"data_batch_{number}" for number in range(1, 6)]


def check(dataset, small_cifar):
    """The data set holds what was written, in order."""
    train_images = np.concatenate([small_cifar.images(name) for name in TRAIN_BATCHES])
    train_labels = np.concatenate([small_cifar.labels[name] for name in TRAIN_BATCHES])
    np.testing.assert_array_equal(dataset.train_images, train_images)
    np.testing.assert_array_equal(dataset.train_labels, train_labels)
    np.testing.assert_array_equal(dataset.test_images, small_cifar.images("test_batch"))
    np.testing.assert_array_equal(dataset.test_labels, small_cifar.labels["test_batch"])
    assert dataset.train_labels.dtype == np.int64
    assert dataset.class_names == CIFAR10.class_names
    assert dataset.mirror


@LAYOUTS
def test_a_folder_its_parent_and_the_archive_give_the_same(layout, small_cifar, tmp_path):
    folder = small_cifar.write_folder(tmp_path / "folders", layout)
    archive = small_cifar.write_archive(tmp_path / "archives", layout)
    for place in (folder, folder.parent, archive, archive.parent, str(folder)):
        check(CIFAR10.load(place), small_cifar)


@LAYOUTS
def test_an_archive_that_a_browser_has_decompressed_is_read(layout, small_cifar, tmp_path):
    check(CIFAR10.load(small_cifar.write_archive(tmp_path, layout, compression="")), small_cifar)


def test_a_copy_is_found_in_the_variables_folder_then_in_data_then_in_the_cache(
    small_cifar, tmp_path, monkeypatch
):
    assert CIFAR10.find() is None
    cached = small_cifar.write_archive(tmp_path / "cache", "bin")
    assert CIFAR10.find() == cached
    small_cifar.write_folder(tmp_path / "elsewhere" / "data", "py")
    assert CIFAR10.find().parts == ("data", "cifar-10-batches-py")
    named = small_cifar.write_folder(tmp_path / "named", "bin")
    monkeypatch.setenv("MYDL_DATA", str(tmp_path / "named"))
    assert CIFAR10.find() == named
    check(load_dataset("cifar10"), small_cifar)
    check(load_dataset("cifar10", ""), small_cifar)


def test_a_named_folder_is_the_only_place_that_counts(small_cifar, tmp_path):
    small_cifar.write_archive(tmp_path / "cache", "bin")
    with pytest.raises(MissingDataError, match=r"CIFAR-10 is not in .*nowhere: put cifar-10"):
        CIFAR10.load(tmp_path / "nowhere")


def test_without_a_copy_the_message_says_what_to_put_where():
    with pytest.raises(MissingDataError) as caught:
        load_dataset("cifar10")
    message = str(caught.value)
    assert message.startswith("CIFAR-10 is not in data or ")
    for word in ("cifar-10-binary.tar.gz", "./data", "--data-dir", "$MYDL_DATA", "--download"):
        assert word in message
    assert "\n" not in message


@LAYOUTS
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_short_is_named(layout, packed, small_cifar, tmp_path):
    suffix = ".bin" if layout == "bin" else ""
    whole = small_cifar.file
    small_cifar.file = lambda layout, name: (
        whole(layout, name)[:-100] if name == "data_batch_3" else whole(layout, name)
    )
    write = small_cifar.write_archive if packed else small_cifar.write_folder
    with pytest.raises(DataError, match=f"data_batch_3{suffix}: .*unpack or download it again"):
        CIFAR10.load(write(tmp_path, layout))


def test_a_file_cut_short_between_two_images_is_named(small_cifar, tmp_path):
    folder = small_cifar.write_folder(tmp_path, "bin")
    file = folder / "data_batch_4.bin"
    file.write_bytes(file.read_bytes()[:-3073])
    with pytest.raises(DataError, match="data_batch_4 has 2 images, the others have 3"):
        CIFAR10.load(folder)


@LAYOUTS
def test_an_empty_file_is_named(layout, small_cifar, tmp_path):
    folder = small_cifar.write_folder(tmp_path, layout)
    next(folder.glob("data_batch_5*")).write_bytes(b"")
    with pytest.raises(DataError, match="data_batch_5"):
        CIFAR10.load(folder)


@LAYOUTS
def test_missing_files_are_named(layout, small_cifar, tmp_path):
    folder = small_cifar.write_folder(tmp_path, layout)
    for name in ("data_batch_2", "test_batch"):
        next(folder.glob(f"{name}*")).unlink()
    with pytest.raises(DataError, match="lacks data_batch_2, test_batch; unpack or download it"):
        CIFAR10.load(tmp_path)


@LAYOUTS
def test_labels_out_of_range_are_named(layout, small_cifar, tmp_path):
    small_cifar.labels["data_batch_2"][1] = 10
    folder = small_cifar.write_folder(tmp_path, layout)
    with pytest.raises(DataError, match=r"data_batch_2.*image 1 has the label 10, expected 0 to 9"):
        CIFAR10.load(folder)


def test_pickles_without_what_is_needed_are_refused(small_cifar, python2, tmp_path):
    pixels, labels = small_cifar.pixels["data_batch_1"], small_cifar.labels["data_batch_1"]
    wrong = {
        "expected 'labels', one for each of 3 images": [
            python2.batch(pixels, labels[:2]),
            python2.batch(pixels, labels, labels=python2.string("123")),
            python2.batch(pixels, labels, labels=python2.integer(3)),
        ],
        "whole numbers from 0 to 9": [
            python2.batch(pixels, labels, labels=python2.list([python2.string("1")] * 3)),
            python2.batch(pixels, labels, labels=python2.list([python2.integer(-1)] * 3)),
            python2.batch(pixels, labels, labels=python2.list([python2.integer(1000)] * 3)),
            python2.batch(pixels, labels, labels=python2.list([b"N"] * 3)),
        ],
        "expected 'data', an array of shape": [
            python2.batch(pixels[:, 1:], labels),
            python2.batch(pixels, labels, data=python2.string("pixels")),
            python2.dictionary({"labels": python2.list([])}),
        ],
    }
    folder = small_cifar.write_folder(tmp_path, "py")
    for message, files in wrong.items():
        for raw in files:
            (folder / "data_batch_1").write_bytes(raw)
            with pytest.raises(DataError, match=f"data_batch_1: .*{message}"):
                CIFAR10.load(folder)


def test_a_hostile_pickle_is_refused_with_its_files_name(small_cifar, tmp_path):
    folder = small_cifar.write_folder(tmp_path, "py")
    canary = tmp_path / "called"
    (folder / "test_batch").write_bytes(
        b"cos\nsystem\n("
        + b"U"
        + bytes([len(f"touch {canary}")])
        + f"touch {canary}".encode()
        + b"tR."
    )
    with pytest.raises(DataError, match=r"test_batch: it asks for 'os\.system'.*do not trust it"):
        CIFAR10.load(folder)
    assert not canary.exists()


def test_a_batch_without_end_is_refused_before_it_is_read(small_cifar, tmp_path):
    folder = small_cifar.write_folder(tmp_path, "bin")
    with (folder / "data_batch_1.bin").open("r+b") as file:
        file.truncate(2**40)  # takes no room on the disk
    with pytest.raises(DataError, match=r"data_batch_1\.bin: 1,099,511,627,776 bytes are too many"):
        CIFAR10.load(folder)


def archive_of(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_links_in_an_archive_are_not_followed(small_cifar, tmp_path):
    members = []
    for name in TRAIN_BATCHES:
        content = small_cifar.file("bin", name)
        members.append((tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin"), content))
    link = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    path = archive_of(tmp_path / "linked.tar.gz", [*members, (link, b"")])
    with pytest.raises(DataError, match="lacks test_batch"):
        CIFAR10.load(path)


def test_an_archive_writes_nothing_wherever_its_names_point(small_cifar, tmp_path):
    members = [
        (tarfile.TarInfo(f"../../../escaped/{name}.bin"), small_cifar.file("bin", name))
        for name in [*TRAIN_BATCHES, "test_batch"]
    ]
    (tmp_path / "in").mkdir()
    path = archive_of(tmp_path / "in" / "outside.tar.gz", members)
    check(CIFAR10.load(path), small_cifar)
    assert not list(tmp_path.rglob("escaped"))


def test_an_archive_of_something_else_lacks_every_batch(tmp_path):
    path = archive_of(tmp_path / "other.tar.gz", [(tarfile.TarInfo("readme"), b"hello")])
    with pytest.raises(DataError, match=r"other\.tar\.gz lacks data_batch_1, "):
        CIFAR10.load(path)


@LAYOUTS
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.95])
def test_an_archive_cut_short_is_told_in_a_sentence(layout, share, small_cifar, tmp_path):
    path = small_cifar.write_archive(tmp_path, layout)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(DataError, match="damaged or cut short; download it again") as caught:
        CIFAR10.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [b"", b"<html>not found</html>", gzip.compress(b"x" * 5000)],
    ids=["empty", "html", "gzip"],  # a compressed file has the time in it
)
def test_a_file_that_is_no_archive_is_told_in_a_sentence(raw, tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(raw)
    with pytest.raises(DataError, match="no archive, or one that is damaged"):
        CIFAR10.load(tmp_path)


def test_a_changed_byte_in_an_archive_is_noticed_or_changes_nothing(small_cifar, tmp_path):
    path = small_cifar.write_archive(tmp_path, "bin")
    raw = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for _ in range(50):
        changed = bytearray(raw)
        changed[rng.integers(len(raw))] ^= 0xFF
        path.write_bytes(changed)
        try:
            dataset = CIFAR10.load(path)
        except DataError:
            continue
        check(dataset, small_cifar)


def test_the_real_photographs(test_data):
    """A batch made from real images, in the official layout, comes out as the images themselves."""
    image = pytest.importorskip("PIL.Image")
    from mydl.data.cifar import _join

    rows, originals = [], []
    with tarfile.open(test_data / "cifar10-jpeg.tar.xz") as archive:
        for member in archive:
            if len(rows) == 20:
                break
            if member.name.endswith(".jpg"):
                pixels = np.asarray(image.open(archive.extractfile(member)).convert("RGB"))
                label = CIFAR10.class_names.index(member.name.split("/")[-2])
                originals.append(pixels)
                rows.append(bytes([label]) + pixels.transpose(2, 0, 1).tobytes())
    images, _ = _join([CIFAR10._read_binary(b"".join(rows))])
    np.testing.assert_array_equal(images, originals)


@pytest.mark.slow
@LAYOUTS
def test_all_of_the_real_photographs(layout, test_data, tmp_path_factory):
    """Both official layouts at full size, made by the script that comes with the test data."""
    import subprocess
    import sys

    folder = tmp_path_factory.getbasetemp() / "real-cifar"
    if not folder.is_dir():
        with tarfile.open(test_data / "cifar10-jpeg.tar.xz") as archive:
            archive.extractall(folder, filter="data")
        script = test_data.parent / "tools" / "make_cifar_batches.py"
        if not script.is_file():
            pytest.skip(f"no {script}")
        subprocess.run([sys.executable, script, folder, folder], check=True)
    dataset = CIFAR10.load(folder / f"cifar-10-batches-{layout}")
    assert dataset.train_images.shape == (50_000, 32, 32, 3)
    assert np.bincount(dataset.train_labels).tolist() == [5_000] * 10
    assert np.bincount(dataset.test_labels).tolist() == [500] * 10
    # The images were stored as JPEG, which blurs them a little.
    mean = dataset.train_images[::10].mean(axis=(0, 1, 2)) / 255
    std = dataset.train_images[::10].std(axis=(0, 1, 2)) / 255
    np.testing.assert_allclose(mean, dataset.mean, atol=0.01)
    np.testing.assert_allclose(std, dataset.std, atol=0.01)
