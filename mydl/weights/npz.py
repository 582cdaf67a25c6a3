"""Our own weight files: NumPy's .npz with an array for each parameter and a description in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..data.npy import read_npy
from ..layer import Array
from .archive import open_archive
from .writing import whole_file

DESCRIPTION = "__mydl__"  # the entry that holds the JSON


class WeightsError(ValueError):
    """A weight file cannot be read; the message says which and why."""


def save_npz(path: Path, arrays: Mapping[str, Array], description: Mapping[str, Any]) -> None:
    """Write arrays and a description, all or nothing.

    Parameters
    ----------
    path
        Of the file to write.
    arrays
        By name, as from ``model.state_dict()``.
    description
        Anything JSON can say, such as which model the arrays belong to.

    Raises
    ------
    OSError
        The place cannot be written; an earlier file there is intact.
    """
    text = np.array(json.dumps(description))
    with whole_file(path) as file:
        np.savez(file, **{DESCRIPTION: text}, **arrays)  # type: ignore[arg-type]


def load_npz(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read what :func:`save_npz` wrote: the arrays and the description. Nothing in it is run.

    Raises
    ------
    WeightsError
        There is no such file, it is damaged, or it is some other kind of file.
    """
    arrays = read(path)
    try:
        description = json.loads(str(arrays.pop(DESCRIPTION)))
    except (KeyError, ValueError, RecursionError):
        description = None
    if not isinstance(description, dict):
        raise WeightsError(
            f"{path}: an .npz file, but not one that mydl wrote: it has no {DESCRIPTION} entry "
            "that describes it"
        )
    return arrays, description


def read(path: Path) -> dict[str, Array]:
    """The arrays of any .npz file by name, each with the checksum that the archive has for it.

    Raises
    ------
    WeightsError
        There is no such file, it is damaged, or it is some other kind of file.
    """
    try:
        with open_archive(path) as archive:
            return {
                entry.removesuffix(".npy"): read_npy(archive.read(entry))
                for entry in archive.namelist()
            }
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise WeightsError(f"{path}: this is a folder, not a file") from None
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds on damaged files
        raise WeightsError(f"{path}: not a readable .npz file ({error})") from None
