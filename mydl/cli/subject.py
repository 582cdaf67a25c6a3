"""What a command looks at: a trained network and a picture, as a person names them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from .pages import about

if TYPE_CHECKING:
    from ..classifier import TrainedNetwork
    from ..layer import Array

PRETRAINED = "pretrained"  # the word for the embedded network
RUNS = Path("runs")  # where `mydl train` puts runs


@dataclass(frozen=True)
class Subject:
    """A network and a picture.

    Attributes
    ----------
    trained
        The network, with its classes and how pictures go in.
    network_name, picture_name
        What to call them.
    pixels
        Of the part of the picture that the network sees, (H, W, C), uint8.
    label
        The class of a picture whose class is known.
    """

    trained: TrainedNetwork
    network_name: str
    picture_name: str
    pixels: Array
    label: int | None = None

    @property
    def inputs(self) -> Array:
        """What the network takes, (H, W, C), float32."""
        return self.trained.preparation.inputs(self.pixels)

    @property
    def class_names(self) -> list[str]:
        """Of the network's outputs, in order."""
        return [each.label for each in self.trained.classes]

    def scaled(self, size: int) -> Subject:
        """The same with ``size`` pixels a side."""
        import numpy as np
        from PIL import Image

        def plane(channel: Array) -> Array:
            image = Image.fromarray(np.ascontiguousarray(channel))
            return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))

        planes = [plane(self.pixels[..., c]) for c in range(self.pixels.shape[-1])]
        return replace(self, pixels=np.stack(planes, axis=-1))

    def class_of(self, name: str, option: str = "--label") -> int:
        """The number of a class that a person names by its name, its synset id or its number.

        Raises
        ------
        ValueError
            There is none.
        """
        for number, each in enumerate(self.trained.classes):
            if name.lower() in (each.label.lower(), each.synset):
                return number
        names = self.class_names
        if name.isdecimal() and int(name) < len(names):
            return int(name)
        near = get_close_matches(name, names, 1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"{option} must be the name of a class, such as {names[0]!r}, or a number from 0 to "
            f"{len(names) - 1}, got {name!r}{hint}"
        )


def find_subject(network: str | None, image: str | None, index: int | None = None) -> Subject:
    """The network and the picture that a person names.

    Parameters
    ----------
    network
        The folder of a run, a file of weights, or "pretrained"; None is the newest run here, and if
        there is none the embedded network.
    image
        A file; None is a test image of what the network was trained on.
    index
        The number of that test image, 0 if it is None.

    Raises
    ------
    ValueError
        Something is missing, damaged or does not go together.
    """
    from ..data.imagefolder import ENDINGS

    if network is not None and image is None and network.lower().endswith(ENDINGS):
        network, image = None, network  # a single argument that is a picture
    if image is not None and index is not None:
        raise ValueError(f"{image} and --index each name an image: give one of them")
    path = newest_run() if network is None else None
    if path is None and network not in (None, PRETRAINED):
        path = Path(str(network)).expanduser()
    trained, name = find_network(path)
    if image is None:
        return _test_image(trained, name, path, index)
    file = Path(image).expanduser()
    with about(None):
        return Subject(trained, name, file.name, trained.preparation.read(file))


def newest_run() -> Path | None:
    """The folder of the run here whose weights were written last; None if there is none."""
    weights = RUNS.glob("*/model.npz")
    newest = max(weights, key=lambda path: path.stat().st_mtime, default=None)
    return None if newest is None else newest.parent


def find_network(path: Path | None) -> tuple[TrainedNetwork, str]:
    """The network in a run or a file, and what to call it; without a path the embedded one."""
    from ..classifier import TrainedNetwork

    if path is None:
        return TrainedNetwork.pretrained(), "SqueezeNet 1.1"
    if not path.exists():
        raise ValueError(
            f"there is no run or file of weights {path}: `mydl runs` lists the runs here, and "
            f"{PRETRAINED} stands for the network that comes with mydl"
        )
    if path.is_dir() and not (path / "model.npz").is_file():
        raise ValueError(
            f"{path}: there are no weights in this folder yet: name one of a run that is over, "
            "as `mydl runs` lists them"
        )
    trained = TrainedNetwork.from_file(path)
    return trained, trained.card.model if trained.card else path.name


def _test_image(
    trained: TrainedNetwork, name: str, path: Path | None, index: int | None
) -> Subject:
    """A test image of the data that a network was trained on."""
    card = trained.card
    if card is None or card.data == "imagefolder":
        raise ValueError(f"{path or name} knows photographs: name one to look at, such as cat.jpg")
    from ..training.runs import is_run, read_run
    from .datasets import open_dataset

    folder = read_run(path).config.data_dir if path is not None and is_run(path) else None
    dataset = open_dataset(card.data, folder or None, download=False)
    count, number = len(dataset.test_images), index or 0
    if not 0 <= number < count:
        raise ValueError(
            f"--index is the number of a test image of {card.data}, from 0 to {count - 1}, got "
            f"{number}"
        )
    if tuple(dataset.class_names) != card.class_names:
        raise ValueError(f"{path} was trained on other data than {dataset.name} has now")
    label = int(dataset.test_labels[number])
    picture = f"test image {number} of {card.data}"
    return Subject(trained, name, picture, dataset.test_images[number], label)
