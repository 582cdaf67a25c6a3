"""SqueezeNet 1.1 as its authors trained it on ImageNet, and the names of the 1,000 classes.

The numbers are those of the authors' release for Caffe (https://github.com/forresti/SqueezeNet),
rounded to 16 bits: ``make_pretrained.py`` makes the files here. They want their images as Caffe
does, see :func:`mydl.data.preprocess.preprocess`.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np

from ..layer import Array
from ..weights.npz import WeightsError, load_npz

WEIGHTS = Path(__file__).with_name("squeezenet1_1.npz")
CLASSES = Path(__file__).with_name("imagenet_classes.txt")
SHA256 = "a7eba9ba4389a4dcd4549c126afa4209661d40533c6b856a3bf777acb72dc526"


def pretrained_state() -> dict[str, Array]:
    """The parameters of ``squeezenet1_1()`` by path, in float32.

    Raises
    ------
    WeightsError
        The file that was installed is not the one that was published.

    Examples
    --------
    >>> pretrained_state()["classifier.conv10.weight"].shape
    (1, 1, 512, 1000)
    """
    try:
        digest = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    except OSError:
        digest = ""
    if digest != SHA256:
        raise WeightsError(f"{WEIGHTS}: missing or damaged; install mydl again")
    arrays, _ = load_npz(WEIGHTS)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


@cache
def imagenet_classes() -> tuple[tuple[str, str], ...]:
    """The synset id and the name of each class, in the order of the network's outputs.

    >>> len(imagenet_classes()), imagenet_classes()[0]
    (1000, ('n01440764', 'tench'))
    """
    lines = CLASSES.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return tuple((synset, name) for synset, name in rows)
