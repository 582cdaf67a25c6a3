"""What the doctor measures by training a little, each time with a fresh network."""

from __future__ import annotations

import copy
import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..data.split import Subset
from ..layer import Array, Layer
from ..layers.dropout import Dropout
from ..losses import SoftmaxCrossEntropy
from ..schedules import make_schedule
from .config import TrainingConfig
from .frozen import frozen_parameters
from .lr_find import batches
from .rungs import FALLEN, LEARNT, recent
from .trainer import HEALTH_IMAGES, Trainer
from .trouble import LayerHealth, TrainingDiverged, layer_health, update_ratio

BY_HEART = 20  # images
RATIO_STEPS = 5  # whose updates are averaged
NO_REGULARISATION: dict[str, Any] = {
    "augment": False,
    "cutout": 0,
    "mixup": 0.0,
    "label_smoothing": 0.0,
    "dropout": 0.0,
    "weight_decay": 0.0,
}


@dataclass(frozen=True, eq=False)
class Beginning:
    """The first steps of a run.

    Attributes
    ----------
    losses
        Of the steps.
    update_ratio
        Size of the last steps as a share of the weights'.
    error
        Why it ended, where it diverged; else empty.
    trainer
        As the steps left it.
    """

    losses: list[float]
    update_ratio: float
    error: str
    trainer: Trainer


def fresh(config: TrainingConfig, dataset: Dataset, threads: int | None) -> Trainer:
    """A trainer that keeps no second set of weights."""
    return Trainer(replace(config, patience=0, ema=0.0), dataset, threads=threads)


def first_loss(trainer: Trainer) -> float:
    """The plain loss of a small batch in training mode."""
    x, labels = some_images(trainer)
    network = copy.deepcopy(trainer.engine.model).train()
    with np.errstate(all="ignore"):
        return float(SoftmaxCrossEntropy().forward(network.forward(x), labels))


def some_images(trainer: Trainer) -> tuple[Array, Array]:
    """A small batch as the layers that are trained get to see it."""
    images = trainer.images.plain()
    return images.load(images.order(0)[:HEALTH_IMAGES], 0)


def health(trainer: Trainer) -> list[LayerHealth]:
    """How the layers are doing on a small batch."""
    return layer_health(trainer.engine.model, SoftmaxCrossEntropy(), *some_images(trainer))


def trained(trainer: Trainer, health: list[LayerHealth]) -> list[LayerHealth]:
    """Those layers whose weights are not frozen."""
    frozen = frozen_parameters(trainer.model, trainer.config.freeze)
    return [layer for layer in health if f"{layer.path}.weight" not in frozen]


def learn_by_heart(
    config: TrainingConfig, dataset: Dataset, threads: int | None, steps: int
) -> tuple[Trainer, list[float]]:
    """Train on a few images until they are learnt or time is over."""
    few = _few(dataset)
    images = len(few.train_labels)
    config = replace(
        config,
        **NO_REGULARISATION,
        validation=0.0,
        patience=0,
        batch_size=images,
        accumulate=1,
        shard_size=images,
    )
    trainer = fresh(config, few, threads)
    _set_schedule(trainer, steps)
    losses: list[float] = []
    try:
        for _ in range(steps):
            losses.append(trainer.take_step(np.arange(images), 0)[0])
            if losses[-1] < LEARNT / 2 * math.log(len(dataset.class_names)):
                break
    except TrainingDiverged:
        losses.append(math.inf)
    return trainer, losses


def _few(dataset: Dataset) -> Dataset:
    """A data set of a few training images, of as many classes as there can be."""
    labels = dataset.train_labels
    order = np.random.default_rng(0).permutation(len(labels))
    seen: dict[int, int] = {}
    turns = np.empty(len(labels), int)  # the first image of each class, then the second, ...
    for place, label in enumerate(labels[order].tolist()):
        seen[label] = turns[place] = seen.get(label, 0) + 1
    chosen = order[np.argsort(turns, kind="stable")[:BY_HEART]]
    return replace(
        dataset, train_images=Subset(dataset.train_images, chosen), train_labels=labels[chosen]
    )


def regularisation(
    config: TrainingConfig, learner: Trainer, learnt: bool
) -> tuple[float, dict[str, float]]:
    """The loss of images that were learnt by heart, and what each regularisation adds to it."""
    x, labels = some_images(learner)
    network = learner.engine.model

    def loss(smoothing: float = 0.0, dropout: float = 0.0) -> float:
        total = 0.0
        for draw in range(4):
            copied: Layer = copy.deepcopy(network).train()
            for _, layer in copied.named_layers():
                if isinstance(layer, Dropout):
                    layer.p, layer.rng = dropout, np.random.default_rng(draw)
            with np.errstate(all="ignore"):
                total += float(SoftmaxCrossEntropy(smoothing).forward(copied.forward(x), labels))
        return total / 4

    plain, terms = loss(), {}
    if config.weight_decay and config.optimizer not in ("adamw", "muon"):  # decay beside the loss
        frozen = frozen_parameters(learner.model, config.freeze)
        weights = [p.data for path, p in network.named_parameters() if path not in frozen]
        squares = sum(float((w.astype(np.float64) ** 2).sum()) for w in weights)
        terms["weight decay"] = config.weight_decay / 2 * squares
    if learnt and config.label_smoothing:
        terms["label smoothing"] = loss(smoothing=config.label_smoothing) - plain
    if learnt and config.dropout:
        terms["dropout"] = loss(dropout=config.dropout) - plain
    return plain, terms


def begin(
    config: TrainingConfig,
    dataset: Dataset,
    threads: int | None,
    steps: int,
    most: int,
) -> Beginning:
    """Take the first steps of a run; up to ``most`` of them while the loss stands still."""
    trainer = fresh(config, dataset, threads)
    chance = math.log(len(dataset.class_names))
    _set_schedule(trainer, steps)
    losses: list[float] = []
    ratios: list[float] = []
    error = ""
    for chosen, epoch in itertools.islice(batches(trainer), most):
        before = trainer.engine.vector.data.copy()
        try:
            losses.append(trainer.take_step(chosen, epoch)[0])
        except TrainingDiverged as diverged:
            losses.append(math.inf)
            error = str(diverged)
            break
        ratios.append(update_ratio(trainer.engine.vector, before))
        if len(losses) >= steps and recent(losses) < FALLEN * chance:
            break
    ratio = float(np.mean(ratios[-RATIO_STEPS:])) if ratios else math.nan
    return Beginning(losses, ratio, error, trainer)


def _set_schedule(trainer: Trainer, steps: int) -> None:
    """Go straight to the run's highest rate, or where the run rises to it, within a third."""
    config = trainer.config
    rises = config.schedule == "one-cycle" or config.warmup_epochs > 0
    trainer.schedule = make_schedule(
        "constant", lr=config.lr, total_steps=steps, warmup_steps=steps // 3 if rises else 0
    )
