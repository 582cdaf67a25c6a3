"""MNIST and Fashion-MNIST: 60,000 grey images to train on and 10,000 to test on, 28x28 pixels.

Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits", which describes the
IDX layout that is read here; H. Xiao, K. Rasul and R. Vollgraf 2017, "Fashion-MNIST".
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..layer import Array
from .dataset import DataError, Dataset
from .fitted import Fitted, measured
from .official import Official, Place, places
from .packed import open_packed

SIDE = 28  # pixels
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
AGAIN = "download it again"


@dataclass(frozen=True, eq=False, kw_only=True)
class Idx(Official):
    """What MNIST and Fashion-MNIST differ in: not their files' names, so a folder tells them."""

    def lacks(self, path: Path) -> list[str]:
        return [file for file in self.files if _file(path, file) is None]

    def read(self, path: Path) -> Dataset:
        """Read the four files in a folder, each packed or not."""
        train_images, train_labels = self._part(path, *self.files[:2])
        test_images, test_labels = self._part(path, *self.files[2:])
        try:
            mean, std = measured(train_images)
        except DataError as error:
            raise DataError(f"{_file(path, self.files[0])}: {error}") from None
        return Dataset(
            name=self.name,
            train_images=train_images,
            train_labels=train_labels,
            test_images=test_images,
            test_labels=test_labels,
            class_names=self.class_names,
            mean=mean,
            std=std,
            mirror=False,
        )

    def _part(self, folder: Path, images_name: str, labels_name: str) -> tuple[Fitted, Array]:
        """Images and labels, (N,), int64, from two of the files."""
        images_path, labels_path = _file(folder, images_name), _file(folder, labels_name)
        assert images_path is not None
        assert labels_path is not None  # only whole copies are read
        images, labels = _read(images_path, 3), _read(labels_path, 1)
        if images.shape[1:] != (SIDE, SIDE):
            raise DataError(
                f"{images_path}: expected images of {SIDE}x{SIDE} pixels, got "
                f"{images.shape[1]}x{images.shape[2]}: it is damaged or of another data set"
            )
        wrong = np.flatnonzero(labels >= len(self.class_names))
        if wrong.size:
            raise DataError(
                f"{labels_path}: image {wrong[0]} has the label {labels[wrong[0]]}, expected 0 to "
                f"{len(self.class_names) - 1}: it is damaged or of another data set"
            )
        if len(images) != len(labels):
            raise DataError(
                f"{labels_path} has {len(labels):,} labels, {images_path.name} has "
                f"{len(images):,} images: they are not of one data set; {AGAIN}"
            )
        return Fitted(images), labels.astype(np.int64)

    def _candidates(self, data_dir: Place) -> Iterator[Path]:
        yield from super()._candidates(data_dir)
        if data_dir:  # files right in a folder that all data sets share could be of any of them
            yield from places(data_dir)


def _file(folder: Path, name: str) -> Path | None:
    """A file in a folder, packed or not; some copies have a dot before "idx"."""
    names = (name, name.replace("-idx", ".idx"))
    paths = (folder / f"{n}{ending}" for n in names for ending in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def _read(path: Path, axes: int) -> Array:
    """The bytes in an IDX file: two zeros, a type (8), the number of axes, their sizes, the values.

    Raises
    ------
    DataError
        It is of another kind or damaged, or it promises more than it can hold.
    """
    kinds = {1: "labels", 3: "images"}
    with open_packed(path) as file:
        start = file.read(4)
        if start[:3] != b"\0\0\x08" or start[3:] not in (b"\1", b"\3"):
            raise DataError(f"{path}: this is no IDX file of images or labels; {AGAIN}")
        if start[3] != axes:
            raise DataError(f"{path}: expected {kinds[axes]}, it holds {kinds[start[3]]}; {AGAIN}")
        sizes = file.read(4 * axes)
        if len(sizes) < 4 * axes:
            raise DataError(f"{path}: damaged or cut short; {AGAIN}")
        shape = struct.unpack(f">{axes}I", sizes)
        count = math.prod(shape)
        if count > file.limit - file.tell():
            promised = "x".join(f"{size:,}" for size in shape)
            raise DataError(f"{path}: it promises {promised} bytes and is too short; {AGAIN}")
        raw = file.read(count + 1)  # one more reaches what follows, or the checksum of a .gz
    if not count or len(raw) != count:
        what = "empty" if not count else "cut short" if len(raw) < count else "longer than it says"
        raise DataError(f"{path}: damaged: it is {what}; {AGAIN}")
    return np.frombuffer(raw, np.uint8).reshape(shape)


def _official(
    name: str,
    title: str,
    folders: tuple[str, ...],
    url: str,
    megabytes: int,
    checksums: tuple[str, ...],
    class_names: tuple[str, ...],
) -> Idx:
    downloads: Mapping[str, str] = dict(zip((f"{f}.gz" for f in FILES), checksums, strict=True))
    return Idx(
        name=name,
        title=title,
        files=FILES,
        copies=folders,
        url=url,
        downloads=downloads,
        megabytes=megabytes,
        subfolder=name,
        advice=(
            f"put {', '.join(f'{f}.gz' for f in FILES)}, packed or unpacked, into ./data/{name}, "
            "or name their folder with --data-dir"
        ),
        class_names=class_names,
    )


MNIST = _official(
    "mnist",
    "MNIST",
    ("mnist", "MNIST/raw", "MNIST"),
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    12,
    (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    tuple("0123456789"),
)

FASHION_MNIST = _official(
    "fashion-mnist",
    "Fashion-MNIST",
    ("fashion-mnist", "FashionMNIST/raw", "FashionMNIST"),
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    31,
    (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    (
        *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
        *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
)
