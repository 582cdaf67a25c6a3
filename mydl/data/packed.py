"""Read files that may be packed, without letting a small one fill the memory."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .dataset import DataError

GZIP = b"\x1f\x8b"  # how such files begin

# What a packed file may hold: so many bytes in any case, or so many times its own size. Gzip packs
# zeros a thousand times smaller; pictures, even drawings of a few strokes, far less tightly.
ALWAYS, TIMES = 2**26, 100


def most_unpacked(packed: int) -> int:
    """Bytes that a packed file of a size may hold."""
    return max(ALWAYS, TIMES * packed)


class Bounded:
    """A file to read from, up to a number of bytes.

    Parameters
    ----------
    file
        Is read from its beginning.
    limit
        Reading or going beyond it raises DataError, before memory is taken for it.
    name
        Of the file, for that message.
    """

    def __init__(self, file: BinaryIO, limit: int, name: str) -> None:
        self._file, self.limit, self._name = file, limit, name

    def read(self, size: int = -1) -> bytes:
        """Read as a file does, but not beyond the limit."""
        most = self.limit - self._file.tell() + 1  # one more, to see whether there is more
        raw = self._file.read(most if size < 0 else min(size, most))
        self._check(self._file.tell())
        return raw

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, but not beyond the limit."""
        if whence == os.SEEK_SET:
            self._check(offset)
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place where the next bytes come from."""
        return self._file.tell()

    def _check(self, position: int) -> None:
        if position > self.limit:
            raise DataError(
                f"{self._name}: it holds more than {self.limit:,} bytes, too many for a data set "
                "in a file of its size: do not trust it"
            )


@contextmanager
def open_packed(path: Path) -> Iterator[Bounded]:
    """Open a file, unpacking it on the way if it is gzipped, whatever its name.

    Raises
    ------
    DataError
        It is damaged or cut short, or it would fill the memory; also from within the block.
    OSError
        It cannot be opened.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        is_packed = file.read(len(GZIP)) == GZIP
        file.seek(0)
        if not is_packed:
            yield Bounded(file, size, str(path))
            return
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield Bounded(unpacked, most_unpacked(size), str(path))  # type: ignore[arg-type]
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise DataError(f"{path}: damaged or cut short; download it again") from None
