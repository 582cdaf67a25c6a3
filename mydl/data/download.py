"""Download a file once, with its checksum verified and a progress bar."""

from __future__ import annotations

import sys
from pathlib import Path

from .dataset import DataError

TIMEOUT = 30  # seconds without an answer


class DownloadError(DataError):
    """A file that cannot be downloaded; the message says why."""


def cache_folder() -> Path:
    """Where downloads go if nobody says otherwise: mydl's folder in the user's cache."""
    import pooch

    return Path(pooch.os_cache("mydl"))


def fetch(url: str, md5: str, folder: Path) -> Path:
    """Fetch ``url`` into ``folder`` unless it is there already, and return the file's path.

    A file that is cut short or altered does not match its checksum and is not kept.

    Parameters
    ----------
    url
        Of the file; its last part becomes the file's name.
    md5
        Checksum, hexadecimal.
    folder
        Created if need be.

    Raises
    ------
    DownloadError
        No connection, no such file, or another checksum.
    OSError
        The folder cannot be written to.
    """
    import pooch
    import requests

    name = url.rsplit("/", 1)[-1]
    pooch.get_logger().setLevel("WARNING")  # the progress bar says it better
    progress = _Progress(name)
    try:
        path = pooch.retrieve(
            url,
            known_hash=f"md5:{md5}",
            fname=name,
            path=folder,
            downloader=pooch.HTTPDownloader(progressbar=progress, timeout=TIMEOUT),
        )
    except requests.HTTPError as error:
        raise DownloadError(f"cannot download {url}: {error.args[0]}") from None
    except requests.RequestException:
        raise DownloadError(f"cannot download {url}: no connection to the server") from None
    except ValueError:
        raise DownloadError(
            f"what came from {url} does not have the checksum {md5}; try again later"
        ) from None
    finally:
        progress.close()
    return Path(path)


class _Progress:
    """What pooch asks of a progress bar: a bar on a terminal, a line for every tenth elsewhere."""

    def __init__(self, name: str) -> None:
        from rich import progress
        from rich.console import Console

        console = Console(stderr=True)
        self._name = name
        self._plain = not console.is_terminal
        self._done = self._total = self._tenths = 0
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
            console=console,
            disable=self._plain,
        )
        self._task = self._bar.add_task(name, total=None)

    @property
    def total(self) -> int:
        """Bytes to download; 0 while that is not known."""
        return self._total

    @total.setter
    def total(self, total: int) -> None:
        self._total = total
        self._bar.update(self._task, total=total or None)
        self._bar.start()

    def update(self, count: int) -> None:
        """Count bytes that have come."""
        self._done += count
        self._bar.update(self._task, completed=self._done)
        tenths = min(10 * self._done // self._total, 10) if self._total else 0
        if self._plain and tenths > self._tenths:
            size = f"{self._total / 1e6:.0f} MB"
            print(f"{self._name}: {tenths}0 % of {size}", file=sys.stderr, flush=True)
        self._tenths = max(self._tenths, tenths)

    def reset(self) -> None:
        """Count anew: pooch does so at the end, before it fills the bar."""
        self._done = 0

    def close(self) -> None:
        self._bar.stop()
