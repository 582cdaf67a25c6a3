"""Data sets that others publish: where a copy may lie, and how one is fetched."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .dataset import DataError, Dataset, MissingDataError
from .download import DownloadError, cache_folder, fetch

Place = str | os.PathLike[str] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Official(ABC):
    """What there is to know of a data set before it is read.

    Attributes
    ----------
    name
        As ``load_dataset`` takes it.
    title
        As its authors call it.
    files
        That a copy consists of, however it is packed.
    copies
        Folders and archives in which they may lie, in the order in which they are looked for; "" is
        the folder itself.
    url
        Of the downloads, without their names.
    downloads
        Names of the files to fetch, with their MD5 checksums.
    megabytes
        That they have together.
    subfolder
        In which downloads are put, "" for none.
    advice
        What a person can do who has no copy.
    class_names
        In the order of the labels.
    """

    name: str
    title: str
    files: tuple[str, ...]
    copies: tuple[str, ...]
    url: str
    downloads: Mapping[str, str]
    megabytes: int
    subfolder: str = ""
    advice: str
    class_names: tuple[str, ...]

    def load(self, data_dir: Place = None, *, download: bool = False) -> Dataset:
        """Read a copy of the data set.

        Parameters
        ----------
        data_dir
            Where it lies. None looks into $MYDL_DATA, ./data and the user's cache.
        download
            Whether to fetch it if there is no complete copy, into ``data_dir`` or the cache.

        Raises
        ------
        MissingDataError
            There is no copy.
        DownloadError
            It cannot be downloaded.
        DataError
            A file is missing, damaged or of another kind.
        """
        path = self.find(data_dir)
        if download and (path is None or self.lacks(path)):
            self.download(data_dir)
            path = self.find(data_dir)
        if path is None:
            looked = " or ".join(str(place) for place in places(data_dir))
            raise MissingDataError(
                f"{self.title} is not in {looked}: {self.advice}; --download (in Python, "
                f"download=True) fetches its {self.megabytes} MB"
            )
        if missing := self.lacks(path):
            raise DataError(f"{path} lacks {', '.join(missing)}; unpack or download it again")
        return self.read(path)

    def find(self, data_dir: Place = None) -> Path | None:
        """The folder or archive that :meth:`load` would read; None if there is no copy."""
        incomplete = None
        for path in self._candidates(data_dir):
            missing = self.lacks(path)
            if not missing:
                return path
            if incomplete is None and len(missing) < len(self.files):
                incomplete = path
        return incomplete

    def download(self, data_dir: Place = None) -> None:
        """Fetch the official files into a folder or the user's cache.

        Raises
        ------
        DownloadError
            They cannot be downloaded.
        """
        folder = (Path(data_dir).expanduser() if data_dir else cache_folder()) / self.subfolder
        try:
            for file, md5 in self.downloads.items():
                fetch(f"{self.url}/{file}", md5, folder)
        except DownloadError as error:
            raise DownloadError(f"{error}; {self.advice}") from None

    @abstractmethod
    def lacks(self, path: Path) -> list[str]:
        """Those of ``files`` that a folder or archive does not have, as far as one sees at once."""

    @abstractmethod
    def read(self, path: Path) -> Dataset:
        """Read the copy in a folder or archive that lacks nothing."""

    def _candidates(self, data_dir: Place) -> Iterator[Path]:
        for place in places(data_dir):
            for copy in self.copies:
                yield place / copy


def places(data_dir: Place) -> list[Path]:
    """Where a copy may be."""
    if data_dir:
        return [Path(data_dir).expanduser()]
    given = os.environ.get("MYDL_DATA")
    return [*([Path(given).expanduser()] if given else []), Path("data"), cache_folder()]
