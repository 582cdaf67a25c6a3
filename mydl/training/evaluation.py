"""How good a network is on a data set's test images."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.dataset import Dataset
from ..layer import Array
from ..layers import Softmax
from ..losses import SoftmaxCrossEntropy
from ..metrics import accuracy, confusion_matrix, per_class_accuracy
from ..parallel import ShardedModel
from .frozen import Stem


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
        return per_class_accuracy(self.confusion)


def evaluate(engine: ShardedModel, dataset: Dataset, stem: Stem | None = None) -> Evaluation:
    """Run a data set's test images through a network in evaluation mode.

    Args:
        engine: runs the network.
        stem: the network's leading layers, if the engine does not have them.
    """
    images, labels = dataset.test_images, dataset.test_labels

    def load(lo: int, hi: int) -> Array:
        x = dataset.inputs(images[lo:hi])
        return x if stem is None else stem.forward(x)

    logits = engine.outputs(len(images), load)
    return Evaluation(
        loss=SoftmaxCrossEntropy().forward(logits, labels),
        accuracy=accuracy(logits, labels),
        probabilities=Softmax().eval().forward(logits),
        confusion=confusion_matrix(logits.argmax(axis=1), labels, len(dataset.class_names)),
    )
