"""mydl's own steps, as ``mydl train`` runs them."""

from __future__ import annotations

import numpy as np

from ..models import build_model
from ..optim import SGD
from ..parallel import ShardedModel
from .cases import Case, Step


def step(case: Case, threads: int) -> Step:
    """A training step or an inference of the network in shards over threads."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(case.batch, *case.image)).astype(np.float32)
    labels = rng.integers(0, case.classes, case.batch)
    model = build_model(case.model, num_classes=case.classes)
    engine = ShardedModel(model, threads=threads)
    optimizer = SGD(engine.vector.data, 0.001, momentum=0.9, weight_decay=5e-4)

    def train() -> None:
        engine.vector.grad[...] = 0
        engine.gradient(case.batch, lambda a, b: (x[a:b], labels[a:b]), step=optimizer.steps)
        optimizer.step(engine.vector.grad)

    def infer() -> None:
        engine.outputs(case.batch, lambda a, b: x[a:b])

    return train if case.mode == "train" else infer
