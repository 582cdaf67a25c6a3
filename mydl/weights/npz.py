"""Our own weight files: NumPy's .npz with an array for each parameter and a description in JSON."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..layer import Array

DESCRIPTION = "__mydl__"  # the entry that holds the JSON


class WeightsError(ValueError):
    """A weight file cannot be read; the message says which and why."""


def save_npz(path: Path, arrays: Mapping[str, Array], description: Mapping[str, Any]) -> None:
    """Write arrays and a description, all or nothing.

    The file is written beside its place, synced to the disk and renamed, so that at any moment
    there is either the earlier file or the new one, whole.

    Args:
        path: of the file to write.
        arrays: by name, as from ``model.state_dict()``.
        description: anything JSON can say, such as which model the arrays belong to.

    Raises:
        OSError: the place cannot be written; an earlier file there is intact.
    """
    text = np.array(json.dumps(description))
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            np.savez(file, **{DESCRIPTION: text}, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load_npz(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read what :func:`save_npz` wrote: the arrays and the description. Nothing in it is run.

    Raises:
        WeightsError: there is no such file, it is damaged, or it is some other kind of file.
    """
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                # Read whole first: that checks the entry's checksum before anything is believed.
                content = io.BytesIO(archive.read(entry))
                arrays[entry.removesuffix(".npy")] = np.lib.format.read_array(
                    content, allow_pickle=False
                )
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise WeightsError(f"{path}: this is a folder, not a file") from None
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds on damaged files
        raise WeightsError(f"{path}: not a readable .npz file ({error})") from None
    try:
        description = json.loads(str(arrays.pop(DESCRIPTION)))
    except (KeyError, json.JSONDecodeError):
        raise WeightsError(
            f"{path}: an .npz file, but not one that mydl wrote: it has no {DESCRIPTION} entry"
        ) from None
    return arrays, description
