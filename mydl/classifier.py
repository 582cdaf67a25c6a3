"""A trained network with all it takes to say what is on a photograph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .data.dataset import DataError
from .data.imagefolder import read_centre, read_square
from .data.preprocess import PREPROCESSING, Preparation, imagenet_preparation
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

    Attributes
    ----------
    label
        What people call it.
    synset
        Its id in WordNet, such as n02123597; None where it has none.
    """

    label: str
    synset: str | None = None


@dataclass(frozen=True)
class TrainedNetwork:
    """A network with what its inputs and its outputs mean.

    Attributes
    ----------
    network
        Gives logits.
    classes
        Of its outputs, in order.
    preparation
        How pictures go in.
    how
        Says that in a few words.
    card
        What a file that was trained here says of it.
    """

    network: Network
    classes: tuple[ImageClass, ...]
    preparation: Preparation
    how: str
    card: ModelCard | None = None

    @classmethod
    def pretrained(cls) -> TrainedNetwork:
        """The embedded SqueezeNet 1.1, which knows the 1,000 classes of ImageNet."""
        network = squeezenet1_1(pretrained=True)
        return cls(network, _imagenet(1000), imagenet_preparation("caffe"), "caffe")

    @classmethod
    def from_file(cls, path: Path, preprocessing: str = "") -> TrainedNetwork:
        """The network that a file or the folder of a run has the weights of.

        Arguments and errors are those of :meth:`Classifier.from_file`.
        """
        if preprocessing and preprocessing not in PREPROCESSING:
            raise ValueError(unknown("preprocessing", preprocessing, PREPROCESSING))
        if is_saved_model(path):
            if preprocessing:
                raise ValueError(f"{path} says itself how images go in: leave out --preprocess")
            network, card = load_model(path)
            classes = tuple(ImageClass(name) for name in card.class_names)
            return cls(network, classes, _as_trained(card), "as in training", card)
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
        return cls(network, _imagenet(count), imagenet_preparation(kind), kind)


class Classifier:
    """Says what is on photographs.

    Parameters
    ----------
    network
        Gives logits.
    classes
        Of its outputs, in order.
    prepare
        Reads a file and returns what the network takes, (H, W, 3); DataError if the file is no
        picture.
    how
        Says in a few words what ``prepare`` does.
    threads
        How many; None takes one a core.

    Examples
    --------
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
    def of(cls, trained: TrainedNetwork, threads: int | None = None) -> Classifier:
        """One with a trained network."""
        return cls(trained.network, trained.classes, trained.preparation, trained.how, threads)

    @classmethod
    def pretrained(cls, threads: int | None = None) -> Classifier:
        """The embedded SqueezeNet 1.1, which knows the 1,000 classes of ImageNet."""
        return cls.of(TrainedNetwork.pretrained(), threads)

    @classmethod
    def from_file(
        cls, path: Path, preprocessing: str = "", threads: int | None = None
    ) -> Classifier:
        """The network that a file or the folder of a run has the weights of.

        A network that was trained here says itself how its images go in. For others
        ``preprocessing`` does, or if it is empty :func:`usual_preprocessing`.

        Raises
        ------
        WeightsError
            The file is missing, damaged or none of the SqueezeNet family.
        ValueError
            There is no such preprocessing, the file says another, or it says none and is for
            smaller images than photographs.
        """
        return cls.of(TrainedNetwork.from_file(path, preprocessing), threads)

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

    Parameters
    ----------
    path
        Of the file. Deep Compression's is for "caffe".
    network
        With the weights. If the first layer is that of the embedded network, up to rounding, they
        are for "caffe"; all others are taken to be for "torchvision".
    """
    if kind_of(path) == "deep-compression":
        return "caffe"
    first, theirs = next(iter(network.state_dict().items()))
    ours = pretrained_state().get(first, np.empty(0))
    same = theirs.shape == ours.shape and np.allclose(theirs, ours, rtol=0.01, atol=1e-4)
    return "caffe" if same else "torchvision"


def _imagenet(count: int) -> tuple[ImageClass, ...]:
    """ImageNet's classes, or numbers where a network has another number of them."""
    if count != len(imagenet_classes()):
        return tuple(ImageClass(f"class {number}") for number in range(count))
    return tuple(ImageClass(name, synset) for synset, name in imagenet_classes())


def _as_trained(card: ModelCard) -> Preparation:
    """How a network's test images were prepared in training."""
    size, read = card.image_shape[0], read_centre if card.data == "imagefolder" else read_square
    return Preparation(lambda path: read(path, size), card.mean, card.std)
