"""A lock on a folder, so that two processes do not write into it."""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

NAME = ".lock"
PATIENCE = 5  # times that a lock is tried for before it counts as held


class Lock:
    """Hold a folder until :meth:`release`, or until the process ends in whatever way.

    The operating system keeps the lock, not the file's existence: that of a killed process is gone
    with it. Where the file system has no locks, as some over a network, nothing is held.

    Raises
    ------
    ValueError
        Another process, or another lock of this one, holds the folder.
    OSError
        The folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._file: int | None = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock_patiently(self._file)
        except (BlockingIOError, PermissionError):
            owner = os.read(self._file, 20).decode(errors="replace").strip()
            self.release()
            raise ValueError(
                f"{folder}: another process, number {owner}, is training here: wait for it, or "
                "stop it first"
            ) from None
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP):
                self.release()
                raise
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let others have the folder."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _lock_patiently(descriptor: int) -> None:
    """Try for a moment: who only looks whether a folder is held holds it for an instant."""
    for _ in range(PATIENCE):
        with suppress(BlockingIOError, PermissionError):
            return _lock(descriptor)
        time.sleep(0.05)
    return _lock(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # beyond the number, which others may read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
