"""Find a data set for a command, offering to download it where a person can answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..data.dataset import Dataset


def open_dataset(name: str, data_dir: str | Path | None, download: bool) -> Dataset:
    """The data set of a name.

    Args:
        data_dir: a folder or archive to look in; empty or None looks in the usual places.
        download: fetch the official archive where there is no local copy. Without it a person at
            a terminal is asked; elsewhere the error says what to put where.
    """
    from ..data import load_dataset
    from ..data.dataset import MissingDataError

    folder = Path(data_dir) if data_dir else None
    try:
        return load_dataset(name, folder, download=download)
    except MissingDataError as error:
        if download or folder or not sys.stdin.isatty() or not sys.stdout.isatty():
            raise
        typer.echo(str(error))
        if not typer.confirm("Download it now?"):
            raise typer.Exit(1) from None
        return load_dataset(name, folder, download=True)
