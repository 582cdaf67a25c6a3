"""Whether a figure can be written to a file, asked before the work that it will show."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backend_bases import FigureCanvasBase


def check_picture(path: Path, option: str) -> None:
    """Raise ValueError if a picture cannot be written to a path, before anything is computed.

    Parameters
    ----------
    path
        Of the picture; its ending says its format.
    option
        That the path was given with, for the message.
    """
    kinds = FigureCanvasBase.filetypes
    if path.suffix.lower().removeprefix(".") not in kinds:
        raise ValueError(f"{option} must end in one of {', '.join(sorted(kinds))}, got {path}")
    if not path.parent.is_dir():
        raise ValueError(f"{option}: there is no folder {path.parent}")
