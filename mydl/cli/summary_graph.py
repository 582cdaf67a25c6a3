"""The picture that ``mydl summary --graph`` draws of a network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .pages import about

if TYPE_CHECKING:
    from ..classifier import TrainedNetwork
    from ..layer import Shape
    from ..models import Network
    from ..models.graph import GradientNorms
    from .subject import Subject

SEED = 0  # of the pixels where there is no photograph


@dataclass(frozen=True)
class Drawing:
    """What a person wants to see.

    Attributes
    ----------
    path
        Of the file.
    backward
        Whether to draw the gradients.
    image
        The photograph that they are of; None for random pixels.
    label
        The class that the loss is about, by its name or number; None for the answer.

    Raises
    ------
    ValueError
        The options do not go together, or there is no place for the file.
    """

    path: Path
    backward: bool = False
    image: Path | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        if self.path.suffix.lower() != ".svg":
            raise ValueError(f"--graph draws SVG: name a file that ends in .svg, got {self.path}")
        if not self.path.parent.is_dir():
            raise ValueError(f"--graph: there is no folder {self.path.parent}")
        if not self.backward and (self.image is not None or self.label is not None):
            raise ValueError("--image and --label say what gradients are of: add --backward")


def draw(
    drawing: Drawing, trained: TrainedNetwork, name: str, shape: Shape | None, initial: bool
) -> None:
    """Draw a network into a file, and say so.

    Parameters
    ----------
    drawing
        What was asked for, and the file.
    trained
        The network.
    name
        What to call it.
    shape
        Of an image; None takes what it was designed for, or the photograph's.
    initial
        Whether its weights are not trained.
    """
    from ..models.graph import network_svg
    from ..weights.writing import whole_file

    about: list[str] = []
    norms = None
    if drawing.backward:
        subject = _subject(trained, name, drawing.image, shape)
        norms = _gradients(subject, drawing.label)
        answered = ", the answer" if drawing.label is None else ""
        label = f"{subject.class_names[norms.label]}{answered}"
        weights = "; initial weights" if initial else ""
        about.append(f"gradients of the loss {norms.loss:.4g} for {label}")
        about.append(f"{subject.picture_name}{weights}")
        shape = subject.pixels.shape
    text = network_svg(trained.network, shape or usual_shape(trained), name, norms, about)
    with whole_file(drawing.path) as file:
        file.write(text.encode())
    for line in about:
        typer.echo(line)
    typer.echo(f"Wrote {drawing.path}: open it in a browser")


def untrained(network: Network, shape: Shape | None) -> TrainedNetwork:
    """A network with its initial weights; its classes are numbers, and images go in as usual."""
    from ..classifier import ImageClass, TrainedNetwork
    from ..data.imagefolder import read_centre
    from ..data.preprocess import MEAN, STD, Preparation

    rows, columns, channels = shape or network.image_shape
    _, count = network.output_shape((1, rows, columns, channels))
    classes = tuple(ImageClass(f"class {number}") for number in range(count))
    read = partial(read_centre, image_size=rows)
    preparation = Preparation(read, tuple(MEAN.tolist()), tuple(STD.tolist()))
    return TrainedNetwork(network, classes, preparation, "torchvision")


def usual_shape(trained: TrainedNetwork) -> Shape:
    """The shape of the images that a network was trained on or else designed for."""
    return trained.network.image_shape if trained.card is None else trained.card.image_shape


def _subject(
    trained: TrainedNetwork, name: str, image: Path | None, shape: Shape | None
) -> Subject:
    """The network and the photograph, or random pixels."""
    import numpy as np

    from .subject import Subject

    if image is None:
        rng = np.random.default_rng(SEED)
        pixels = rng.integers(0, 256, shape or usual_shape(trained), np.uint8)
        return Subject(trained, name, "random pixels, as there is no --image", pixels)
    file = image.expanduser()
    with about(None):
        pixels = trained.preparation.read(file)
    if shape not in (None, pixels.shape):
        h, w, c = pixels.shape
        raise ValueError(f"{file} goes into {name} as {c}x{h}x{w}: leave out --input")
    return Subject(trained, name, file.name, pixels)


def _gradients(subject: Subject, label: str | None) -> GradientNorms:
    from ..models.graph import gradient_norms

    number = None if label is None else subject.class_of(label)
    return gradient_norms(subject.trained.network, subject.inputs, number)
