"""Write a file all or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write into, which takes its place when the block ends without an error.

    It is written beside its place, synced to the disk and renamed, so that at any moment there is
    either the earlier file or the new one, whole; once the block has ended, it is the new one even
    if the power fails.

    Raises
    ------
    OSError
        The place cannot be written; an earlier file there is intact.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Have the disk know the names in a folder, where the system can do that."""
    if os.name != "posix":
        return
    with suppress(OSError):  # some file systems over a network cannot
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
