"""The layouts that CIFAR-10 and CIFAR-100 share.

A. Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
https://www.cs.toronto.edu/~kriz/cifar.html gives the layouts that are read here. In all of them, an
image is 3,072 bytes: 32x32 red values row by row, then the green, then the blue ones.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ..layer import Array
from .dataset import DataError, Dataset
from .official import Official
from .packed import open_packed
from .pickles import read_pickle

PAGE = "https://www.cs.toronto.edu/~kriz"
PIXELS = 3 * 32 * 32
LARGEST_FILE = 2**28  # bytes; the largest official file has 156 million
OFFICIAL_SIZES = {"training": 50_000, "test": 10_000}


def advice(binary: str, python: str) -> str:
    """What a person can do who has neither archive."""
    return (
        f"put {binary} or {python} from {PAGE}/cifar.html, packed or unpacked, into ./data, or "
        "name its place with --data-dir or $MYDL_DATA"
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Cifar(Official):
    """What CIFAR-10 and CIFAR-100 differ in; the last of ``files`` has the test images.

    Attributes
    ----------
    label_bytes
        That a row of the binary layout begins with; the last is the class.
    label_key
        Name of the labels in the pickled layout.
    mean, std
        Of the 50,000 training images. They are given here so that a network sees the same inputs
        whichever copy of the data it is tested on.
    """

    label_bytes: int
    label_key: str
    mean: Array
    std: Array

    def lacks(self, path: Path) -> list[str]:
        if path.is_file():
            return []  # an archive shows what it lacks when it is read
        return [file for file in self.files if self._file(path, file) is None]

    def read(self, path: Path) -> Dataset:
        """Read the files in a folder or an archive; nothing is unpacked to the disk."""
        batches: dict[str, tuple[Array, Array]] = {}
        for file, raw in self._archive_files(path) if path.is_file() else self._folder_files(path):
            read = self._read_binary if file.endswith(".bin") else self._read_python
            try:
                batches[file.removesuffix(".bin")] = read(raw)
            except DataError as error:
                raise DataError(f"{path}: {file}: {error}") from None
        missing = [file for file in self.files if file not in batches]
        if missing:
            raise DataError(
                f"{path} lacks {', '.join(missing)}: it is not {self.title} or not all of it; "
                "unpack or download it again"
            )
        *train_files, test_file = self.files
        lengths = [len(batches[file][1]) for file in train_files]
        if min(lengths) < max(lengths):
            shortest = train_files[lengths.index(min(lengths))]
            raise DataError(
                f"{path}: {shortest} has {min(lengths):,} images, the others have "
                f"{max(lengths):,}; unpack or download it again"
            )
        train_images, train_labels = _join([batches.pop(file) for file in train_files])
        test_images, test_labels = _join([batches.pop(test_file)])
        return Dataset(
            name=self.name,
            train_images=train_images,
            train_labels=train_labels,
            test_images=test_images,
            test_labels=test_labels,
            class_names=self.class_names,
            mean=self.mean,
            std=self.std,
            mirror=True,
            notes=_notes(path, {"training": len(train_labels), "test": len(test_labels)}),
        )

    @staticmethod
    def _file(folder: Path, name: str) -> Path | None:
        """A file in a folder, in the binary layout or else as a pickle."""
        return next((f for f in (folder / f"{name}.bin", folder / name) if f.is_file()), None)

    def _folder_files(self, folder: Path) -> Iterator[tuple[str, bytes]]:
        """Name and contents of each file in a folder."""
        for name in self.files:
            path = self._file(folder, name)
            if path is not None:
                self._check_size(path, path.stat().st_size)
                yield path.name, path.read_bytes()

    def _archive_files(self, path: Path) -> Iterator[tuple[str, bytes]]:
        """Name and contents of each file in an archive."""
        try:
            with (
                open_packed(path) as stream,
                tarfile.open(fileobj=stream, mode="r:") as archive,  # type: ignore[call-overload]
            ):
                for member in archive:
                    file = PurePosixPath(member.name).name
                    if file.removesuffix(".bin") in self.files and member.isreg():
                        self._check_size(path / file, member.size)
                        yield file, archive.extractfile(member).read()
                # The checksum of the whole stands at its end and is compared when that is read.
                while stream.read(2**20):
                    pass
        except tarfile.TarError:
            raise DataError(
                f"{path}: no archive, or one that is damaged or cut short; download it again"
            ) from None

    def _check_size(self, file: Path, size: int) -> None:
        if size > LARGEST_FILE:
            raise DataError(f"{file}: {size:,} bytes are too many for a file of {self.title}")

    def _read_binary(self, raw: bytes) -> tuple[Array, Array]:
        """Pixels (N, 3072) and labels (N,) of rows that are labels and the pixels."""
        row = self.label_bytes + PIXELS
        if not raw or len(raw) % row:
            raise DataError(
                f"expected rows of {row:,} bytes, got {len(raw):,} bytes: the file is cut short or "
                "of another kind; unpack or download it again"
            )
        rows = np.frombuffer(raw, np.uint8).reshape(-1, row)
        labels = rows[:, self.label_bytes - 1].astype(np.int64)
        return rows[:, self.label_bytes :], self._check_labels(labels)

    def _read_python(self, raw: bytes) -> tuple[Array, Array]:
        """Pixels (N, 3072) and labels (N,) of a pickled dictionary."""
        batch = read_pickle(raw)
        pixels, labels = batch.get("data"), batch.get(self.label_key)
        if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != PIXELS:
            raise DataError(f"expected 'data', an array of shape (images, {PIXELS:,})")
        if not isinstance(labels, list | np.ndarray) or len(labels) != len(pixels):
            raise DataError(f"expected {self.label_key!r}, one for each of {len(pixels):,} images")
        try:
            numbers = bytes(labels)  # takes whole numbers from 0 to 255 only
        except (TypeError, ValueError):
            raise DataError(
                f"expected labels that are whole numbers from 0 to {len(self.class_names) - 1}"
            ) from None
        return pixels, self._check_labels(np.frombuffer(numbers, np.uint8).astype(np.int64))

    def _check_labels(self, labels: Array) -> Array:
        wrong = np.flatnonzero(labels >= len(self.class_names))
        if wrong.size:
            raise DataError(
                f"image {wrong[0]} has the label {labels[wrong[0]]}, expected 0 to "
                f"{len(self.class_names) - 1}: the file is damaged or of another data set"
            )
        return labels


def _notes(path: Path, counts: dict[str, int]) -> tuple[str, ...]:
    """A word on each part that has another number of images than the official one."""
    return tuple(
        f"{path} has {count:,} {part} images; the official data set has {OFFICIAL_SIZES[part]:,}"
        for part, count in counts.items()
        if count != OFFICIAL_SIZES[part]
    )


def _join(batches: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """All images, (N, 32, 32, 3), and labels of some files."""
    labels = np.concatenate([labels for _, labels in batches])
    images = np.empty((len(labels), 32, 32, 3), np.uint8)
    start = 0
    for pixels, _ in batches:
        planes = pixels.reshape(-1, 3, 32, 32)
        images[start : start + len(planes)] = planes.transpose(0, 2, 3, 1)
        start += len(planes)
    return images, labels
