"""CIFAR-10: 50,000 photographs to train on and 10,000 to test on, 32x32 pixels, of ten things.

A. Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
https://www.cs.toronto.edu/~kriz/cifar.html gives the layouts that are read here. In both, an image
is 3,072 bytes: 32x32 red values row by row, then the green, then the blue ones.
"""

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from ..layer import Array
from .dataset import DataError, Dataset, MissingDataError
from .download import DownloadError, cache_folder, fetch
from .pickles import read_pickle

CLASS_NAMES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
# Of the 50,000 training images. They are given here so that a network sees the same inputs
# whichever copy of the data it is tested on.
MEAN = np.array([0.4914, 0.4822, 0.4465])
STD = np.array([0.2470, 0.2435, 0.2616])

TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
BATCHES = (*TRAIN_BATCHES, "test_batch")
PIXELS = 3 * 32 * 32
LARGEST_FILE = 2**28  # bytes; an official batch has 31 million

PAGE = "https://www.cs.toronto.edu/~kriz"
ARCHIVE, ARCHIVE_MD5 = "cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"
# What may lie in a folder, in the order in which it is looked for.
COPIES = ("", "cifar-10-batches-bin", "cifar-10-batches-py", ARCHIVE, "cifar-10-python.tar.gz")
ADVICE = (
    f"put {ARCHIVE} or cifar-10-python.tar.gz from {PAGE}/cifar.html, packed or unpacked, into "
    "./data, or name its place with --data-dir or $MYDL_DATA"
)


def load_cifar10(
    data_dir: str | os.PathLike[str] | None = None, *, download: bool = False
) -> Dataset:
    """Load CIFAR-10 from either of its official layouts, packed or unpacked.

    Args:
        data_dir: the folder with the batches, the folder around it, or the archive. None looks
            into $MYDL_DATA, ./data and the user's cache.
        download: whether to fetch the official archive, 162 MB, if there is no copy; it goes into
            ``data_dir`` or the cache.

    Raises:
        MissingDataError: there is no copy.
        DownloadError: it cannot be downloaded.
        DataError: a file is missing, damaged or of another kind.
    """
    path = find_cifar10(data_dir)
    if path is None and download:
        path = download_cifar10(data_dir)
    if path is None:
        looked = " or ".join(str(place) for place in _places(data_dir))
        raise MissingDataError(
            f"CIFAR-10 is not in {looked}: {ADVICE}; --download (in Python, download=True) "
            "fetches it"
        )
    return read_cifar10(path)


def find_cifar10(data_dir: str | os.PathLike[str] | None = None) -> Path | None:
    """The folder or archive that :func:`load_cifar10` would read; None if there is no copy."""
    for place in _places(data_dir):
        for copy in COPIES:
            path = place / copy
            if path.is_file() or any(_batch_file(path, batch) for batch in BATCHES):
                return path
    return None


