"""CIFAR-100: 50,000 photographs to train on and 10,000 to test on, 32x32 pixels, of 100 things.

Each has a second, coarse label, one of 20 groups of five classes, which is not used.
"""

from __future__ import annotations

import numpy as np

from .cifar import PAGE, Cifar, advice

BINARY, PYTHON = "cifar-100-binary.tar.gz", "cifar-100-python.tar.gz"

CIFAR100 = Cifar(
    name="cifar100",
    title="CIFAR-100",
    files=("train", "test"),
    copies=("", "cifar-100-binary", "cifar-100-python", BINARY, PYTHON),
    url=PAGE,
    downloads={BINARY: "03b5dce01913d631647c71ecec9e9cb8"},
    megabytes=169,
    advice=advice(BINARY, PYTHON),
    # fine_label_names.txt of the archive.
    class_names=(
        *("apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle"),
        *("bicycle", "bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can"),
        *("castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock", "cloud"),
        *("cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant"),
        *("flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard"),
        *("lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree"),
        *("motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid"),
        *("otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate"),
        *("poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket"),
        *("rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake"),
        *("spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank"),
        *("telephone", "television", "tiger", "tractor", "train", "trout", "tulip"),
        *("turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm"),
    ),
    label_bytes=2,
    label_key="fine_labels",
    mean=np.array([0.5071, 0.4867, 0.4408]),
    std=np.array([0.2675, 0.2565, 0.2761]),
)
