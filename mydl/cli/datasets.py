"""Find a data set for a command, offering to download it where a person can answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .pages import fail

if TYPE_CHECKING:
    from ..data.dataset import Dataset

DOWNLOADABLE = ("cifar10", "cifar100", "mnist", "fashion-mnist")


def open_dataset(
    name: str, data_dir: str | Path | None, download: bool, image_size: int = 0
) -> Dataset:
    """The data set of a name; its notes go to the standard error.

    Parameters
    ----------
    name
        One of ``mydl.data.DATASETS``.
    data_dir
        A folder or archive to look in; empty or None looks in the usual places.
    download
        Fetch the official archive where there is no local copy. Without it a person at a terminal
        is asked; elsewhere the error says what to put where.
    image_size
        Of photographs, in pixels; 0 leaves it to the data set.
    """
    dataset = _find(name, Path(data_dir) if data_dir else None, download, image_size)
    for note in dataset.notes:
        typer.echo(f"{name}: {note}", err=True)
    return dataset


def _find(name: str, folder: Path | None, download: bool, image_size: int) -> Dataset:
    from ..data import load_dataset
    from ..data.dataset import MissingDataError

    try:
        return load_dataset(name, folder, download=download, image_size=image_size)
    except MissingDataError as error:
        answers = sys.stdin.isatty() and sys.stdout.isatty()
        if download or folder or name not in DOWNLOADABLE or not answers:
            raise
        typer.echo(str(error))
        if not typer.confirm("Download it now?"):
            fail("data")
        return load_dataset(name, folder, download=True, image_size=image_size)
