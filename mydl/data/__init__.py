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

DATASETS = ("digits", "cifar10")


def load_dataset(
    name: str, data_dir: str | os.PathLike[str] | None = None, *, download: bool = False
) -> Dataset:
    """Load a data set by its name, one of ``DATASETS``.

    Args:
        name: "digits", which comes with mydl, or "cifar10".
        data_dir: where the data set lies; None or "" looks in the usual places.
        download: whether to fetch the data set if there is no copy.

    Raises:
        DataError: there is no such data set, it is missing (MissingDataError), or damaged.

    >>> load_dataset("digits").class_names
    ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
    """
    # Each is imported when it is asked for: reading archives takes modules that digits do without.
    if name == "digits":
        from .digits import load_digits

        return load_digits()
    if name == "cifar10":
        from .cifar10 import load_cifar10

        return load_cifar10(data_dir, download=download)
    raise DataError(unknown("data set", name, DATASETS))