def download_cifar10(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Fetch the official archive into a folder or the user's cache; return its path."""
    folder = Path(data_dir).expanduser() if data_dir else cache_folder()
    try:
        return fetch(f"{PAGE}/{ARCHIVE}", ARCHIVE_MD5, folder)
    except DownloadError as error:
        raise DownloadError(f"{error}; {ADVICE}") from None


def read_cifar10(path: Path) -> Dataset:
    """Read the six batches in a folder or an archive."""
    batches: dict[str, tuple[Array, Array]] = {}
    for file, raw in _archive_files(path) if path.is_file() else _folder_files(path):
        read = _read_binary if file.endswith(".bin") else _read_python
        try:
            batches[_batch_name(file)] = read(raw)
        except DataError as error:
            raise DataError(f"{path}: {file}: {error}") from None
    missing = [batch for batch in BATCHES if batch not in batches]
    if missing:
        raise DataError(f"{path} lacks {', '.join(missing)}; unpack or download it again")
    lengths = [len(batches[batch][1]) for batch in TRAIN_BATCHES]
    if min(lengths) < max(lengths):
        batch = TRAIN_BATCHES[lengths.index(min(lengths))]
        raise DataError(
            f"{path}: {batch} has {min(lengths):,} images, the others have {max(lengths):,}; "
            "unpack or download it again"
        )
    train_images, train_labels = _join([batches.pop(batch) for batch in TRAIN_BATCHES])
    test_images, test_labels = _join([batches.pop("test_batch")])
    return Dataset(
        name="cifar10",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        class_names=CLASS_NAMES,
        mean=MEAN,
        std=STD,
        mirror=True,
    )


def _places(data_dir: str | os.PathLike[str] | None) -> list[Path]:
    """Where a copy may be."""
    if data_dir:
        return [Path(data_dir).expanduser()]
    given = os.environ.get("MYDL_DATA")
    return [*([Path(given).expanduser()] if given else []), Path("data"), cache_folder()]


def _batch_file(folder: Path, batch: str) -> Path | None:
    """A batch's file in a folder, in the binary layout or else as a pickle."""
    return next((f for f in (folder / f"{batch}.bin", folder / batch) if f.is_file()), None)


def _batch_name(file: str) -> str:
    return file.removesuffix(".bin")


def _folder_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and contents of each batch's file in a folder."""
    for batch in BATCHES:
        file = _batch_file(folder, batch)
        if file is not None:
            _check_size(file, file.stat().st_size)
            yield file.name, file.read_bytes()


def _archive_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and contents of each batch's file in an archive; nothing is unpacked to the disk."""
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                file = PurePosixPath(member.name).name
                if _batch_name(file) in BATCHES and member.isreg():
                    _check_size(path / file, member.size)
                    content = archive.extractfile(member)
                    assert content is not None  # a regular file has contents
                    yield file, content.read()
            # The checksum of the whole stands at its end and is compared when that is read.
            while archive.fileobj is not None and archive.fileobj.read(2**20):
                pass
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise DataError(
            f"{path}: no archive, or one that is damaged or cut short; download it again"
        ) from None


def _check_size(file: Path, size: int) -> None:
    if size > LARGEST_FILE:
        raise DataError(f"{file}: {size:,} bytes are too many for a batch of CIFAR-10")


def _read_binary(raw: bytes) -> tuple[Array, Array]:
    """Pixels (N, 3072) and labels (N,) of a batch whose rows are a label and the pixels."""
    row = 1 + PIXELS
    if not raw or len(raw) % row:
        raise DataError(
            f"expected rows of {row:,} bytes, got {len(raw):,} bytes: the file is cut short or of "
            "another kind; unpack or download it again"
        )
    rows = np.frombuffer(raw, np.uint8).reshape(-1, row)
    return rows[:, 1:], _check_labels(rows[:, 0].astype(np.int64))


def _read_python(raw: bytes) -> tuple[Array, Array]:
    """Pixels (N, 3072) and labels (N,) of a pickled batch."""
    batch = read_pickle(raw)
    pixels, labels = batch.get("data"), batch.get("labels")
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != PIXELS:
        raise DataError(f"expected 'data', an array of shape (images, {PIXELS:,})")
    if not isinstance(labels, list | np.ndarray) or len(labels) != len(pixels):
        raise DataError(f"expected 'labels', one for each of {len(pixels):,} images")
    try:
        numbers = bytes(labels)  # takes whole numbers from 0 to 255 only
    except (TypeError, ValueError):
        raise DataError("expected labels that are whole numbers from 0 to 9") from None
    return pixels, _check_labels(np.frombuffer(numbers, np.uint8).astype(np.int64))


def _check_labels(labels: Array) -> Array:
    wrong = np.flatnonzero(labels >= len(CLASS_NAMES))
    if wrong.size:
        raise DataError(
            f"image {wrong[0]} has the label {labels[wrong[0]]}, expected 0 to 9: "
            "the file is damaged or of another data set"
        )
    return labels


def _join(batches: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """All images, (N, 32, 32, 3), and labels of some batches."""
    labels = np.concatenate([labels for _, labels in batches])
    images = np.empty((len(labels), 32, 32, 3), np.uint8)
    start = 0
    for pixels, _ in batches:
        planes = pixels.reshape(-1, 3, 32, 32)
        images[start : start + len(planes)] = planes.transpose(0, 2, 3, 1)
        start += len(planes)
    return images, labels
