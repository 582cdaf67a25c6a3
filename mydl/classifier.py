"""A trained network with all it takes to say what is on a photograph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .data.dataset import DataError, normalise
from .data.imagefolder import read_centre, read_square
from .data.preprocess import PREPROCESSING, preprocess, read_photograph
from .layer import Array
from .layers import Softmax
from .models import Network, network_of, squeezenet1_1
from .models.saved import ModelCard, is_saved_model, load_model
from .names import unknown
from .parallel import ShardedModel
from .pretrained import imagenet_classes, pretrained_state
from .weights.any_file import kind_of

SMALLEST = 224  # rows of the images of a network for photographs


@dataclass(frozen=True)
class ImageClass:
    """One thing that a network tells from others.

    Attributes:
        label: what people call it.
        synset: its id in WordNet, such as n02123597; None where it has none.
    """

    label: str
    synset: str | None = None


class Classifier:
    """Says what is on photographs.

    Args:
        network: gives logits.
        classes: of its outputs, in order.
        prepare: reads a file and returns what the network takes, (H, W, 3); DataError if the file
            is no picture.
        how: says in a few words what ``prepare`` does.
        threads: how many; None takes one a core.

    >>> classifier = Classifier.pretrained(threads=1)
    >>> p = classifier.probabilities([np.zeros((227, 227, 3), np.float32)])
    >>> p.shape, round(float(p.sum()), 5)
    ((1, 1000), 1.0)
    """

    def __init__(
        self,
        network: Network,
        classes: Sequence[ImageClass],
        prepare: Callable[[Path], Array],
        how: str,
        threads: int | None = None,
    ) -> None:
        self.classes, self.prepare, self.how = tuple(classes), prepare, how
        self._engine = ShardedModel(network, threads=threads)

    @classmethod
    def pretrained(cls, threads: int | None = None) -> Classifier:
        """The embedded SqueezeNet 1.1, which knows the 1,000 classes of ImageNet."""
        network = squeezenet1_1(pretrained=True)
        return cls(network, _imagenet(1000), _preparing("caffe"), "caffe", threads)

    @classmethod
    def from_file(
        cls, path: Path, preprocessing: str = "", threads: int | None = None
    ) -> Classifier:
        """The network that a file or the folder of a run has the weights of.

        A network that was trained here says itself how its images go in. For others
        ``preprocessing`` does, or if it is empty :func:`usual_preprocessing`.

        Raises:
            WeightsError: the file is missing, damaged or none of the SqueezeNet family.
            ValueError: there is no such preprocessing, the file says another, or it says none and
                is for smaller images than photographs.
        """
        if preprocessing and preprocessing not in PREPROCESSING:
            raise ValueError(unknown("preprocessing", preprocessing, PREPROCESSING))
        if is_saved_model(path):
            if preprocessing:
                raise ValueError(f"{path} says itself how images go in: leave out --preprocess")
            network, card = load_model(path)
            classes = [ImageClass(name) for name in card.class_names]
            return cls(network, classes, _preparing_as_trained(card), "as in training", threads)
        # Both kinds of preprocessing are for networks that see photographs of 224x224 pixels.
        network = network_of(path, "imagenet" if preprocessing else None)
        rows, columns, _ = network.image_shape
        if rows < SMALLEST:
            raise ValueError(
                f"{path} does not say how images go into its network, which seems to be for "
                f"{rows}x{columns} pixels: give the folder of its run, or if it is for photographs "
                "of 224x224, --preprocess"
            )
        kind = preprocessing or usual_preprocessing(path, network)
        _, count = network.output_shape((1, *network.image_shape))
        return cls(network, _imagenet(count), _preparing(kind), kind, threads)

    @property
    def threads(self) -> int:
        """How many threads share the work."""
        return self._engine.threads

    def prepare_all(self, paths: Sequence[Path]) -> list[Array | DataError]:
        """What ``prepare`` makes of files, read over the threads; the error of each it refuses."""

        def prepare(path: Path) -> Array | DataError:
            try:
                return self.prepare(path)
            except DataError as error:
                return error

        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(prepare, paths))

    def probabilities(self, images: Sequence[Array]) -> Array:
        """The probability of each class for each prepared image, (N, number of classes)."""
        return Softmax().eval().forward(self.logits(images))

    def logits(self, images: Sequence[Array]) -> Array:
        """What the network says before the softmax, (N, number of classes)."""
        return self._engine.outputs(len(images), lambda lo, hi: np.stack(images[lo:hi]))


def usual_preprocessing(path: Path, network: Network) -> str:
    """Which images the weights in a file usually expect: a key of ``PREPROCESSING``.

    Args:
        path: of the file. Deep Compression's is for "caffe".
        network: with the weights. If the first layer is that of the embedded network, up to
            rounding, they are for "caffe"; all others are taken to be for "torchvision".
    """
    if kind_of(path) == "deep-compression":
        return "caffe"
    first, theirs = next(iter(network.state_dict().items()))
    ours = pretrained_state().get(first, np.empty(0))
    same = theirs.shape == ours.shape and np.allclose(theirs, ours, rtol=0.01, atol=1e-4)
    return "caffe" if same else "torchvision"


def _imagenet(count: int) -> list[ImageClass]:
    """ImageNet's classes, or numbers where a network has another number of them."""
    if count != len(imagenet_classes()):
        return [ImageClass(f"class {number}") for number in range(count)]
    return [ImageClass(name, synset) for synset, name in imagenet_classes()]


def _preparing(kind: str) -> Callable[[Path], Array]:
    """Read a photograph and prepare it for ImageNet weights."""
    return lambda path: preprocess(read_photograph(path), kind)


def _preparing_as_trained(card: ModelCard) -> Callable[[Path], Array]:
    """Read a photograph and prepare it as a network's test images were."""
    size, mean, std = card.image_shape[0], np.array(card.mean), np.array(card.std)
    read = read_centre if card.data == "imagefolder" else read_square
    return lambda path: normalise(read(path, size)[None], mean, std)[0]
