"""A trained network in one file: its weights with all that is needed to build and use it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..init import drawing_at_most
from ..layer import LayerError
from ..weights import WeightsError, load_npz, save_npz
from . import build_model
from .network import Network


@dataclass(frozen=True)
class ModelCard:
    """What there is to know about trained weights.

    Attributes
    ----------
    model
        The network's name, as ``build_model`` takes it.
    options
        The other arguments of ``build_model``.
    data
        Name of the data set that it was trained on.
    image_shape
        (H, W, C) of the images that it was trained on.
    class_names
        Of the outputs, in order.
    mean, std
        By channel, of pixel values from 0 to 1: images go in as (image / 255 - mean) / std.
    mirror
        Whether it was judged by the mean over each image and its mirror image.
    """

    model: str
    options: dict[str, Any]
    data: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    mirror: bool = False


def save_model(path: Path, model: Network, card: ModelCard) -> None:
    """Write a network's weights and its card into an .npz file, all or nothing."""
    save_npz(path, model.state_dict(), asdict(card))


def is_saved_model(path: Path) -> bool:
    """Whether :func:`load_model` can read this: the folder of a run, or a file with a card."""
    if path.is_dir():
        path = path / "model.npz"
    try:
        return "model" in load_npz(path)[1]
    except WeightsError:
        return False


def load_model(path: Path) -> tuple[Network, ModelCard]:
    """Build the network that :func:`save_model` wrote.

    Parameters
    ----------
    path
        The file, or the folder of a run with its ``model.npz``.

    Raises
    ------
    WeightsError
        There is no such file, or it is damaged or of another kind.
    """
    if path.is_dir():
        path = path / "model.npz"
    arrays, description = load_npz(path)
    try:
        card = ModelCard(
            model=description["model"],
            options=description["options"],
            data=description["data"],
            image_shape=tuple(description["image_shape"]),
            class_names=tuple(description["class_names"]),
            mean=tuple(description["mean"]),
            std=tuple(description["std"]),
            mirror=bool(description.get("mirror", False)),
        )
        # Twice, because SqueezeNet draws the weights of conv10 anew.
        with drawing_at_most(2 * sum(values.size for values in arrays.values())):
            model = build_model(card.model, **card.options)
        model.load_state_dict(arrays)
    except KeyError as error:
        raise WeightsError(f"{path}: the file does not say its {error.args[0]!r}") from None
    except (LayerError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: {error}") from None
    return model, card
