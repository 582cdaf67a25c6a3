"""How good a network is on a data set's test images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.dataset import Dataset, normalise
from ..layer import Array
from ..layers import Softmax
from ..losses import SoftmaxCrossEntropy
from ..metrics import accuracy, confusion_matrix
from ..parallel import ShardedModel

BATCH = 512  # images a call; the engine cuts them into shards


@dataclass(frozen=True)
class Evaluation:
    """What a network makes of test images.

    Attributes:
        loss: mean softmax cross-entropy.
        accuracy: fraction of images whose most probable class is the right one.
        probabilities: of each class for each image, (N, K).
        confusion: confusion[i, j] images of class i were taken for class j, (K, K).
    """

    loss: float
    accuracy: float
    probabilities: Array
    confusion: Array

    @property
    def class_accuracy(self) -> Array:
        """For each class, the fraction of its images that were recognised; NaN if it has none."""
        totals = self.confusion.sum(axis=1)
        hits = np.diag(self.confusion).astype(float)
        return np.divide(hits, totals, out=np.full(len(hits), np.nan), where=totals > 0)


def evaluate(engine: ShardedModel, dataset: Dataset) -> Evaluation:
    """Run a data set's test images through a network in evaluation mode."""
    images, labels = dataset.test_images, dataset.test_labels

    def load(lo: int, hi: int) -> Array:
        return normalise(images[lo:hi], dataset.mean, dataset.std)

    logits = np.concatenate(
        [
            engine.outputs(
                min(BATCH, len(images) - start),
                lambda lo, hi, start=start: load(start + lo, start + hi),  # type: ignore[misc]
            )
            for start in range(0, len(images), BATCH)
        ]
    )
    classes = len(dataset.class_names)
    return Evaluation(
        loss=SoftmaxCrossEntropy().forward(logits, labels),
        accuracy=accuracy(logits, labels),
        probabilities=Softmax().eval().forward(logits),
        confusion=confusion_matrix(logits.argmax(axis=1), labels, classes),
    )
