"""What the commands of ``mydl visualize`` that change a picture share: grey levels in and out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .pages import about
from .subject import Subject
from .visualize_options import write_figure

if TYPE_CHECKING:
    from ..layer import Array
    from ..models.network import Network

PHOTOGRAPH = 224  # pixels of a side, from which on a network is for photographs
SIZE = 320  # pixels of the longer side of a picture that is dreamt on or painted
SMALLEST, LARGEST = 16, 2048


@dataclass(frozen=True)
class Scene:
    """A subject whose network takes grey levels.

    Attributes
    ----------
    subject
        The network and the picture.
    network
        Takes grey levels from 0 to 255.
    image
        The picture's, (H, W, C), float32.
    """

    subject: Subject
    network: Network
    image: Array

    @classmethod
    def of(cls, subject: Subject) -> Scene:
        """The scene of a subject: its network on grey levels, and its pixels."""
        import numpy as np

        from ..visualize.pixels import on_pixels

        trained = subject.trained
        network = on_pixels(trained.network, trained.preparation)
        return cls(subject, network, subject.pixels.astype(np.float32))

    def answer(self, image: Array, label: int | None = None) -> str:
        """The class of an image, the network's answer if none is given, with its probability."""
        p = self.network.probabilities(image[None])[0]
        number = int(p.argmax()) if label is None else label
        return f"{self.subject.class_names[number]}, {100 * p[number]:.1f} %"


def write_change(path: Path, scene: Scene, changed: Array, option: str) -> None:
    """Write a picture before and after, and what changed in between, and say what it did.

    Parameters
    ----------
    path
        Of the file.
    scene
        The picture before.
    changed
        The picture after.
    option
        What allows a larger change, where this one was not enough.
    """
    import numpy as np

    from ..visualize.pictures import Panel, grey_at_zero

    change = changed - scene.image
    before, after = scene.answer(scene.image), scene.answer(changed)
    largest, mean = np.abs(change).max(), np.abs(change).mean()
    size = f"{mean:.2f} of 255 grey levels on average, at most {largest:.0f}"
    typer.echo(f"{scene.subject.picture_name}: {before}\nchanged by {size}: {after}")
    answers = scene.network.predict(np.stack([scene.image, changed]))
    if answers[0] == answers[1]:
        typer.echo(f"The network's answer is the same: allow a larger change with {option}")
    row = [
        Panel(f"{scene.subject.picture_name}: {before}", scene.subject.pixels),
        Panel(f"changed: {after}", as_bytes(changed)),
        Panel(f"the change, magnified: {size}", grey_at_zero(change)),
    ]
    write_figure(path, [row])


def whole(subject: Subject, image: str | None, size: int | None) -> Subject:
    """The subject with all of a file's picture, where the network is for photographs or one asks.

    Networks see a square of it when they classify, but take any size.
    """
    if image is None or (size is None and subject.pixels.shape[0] < PHOTOGRAPH):
        return subject if size is None else subject.scaled(size)
    return replace(subject, pixels=read_picture(Path(image).expanduser(), size or SIZE))


def read_picture(path: Path, size: int) -> Array:
    """A file's picture with ``size`` pixels on its longer side, (H, W, 3), uint8."""
    import numpy as np
    from PIL import Image as images

    from ..data.preprocess import read_photograph

    with about(None):
        photograph = read_photograph(path)
    scale = size / max(photograph.size)
    width, height = (max(SMALLEST, round(side * scale)) for side in photograph.size)
    return np.asarray(photograph.resize((width, height), images.Resampling.LANCZOS))


def painting_of(path: Path | None, size: int) -> Array:
    """The picture to take the style from, (H, W, 3), uint8."""
    from ..visualize.strokes import brush_strokes

    return brush_strokes(size) if path is None else read_picture(path.expanduser(), size)


def as_bytes(image: Array) -> Array:
    """Grey levels as bytes."""
    import numpy as np

    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def write_picture(path: Path, image: Array) -> None:
    """Write grey levels (H, W, 3) as a picture of so many pixels, and say so."""
    from matplotlib.image import imsave

    from ..weights.writing import whole_file

    with whole_file(path) as file:
        imsave(file, as_bytes(image), format=path.suffix.lower().removeprefix("."))
    typer.echo(f"Wrote {path}")


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep BLAS to one thread: one image is too little work to share, and more wait than work."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
