"""What is measured: a network, the size of its images, a batch, and training or inference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..layer import whole_number

Mode = Literal["train", "infer"]

# One training step (forward, loss, backward, optimizer) or one inference of a whole batch.
Step = Callable[[], object]

SMALL = 96  # pixels: images below that go through the form of the network for 32x32


@dataclass(frozen=True)
class Case:
    """One setting, which every implementation that can is measured at.

    Attributes
    ----------
    model
        The network's name in :data:`mydl.models.MODEL_NAMES`.
    classes
        Classes it tells apart.
    image
        Rows, columns and channels of an image.
    batch
        Images in a step.
    mode
        A whole training step, or inference.
    """

    model: str
    classes: int
    image: tuple[int, int, int]
    batch: int
    mode: Mode

    @property
    def input(self) -> str:
        """Channels, rows and columns, as in ``3x224x224``."""
        height, width, channels = self.image
        return f"{channels}x{height}x{width}"

    def __str__(self) -> str:
        return f"{self.model} {self.input}, batch {self.batch}, {self.mode}"

    def to_dict(self) -> dict[str, str | int]:
        """What tells this case from others, for JSON."""
        return {
            "model": self.model,
            "input": self.input,
            "batch": self.batch,
            "mode": self.mode,
        }

    def multiply_adds(self) -> int:
        """Of one image, by direct convolution.

        Each pass costs about the same: the output forwards, the gradients of the weights and of the
        input backwards. The gradient of the images themselves is never needed.

        Raises
        ------
        ValueError
            An image does not fit the network.
        """
        from ..models import build_model

        model = build_model(self.model, num_classes=self.classes)
        shape = (1, *self.image)
        model.output_shape(shape)
        forward = model.multiply_adds(shape)
        if self.mode == "infer":
            return forward
        return 3 * forward - model.features["conv1"].multiply_adds(shape)


def _cases(image: tuple[int, int, int], batches: Sequence[int]) -> list[Case]:
    """The cases of images of a size, in the form of SqueezeNet 1.1 that is made for them."""
    small = min(image[:2]) < SMALL
    model, classes = ("squeezenet1_1_cifar", 10) if small else ("squeezenet1_1", 1000)
    modes: tuple[Mode, ...] = ("train", "infer")
    return [Case(model, classes, image, batch, mode) for batch in batches for mode in modes]


CASES = (*_cases((32, 32, 3), (32, 128)), *_cases((224, 224, 3), (1, 8)))


def choose_cases(
    image: tuple[int, int, int] | None = None,
    batches: Sequence[int] = (),
    mode: str | None = None,
) -> list[Case]:
    """The usual cases, or those of one image size, of some batches, of one mode.

    Parameters
    ----------
    image
        (H, W, C). Below 96 pixels it goes through ``squeezenet1_1_cifar``.
    batches
        Any, not only the usual ones.
    mode
        "train" or "infer"; None takes both.

    Raises
    ------
    ValueError
        A batch or a mode is none, or the image does not fit the network.

    Examples
    --------
    >>> [str(case) for case in choose_cases((64, 64, 3), [4], "infer")]
    ['squeezenet1_1_cifar 3x64x64, batch 4, infer']
    """
    if mode not in (None, "train", "infer"):
        raise ValueError(f"--mode must be train or infer, got {mode!r}")
    batches = [whole_number(batch, "--batch", 1) for batch in dict.fromkeys(batches)]
    images = dict.fromkeys(case.image for case in CASES) if image is None else [image]
    chosen: list[Case] = []
    for size in images:
        form = _cases(size, [1])[0].model
        usual = dict.fromkeys(case.batch for case in CASES if case.model == form)
        chosen += _cases(size, batches or list(usual))
    chosen = [case for case in chosen if mode in (None, case.mode)]
    for case in chosen:
        case.multiply_adds()  # an image that does not fit is told before anything is measured
    return chosen
