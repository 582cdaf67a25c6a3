"""CIFAR-10: 50,000 photographs to train on and 10,000 to test on, 32x32 pixels, of ten things."""

from __future__ import annotations

import numpy as np

from .cifar import PAGE, Cifar, advice

BINARY, PYTHON = "cifar-10-binary.tar.gz", "cifar-10-python.tar.gz"

CIFAR10 = Cifar(
    name="cifar10",
    title="CIFAR-10",
    files=(*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"),
    copies=("", "cifar-10-batches-bin", "cifar-10-batches-py", BINARY, PYTHON),
    url=PAGE,
    downloads={BINARY: "c32a1d4ab5d03f1284b67883e8d87530"},
    megabytes=170,
    advice=advice(BINARY, PYTHON),
    class_names=(
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
    label_bytes=1,
    label_key="labels",
    mean=np.array([0.4914, 0.4822, 0.4465]),
    std=np.array([0.2470, 0.2435, 0.2616]),
)
