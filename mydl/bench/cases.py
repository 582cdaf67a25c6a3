"""What is measured: a network, the size of its images, a batch, and training or inference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Mode = Literal["train", "infer"]

# One training step (forward, loss, backward, optimizer) or one inference of a whole batch.
Step = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """One setting, which every implementation that can is measured at.

    Attributes:
        model: the network's name in :data:`mydl.models.MODEL_NAMES`.
        classes: classes it tells apart.
        image: rows, columns and channels of an image.
        batch: images in a step.
        mode: a whole training step, or inference.
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


CASES = tuple(
    Case(model, classes, (size, size, 3), batch, mode)
    for model, classes, size, batches in (
        ("squeezenet1_1_cifar", 10, 32, (32, 128)),
        ("squeezenet1_1", 1000, 224, (1, 8)),
    )
    for batch in batches
    for mode in ("train", "infer")
)
