"""Data sets, and how their images reach a network."""

from __future__ import annotations

import os

from ..names import unknown
from .augment import augment
from .dataset import DataError, Dataset, MissingDataError, normalise

__all__ = [
    "DATASETS",
    "DataError",
    "Dataset",
    "MissingDataError",
    "augment",
    "load_dataset",
    "normalise",
]

DATASETS = ("digits", "cifar10", "imagefolder")


def load_dataset(
    name: str,
    data_dir: str | os.PathLike[str] | None = None,
    *,
    download: bool = False,
    image_size: int = 0,
) -> Dataset:
    """Load a data set by its name, one of ``DATASETS``.

    Args:
        name: "digits", which comes with mydl, "cifar10", or "imagefolder", your own photographs.
        data_dir: where the data set lies; None or "" looks in the usual places.
        download: whether to fetch the data set if there is no copy.
        image_size: pixels of the side that photographs are scaled to; 0 stands for 224. The images
            of the other data sets have a size of their own.

    Raises:
        DataError: there is no such data set, it is missing (MissingDataError), or damaged.

    >>> load_dataset("digits").class_names
    ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
    """
    # Each is imported when it is asked for: reading archives takes modules that digits do without.
    if name == "digits":
        from .digits import load_digits

        dataset = load_digits()
    elif name == "cifar10":
        from .cifar10 import load_cifar10

        dataset = load_cifar10(data_dir, download=download)
    elif name == "imagefolder":
        from .imagefolder import IMAGE_SIZE, load_imagefolder

        dataset = load_imagefolder(data_dir, image_size=image_size or IMAGE_SIZE)
    else:
        raise DataError(unknown("data set", name, DATASETS))
    if image_size not in (0, dataset.image_size):
        raise DataError(
            f"the images of {name} have {dataset.image_size} pixels a side, image_size is "
            f"{image_size}: leave it out"
        )
    return dataset
