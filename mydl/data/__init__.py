"""Data sets, and how their images reach a network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..names import unknown
from .augment import augment
from .dataset import DataError, Dataset, MissingDataError, normalise

if TYPE_CHECKING:
    from .official import Official

__all__ = [
    "DATASETS",
    "DataError",
    "Dataset",
    "MissingDataError",
    "augment",
    "find_dataset",
    "load_dataset",
    "normalise",
]

DATASETS = {
    "digits": "handwritten digits, 32x32, 10 classes; they come with mydl",
    "cifar10": "photographs of animals and vehicles, 32x32, 10 classes",
    "cifar100": "photographs of all kinds of things, 32x32, 100 classes",
    "mnist": "handwritten digits, 28x28 grey, 10 classes",
    "fashion-mnist": "pictures of clothes, 28x28 grey, 10 classes",
    "imagefolder": "your own photographs, a folder for each class",
    "npz": "your own NumPy arrays in an .npz file",
}


def load_dataset(
    name: str,
    data_dir: str | os.PathLike[str] | None = None,
    *,
    download: bool = False,
    image_size: int = 0,
) -> Dataset:
    """Load a data set by its name, one of ``DATASETS``.

    Parameters
    ----------
    name
        Such as "digits", which comes with mydl, or "imagefolder", your own photographs.
    data_dir
        Where the data set lies; None or "" looks in the usual places.
    download
        Whether to fetch the data set if there is no copy.
    image_size
        Pixels of the side that photographs are scaled to; 0 stands for 224. The images of the other
        data sets have a size of their own.

    Raises
    ------
    DataError
        There is no such data set, it is missing (MissingDataError), or damaged.

    Examples
    --------
    >>> load_dataset("digits").class_names
    ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
    """
    # Each is imported when it is asked for: reading archives takes modules that digits do without.
    if name == "digits":
        from .digits import load_digits

        dataset = load_digits()
    elif name == "imagefolder":
        from .imagefolder import IMAGE_SIZE, load_imagefolder

        dataset = load_imagefolder(data_dir, image_size=image_size or IMAGE_SIZE)
    elif name == "npz":
        from .arrays import load_arrays

        dataset = load_arrays(data_dir)
    else:
        dataset = _official(name).load(data_dir, download=download)
    if image_size not in (0, dataset.image_size):
        raise DataError(
            f"the images of {name} have {dataset.image_size} pixels a side, image_size is "
            f"{image_size}: leave it out"
        )
    return dataset


def find_dataset(name: str, data_dir: str | os.PathLike[str] | None = None) -> Path | None:
    """Where the copy lies that :func:`load_dataset` would read; None if there is none.

    Raises
    ------
    DataError
        There is no such data set.

    Examples
    --------
    >>> find_dataset("digits").name
    'digits'
    """
    if name == "digits":
        return Path(__file__).with_name(name)
    if name in ("imagefolder", "npz"):
        path = Path(data_dir).expanduser() if data_dir else None
        return path if path is not None and path.exists() else None
    return _official(name).find(data_dir)


def _official(name: str) -> Official:
    """One of the data sets that others publish."""
    from .cifar10 import CIFAR10
    from .cifar100 import CIFAR100
    from .idx import FASHION_MNIST, MNIST

    published = {data.name: data for data in (CIFAR10, CIFAR100, MNIST, FASHION_MNIST)}
    if name not in published:
        raise DataError(unknown("data set", name, DATASETS))
    return published[name]
