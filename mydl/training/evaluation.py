"""How good a network is on a data set's test or validation images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.dataset import Dataset
from ..layer import Array
from ..layers import Softmax
from ..losses import SoftmaxCrossEntropy
from ..metrics import accuracy, confusion_matrix, per_class_accuracy, top_k_accuracy
from ..parallel import ShardedModel
from .distributed import Communicator, outputs
from .frozen import Stem


@dataclass(frozen=True)
class Evaluation:
    """What a network makes of images that it was not trained on.

    Attributes
    ----------
    loss
        Mean softmax cross-entropy.
    accuracy
        Fraction of images whose most probable class is the right one.
    top5
        Fraction of images whose right class is among the five most probable ones.
    probabilities
        Of each class for each image, (N, K).
    confusion
        confusion[i, j] images of class i were taken for class j, (K, K).
    """

    loss: float
    accuracy: float
    top5: float
    probabilities: Array
    confusion: Array

    @property
    def class_accuracy(self) -> Array:
        """For each class, the fraction of its images that were recognised; NaN if it has none."""
        return per_class_accuracy(self.confusion)


def evaluate(
    engine: ShardedModel,
    dataset: Dataset,
    stem: Stem | None = None,
    part: str = "test",
    communicator: Communicator | None = None,
    *,
    mirror: bool = False,
) -> Evaluation:
    """Run a part of a data set through a network in evaluation mode.

    Parameters
    ----------
    engine
        Runs the network.
    dataset
        Whose images and labels.
    stem
        The network's leading layers, if the engine does not have them.
    part
        "test", "validation" or "train".
    communicator
        To other processes that evaluate the same part, each some of its images.
    mirror
        Run each image and its mirror image, and take the mean of their logits.
    """
    images, labels = dataset.part(part)

    classes = len(dataset.class_names)

    def logits(mirrored: bool) -> Array:
        def load(lo: int, hi: int) -> Array:
            x = dataset.inputs(images[lo:hi])
            x = np.ascontiguousarray(x[:, :, ::-1]) if mirrored else x
            return x if stem is None else stem.forward(x)

        return outputs(engine, len(images), load, classes, communicator)

    result = logits(mirrored=False)
    if mirror:
        result = (result + logits(mirrored=True)) / 2
    return judge(result, labels, classes)


def judge(logits: Array, labels: Array, num_classes: int) -> Evaluation:
    """Compare a network's outputs, (N, K), with the right answers, (N,)."""
    return Evaluation(
        loss=SoftmaxCrossEntropy().forward(logits, labels),
        accuracy=accuracy(logits, labels),
        top5=top_k_accuracy(logits, labels, min(5, num_classes)),
        probabilities=Softmax().eval().forward(logits),
        confusion=confusion_matrix(logits.argmax(axis=1), labels, num_classes),
    )
