"""Test a network on all photographs of a folder that has one folder for each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from ..classifier import Classifier, ImageClass
from ..data.dataset import DataError
from ..data.imagefolder import files_to_test, notes_of
from .evaluation import Evaluation, judge

AT_ONCE = 64  # photographs in memory


@dataclass(frozen=True)
class Labelled:
    """Photographs and the right answers.

    Attributes
    ----------
    paths
        Of the files.
    labels
        Index of each one's class among the network's outputs.
    """

    paths: list[Path]
    labels: list[int]


def find_labelled(root: Path, classes: Sequence[ImageClass]) -> Labelled:
    """All photographs in the folders of classes; only the test photographs where there are parts.

    Parameters
    ----------
    root
        The folder around those of the classes, or around train and test (or val).
    classes
        What the network tells apart. A class's folder has its synset id for a name, its label, or
        one of several labels between commas; capitals do not matter, and an underscore is a space.

    Raises
    ------
    DataError
        A folder has no photographs, or is named after none or several of the classes.
    """
    index: dict[str, list[int]] = {}
    for number, one in enumerate(classes):
        names = [one.synset or one.label, one.label, *one.label.split(", ")]
        for name in {_plain(name) for name in names}:
            index.setdefault(name, []).append(number)
    paths, labels = [], []
    for name, files in files_to_test(root).items():
        found = index.get(_plain(name), [])
        if len(found) != 1:
            raise DataError(f"{root}: {_which(name, found, classes, index)}")
        paths += files
        labels += found * len(files)
    return Labelled(paths, labels)


def _plain(name: str) -> str:
    return name.lower().replace("_", " ")


def _which(
    name: str, found: list[int], classes: Sequence[ImageClass], index: dict[str, list[int]]
) -> str:
    """Why a folder's name does not say which class it is."""
    if found:
        these = " and ".join(str(classes[number].synset) for number in found)
        return f"the folder {name!r} may be of the classes {these}: use one of these names"
    near = get_close_matches(_plain(name), index, 1)
    hint = f"did you mean {near[0]!r}?" if near else "name the folders after these"
    return (
        f"the folder {name!r} is named after none of the network's {len(classes)} classes: {hint}"
    )


def evaluate_labelled(
    classifier: Classifier, labelled: Labelled
) -> tuple[Evaluation, tuple[str, ...]]:
    """Let a network say what is on photographs.

    Returns
    -------
    tuple[Evaluation, tuple[str, ...]]
        How good it is, and notes on files that were left out.

    Raises
    ------
    DataError
        No photograph can be read.
    """
    logits, labels = [], []
    faults: list[str] = []

    for start in range(0, len(labelled.paths), AT_ONCE):
        here = slice(start, start + AT_ONCE)
        read = classifier.prepare_all(labelled.paths[here])
        good = [image for image in read if not isinstance(image, DataError)]
        faults += [str(image) for image in read if isinstance(image, DataError)]
        labels += [
            label
            for image, label in zip(read, labelled.labels[here], strict=True)
            if not isinstance(image, DataError)
        ]
        if good:
            logits.append(classifier.logits(good))
    notes = notes_of(faults, len(labelled.paths))
    if not logits:
        raise DataError(f"no photograph is left to test on: {notes[0]}")
    return judge(np.concatenate(logits), np.array(labels), len(classifier.classes)), notes
