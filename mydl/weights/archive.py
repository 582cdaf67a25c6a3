"""Zip archives, which NumPy's .npz files and PyTorch's files are."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Weights hardly compress at all, those of a pruned network perhaps twenty times.
MOST_COMPRESSED = 100


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive whose entries together are not much larger than the file.

    What ``read`` returns of an entry has the entry's checksum; all that can be wrong with an
    archive comes as one of a dozen exceptions of zipfile and zlib.

    Raises
    ------
    ValueError
        A small file promises to become a huge one.
    """
    with zipfile.ZipFile(path) as archive:
        size, promised = path.stat().st_size, sum(entry.file_size for entry in archive.infolist())
        if promised > MOST_COMPRESSED * size:
            raise ValueError(f"its {size} bytes promise to become {promised}")
        yield archive
