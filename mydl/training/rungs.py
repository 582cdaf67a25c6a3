"""The rungs of the doctor's ladder: what is measured, where it has to lie, and what that means.

Here numbers are judged; :mod:`mydl.training.doctor` trains to get those that the data do not give.

Sources: Karpathy 2019, "A Recipe for Training Neural Networks"; Stanford's CS231n, "Neural Networks
Part 3: Learning and Evaluation".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.dataset import Dataset
from ..layer import Array
from .lr_find import Sweep
from .trouble import FLAT, NEAR, LayerHealth, sanity_line, warnings

MOST_UNEVEN = 10.0  # largest class / smallest class
FLAT_IMAGES = 0.01  # share of images that may have a single colour
MEAN_WITHIN, STD_WITHIN = 0.5, (0.5, 2.0)  # of inputs that are normalised to 0 and 1
SAMPLE = 1000  # images that are looked at
LEAST_NEIGHBOURS = 200  # fewer images say nothing about labels
SIGNIFICANT = 4.0  # standard deviations above chance
LEARNT = 0.1  # share of ln(classes) that the loss of 20 images has to come below
FALLEN = 0.97  # of ln(classes): a mean loss above that stands still
PENALTY = 10.0  # times ln(classes): more weight decay drowns what the images say
UPDATES = (1e-4, 3e-2)  # step / weights; a thousandth is the rule


@dataclass(frozen=True)
class Rung:
    """One question and its answer.

    Attributes
    ----------
    name
        What is asked about.
    passed
        Whether the answer is as it should be.
    words
        The measured number and what it means.
    advice
        What to change, where the rung alone tells that; else empty.
    value
        The measured number; NaN where the question could not be asked.
    """

    name: str
    passed: bool
    words: str
    value: float
    advice: str = ""


# ---- the data -----------------------------------------------------------------------------------


def data_rungs(dataset: Dataset, *, pretrained: bool = False) -> list[Rung]:
    """What can be seen without a network.

    Parameters
    ----------
    dataset
        Only its training images are looked at.
    pretrained
        Whether the images are normalised for weights that come from elsewhere, with the mean and
        deviation of other images.
    """
    n = len(dataset.train_labels)
    places = np.sort(np.random.default_rng(0).permutation(n)[:SAMPLE])
    images = dataset.train_images[places]
    inputs = dataset.inputs(images)
    return [
        classes_rung(dataset.train_labels, dataset.class_names),
        images_rung(images),
        inputs_rung(inputs, pretrained),
        labels_rung(inputs, dataset.train_labels[places]),
    ]


def classes_rung(labels: Array, class_names: Sequence[str]) -> Rung:
    """Does every class occur, about as often as the others?"""
    counts = np.bincount(labels, minlength=len(class_names))
    ratio = float(counts.max() / counts.min()) if counts.min() else math.inf
    if np.count_nonzero(counts) == 1:
        only = class_names[int(counts.argmax())]
        words = f"all {len(labels):,} training labels are {only!r}"
        return Rung("classes", False, words, ratio, "read the labels again: they are all the same")
    if not counts.min():
        missing = [name for name, count in zip(class_names, counts, strict=True) if not count]
        words = f"{len(missing)} of {len(counts)} classes have no training image: {missing[0]!r}"
        return Rung(
            "classes", False, words, ratio, "leave out the classes that have no images, or add some"
        )
    words = f"{len(counts)} classes of {counts.min():,} to {counts.max():,} training images"
    if ratio > MOST_UNEVEN:
        return Rung(
            "classes",
            False,
            f"{words}: the largest has {ratio:.0f} times the images of the smallest",
            ratio,
            "balance the classes: with these the network does well by naming the largest",
        )
    return Rung("classes", True, words, ratio)


def images_rung(images: Array) -> Rung:
    """Do the images show anything?"""
    flat = images.reshape(len(images), -1, images.shape[-1])
    share = float((flat == flat[:, :1]).all(axis=(1, 2)).mean())
    distinct = len({image.tobytes() for image in images})
    words = f"{share:.0%} of {len(images):,} images are of a single colour"
    if share > FLAT_IMAGES:
        return Rung("images", False, words, share, "read the images again: they are empty")
    if distinct < len(images) / 2:
        words = f"only {distinct:,} of {len(images):,} images differ"
        return Rung("images", False, words, share, "read the images again: they repeat")
    return Rung("images", True, words, share)


def inputs_rung(inputs: Array, pretrained: bool = False) -> Rung:
    """Do inputs have mean 0 and deviation 1?"""
    mean, std = float(inputs.mean(dtype=np.float64)), float(inputs.std(dtype=np.float64))
    words = f"inputs have mean {mean:.2f} and deviation {std:.2f}"
    if not np.isfinite(inputs).all():
        return Rung(
            "inputs", False, "some inputs are not finite", std, "a channel's deviation may be zero"
        )
    if pretrained:
        return Rung("inputs", True, f"{words}, in the way that the weights expect", std)
    if abs(mean) > MEAN_WITHIN or not STD_WITHIN[0] <= std <= STD_WITHIN[1]:
        return Rung(
            "inputs",
            False,
            f"{words}, which should be near 0 and 1: they are not normalised",
            std,
            "normalise with the mean and deviation of the training images' own channels",
        )
    return Rung("inputs", True, words, std)


def labels_rung(inputs: Array, labels: Array) -> Rung:
    """Do images that look alike have the same label?

    The image with the nearest pixels is right far more often than chance on any data that a network
    can learn from few images. With shuffled labels it is not.
    """
    n = len(labels)
    small = _shrink(inputs).reshape(n, -1).astype(np.float64)
    squares = (small**2).sum(axis=1)
    distances = squares[:, None] - 2 * small @ small.T + squares
    np.fill_diagonal(distances, np.inf)
    right = float((labels[distances.argmin(axis=1)] == labels).mean())
    chance = float(((np.bincount(labels) / n) ** 2).sum())
    words = (
        f"the most similar image has the same label {right:.1%} of the time, chance {chance:.1%}"
    )
    needed = chance + SIGNIFICANT * math.sqrt(chance * (1 - chance) / n)
    if n < LEAST_NEIGHBOURS:
        return Rung("labels", True, f"{words} ({n} images are too few to tell)", right)
    if right < needed:
        return Rung(
            "labels",
            False,
            f"{words}: labels have nothing to do with the images",
            right,
            "check that each image has its own label: images and labels may be in different orders",
        )
    return Rung("labels", True, words, right)


def _shrink(images: Array, size: int = 32) -> Array:
    """Images of at most ``size`` pixels a side, by means over blocks."""
    block = max(1, images.shape[1] // size)
    side = images.shape[1] // block
    cut = images[:, : side * block, : side * block]
    return cut.reshape(len(cut), side, block, side, block, -1).mean(axis=(2, 4))


# ---- the network --------------------------------------------------------------------------------


def first_loss_rung(loss: float, classes: int) -> Rung:
    """Is the first loss that of someone who knows nothing?"""
    chance = math.log(classes)
    passed = abs(loss - chance) <= NEAR * max(chance, 1)
    words = sanity_line(loss, classes).removeprefix("first loss ")
    return Rung("first loss", passed, words, loss)


def gradients_rung(health: Sequence[LayerHealth]) -> Rung:
    """Does every layer with weights get a gradient?"""
    ratios = {
        layer.path: layer.gradient_ratio for layer in health if not math.isnan(layer.gradient_ratio)
    }
    worst = min(ratios, key=lambda path: ratios[path])
    words = (
        f"smallest gradient {ratios[worst]:.1g} of the weights, in {worst}; largest "
        f"{max(ratios.values()):.1g}"
    )
    return Rung("gradients", ratios[worst] > FLAT, words, ratios[worst])


def overfit_rung(losses: Sequence[float], images: int, classes: int, lr: float) -> Rung:
    """Can a few images be learnt by heart?"""
    loss, start = losses[-1], math.log(classes)
    words = f"loss of {images} images {loss:.3g} after {len(losses)} steps at lr {lr:g}"
    if loss < LEARNT * start:
        return Rung("overfitting", True, words, loss)
    stands = abs(loss - start) < (1 - FALLEN) * start
    reason = f": it stands still at ln({classes})" if stands else ": they are not learnt by heart"
    return Rung("overfitting", False, words + reason, loss)


def regularisation_rung(plain: float, terms: dict[str, float], classes: int, images: int) -> Rung:
    """Does what is to prevent overfitting raise the loss of images that were learnt by heart?

    Parameters
    ----------
    plain
        Their loss.
    terms
        By how much each kind of regularisation raises it.
    classes
        How many the data have.
    images
        How many were learnt by heart.
    """
    if not terms:
        return Rung("regularisation", True, "there is none to check", math.nan)
    total = plain + sum(terms.values())
    listed = ", ".join(f"{name} adds {value:.2g}" for name, value in terms.items())
    words = f"it raises the loss of {images} images from {plain:.2g} to {total:.2g}: {listed}"
    if terms.get("weight decay", 0) > PENALTY * math.log(classes):
        return Rung("regularisation", False, f"{words}, which drowns what the images say", total)
    if min(terms.values()) <= 0:
        return Rung("regularisation", False, f"{words}: it should raise it", total)
    return Rung("regularisation", True, words, total)


def learning_rung(losses: Sequence[float], classes: int, lr: float, error: str = "") -> Rung:
    """Does the loss fall in the first steps of the run?"""
    loss, start = recent(losses), math.log(classes)
    words = f"loss {losses[0]:.2f} to {loss:.2f} in {len(losses)} steps at lr {lr:g}"
    if error:
        return Rung("learning", False, f"{words}: {error}", loss)
    if loss > (1 + NEAR) * start:
        return Rung("learning", False, f"{words}: it rises above ln({classes})", loss)
    if loss > FALLEN * start:
        return Rung("learning", False, f"{words}: it stands still at ln({classes})", loss)
    return Rung("learning", True, words, loss)


def recent(losses: Sequence[float], steps: int = 10) -> float:
    """The mean of the last losses, infinite if one is not finite."""
    mean = float(np.mean(losses[-steps:]))
    return mean if math.isfinite(mean) else math.inf


def dead_rung(health: Sequence[LayerHealth], steps: int) -> Rung:
    """Do all layers say something after some steps?"""
    relus = [layer for layer in health if layer.kind == "ReLU"]
    worst = max(relus, key=lambda layer: layer.dead_units, default=None)
    dead = 0.0 if worst is None else worst.dead_units
    found = [sentence for sentence in warnings(health) if "vanishing" not in sentence]
    if found:
        return Rung("dead layers", False, f"after {steps} steps, {found[0]}", dead)
    where = f", in {worst.path}" if worst is not None and dead else ""
    return Rung("dead layers", True, f"at most {dead:.0%} of a layer's units are dead{where}", dead)


def updates_rung(ratio: float, lr: float) -> Rung:
    """Is a step about a thousandth of the weights?"""
    words = f"a step is {ratio:.1e} of the weights at lr {lr:g}"
    if ratio < UPDATES[0]:
        return Rung("updates", False, f"{words}: too small, they hardly change", ratio)
    if not ratio <= UPDATES[1]:
        return Rung("updates", False, f"{words}: too large, they lose what they learnt", ratio)
    return Rung("updates", True, f"{words}, near a thousandth", ratio)


def rate_rung(sweep: Sweep, lr: float) -> Rung:
    """Does the learning rate lie where its sweep says it should?"""
    if sweep.range is None:
        words = (
            f"no rate from {sweep.rates[0]:.2g} to {sweep.rates[-1]:.2g} lowered the loss in "
            f"{len(sweep.rates)} steps"
        )
        return Rung("learning rate", False, words, lr)
    low, high = sweep.range
    words = f"rates from {low:.2g} to {high:.2g} serve, the sweep suggests {sweep.suggestion:g}"
    if lr < low:
        return Rung("learning rate", False, f"{lr:g} is too low: {words}", lr)
    if lr > high:
        return Rung("learning rate", False, f"{lr:g} is too high: {words}", lr)
    return Rung("learning rate", True, f"{lr:g}; {words}", lr)
