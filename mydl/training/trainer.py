"""The training loop: forward, loss, backward, step, until the epochs are over."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from ..data.augment import augment
from ..data.dataset import Dataset
from ..layer import Array
from ..losses import SoftmaxCrossEntropy
from ..models import build_model, model_options
from ..models.saved import ModelCard
from ..optim import clip_grad_norm, make_optimizer
from ..parallel import ShardedModel
from ..schedules import make_schedule
from .config import TrainingConfig
from .evaluation import Evaluation, evaluate
from .frozen import frozen_parameters, split
from .start import read_start


@dataclass(frozen=True)
class StepReport:
    """Where a run stands after a step: means over the epoch so far."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float
    images_per_second: float


@dataclass(frozen=True)
class EpochReport:
    """A row of ``metrics.csv``. Accuracies are fractions, seconds those since the run began."""

    epoch: int
    seconds: float
    lr: float
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    images_per_second: float


class Watcher(Protocol):
    """Whoever wants to see a run as it goes."""

    def on_step(self, report: StepReport) -> None: ...
    def on_epoch(self, report: EpochReport) -> None: ...


class Trainer:
    """Train a network on a data set.

    Args:
        config: the choices; see :class:`TrainingConfig`.
        dataset: images and labels to train on and to test on.
        threads: threads to work on; None takes the number of usable cores. Any number gives the
            same bits.

    Attributes:
        model: the network, whose parameters are trained in place.
        dataset: the data, with the mean and std that the weights to start from expect.
        engine: runs the network in shards over threads, without its leading layers if these are
            frozen: no gradient is needed there, and they are run when images are loaded.
        history: the report of each epoch that is over.
        evaluation: what the last epoch's network makes of the test images.
    """

    def __init__(
        self, config: TrainingConfig, dataset: Dataset, *, threads: int | None = None
    ) -> None:
        self.config = config
        self.dataset = dataset
        self.model = build_model(config.model, **self._model_options())
        start = read_start(config.pretrained, config.weights, config.preprocess)
        if start is not None:
            start.give_to(self.model)
            self.dataset = replace(dataset, mean=start.mean, std=start.std)
        frozen = frozen_parameters(self.model, config.freeze)
        self._stem, trained = split(self.model, frozen)
        self.engine = ShardedModel(
            trained,
            SoftmaxCrossEntropy(label_smoothing=config.label_smoothing),
            threads=threads,
            shard_size=config.shard_size,
            seed=config.seed,
        )
        self._frozen = [
            place for path, place in self.engine.vector.slices.items() if path in frozen
        ]
        decays = np.ones_like(self.engine.vector.data)
        for place in self._frozen:
            decays[place] = 0
        images = len(dataset.train_labels)
        self.steps_per_epoch = math.ceil(images / (config.batch_size * config.accumulate))
        self.optimizer = make_optimizer(
            config.optimizer,
            self.engine.vector.data,
            lr=config.lr,
            momentum=config.momentum,
            nesterov=config.nesterov,
            weight_decay=config.weight_decay,
            decay_mask=decays,
        )
        self.schedule = make_schedule(
            config.schedule,
            lr=config.lr,
            total_steps=self.steps_per_epoch * config.epochs,
            warmup_steps=round(self.steps_per_epoch * config.warmup_epochs),
        )
        self.history: list[EpochReport] = []
        self.evaluation: Evaluation | None = None
        self._step = 0
        self._stopping = False

    def stop(self) -> None:
        """Ask a running :meth:`fit` to end after the step it is at."""
        self._stopping = True

    def fit(self, watcher: Watcher) -> bool:
        """Train for the configured epochs; returns False if it was stopped before."""
        began = time.perf_counter()
        for epoch in range(self.config.epochs):
            epoch_began = time.perf_counter()
            report = None
            for report in self._steps(epoch, epoch_began):
                watcher.on_step(report)
                if self._stopping:
                    return False
            assert report is not None  # a data set has at least one image
            self.evaluation = self.evaluate()
            row = EpochReport(
                epoch=epoch + 1,
                seconds=time.perf_counter() - began,
                lr=self.optimizer.lr,
                train_loss=report.loss,
                train_accuracy=report.accuracy,
                test_loss=self.evaluation.loss,
                test_accuracy=self.evaluation.accuracy,
                images_per_second=report.images_per_second,
            )
            self.history.append(row)
            watcher.on_epoch(row)
        return True

    def evaluate(self) -> Evaluation:
        """Run the test images through the network in evaluation mode."""
        return evaluate(self.engine, self.dataset, self._stem)

    def card(self) -> ModelCard:
        """What there is to know about this run's weights."""
        return ModelCard(
            model=self.config.model,
            options=self._model_options(),
            data=self.config.data,
            image_shape=self.dataset.image_shape,
            class_names=tuple(self.dataset.class_names),
            mean=tuple(map(float, self.dataset.mean)),
            std=tuple(map(float, self.dataset.std)),
        )

    def _model_options(self) -> dict[str, Any]:
        """The arguments of ``build_model``; what a network does not have may only be off."""
        options = {
            "num_classes": len(self.dataset.class_names),
            "batch_norm": self.config.batch_norm,
            "bypass": None if self.config.bypass == "none" else self.config.bypass,
            "dropout": self.config.dropout,
            "final_relu": self.config.final_relu,
            "seed": self.config.seed,
        }
        known = model_options(self.config.model)
        return {name: value for name, value in options.items() if value or name in known}

    def _steps(self, epoch: int, began: float) -> Iterator[StepReport]:
        """Take every step of an epoch, reporting the means so far."""
        order = np.random.default_rng((self.config.seed, epoch)).permutation(
            len(self.dataset.train_labels)
        )
        loss_sum, correct, seen = 0.0, 0, 0
        per_step = self.config.batch_size * self.config.accumulate
        for start in range(0, len(order), per_step):
            chosen = order[start : start + per_step]
            loss, hits = self.take_step(chosen, epoch)
            loss_sum += loss * len(chosen)
            correct += hits
            seen += len(chosen)
            yield StepReport(
                epoch=epoch + 1,
                step=start // per_step + 1,
                steps=self.steps_per_epoch,
                loss=loss_sum / seen,
                accuracy=correct / seen,
                images_per_second=seen / (time.perf_counter() - began),
            )

    def take_step(self, chosen: Array, epoch: int) -> tuple[float, int]:
        """One optimizer step on the chosen training images: the mean loss and the hits before it.

        With ``accumulate`` the images go through in batches of ``batch_size`` whose gradients add
        up to that of them all.
        """
        vector = self.engine.vector
        vector.grad[...] = 0
        loss, hits = 0.0, 0
        size = self.config.batch_size
        for part, start in enumerate(range(0, len(chosen), size)):
            batch = chosen[start : start + size]
            share = len(batch) / len(chosen)
            result = self.engine.gradient(
                len(batch),
                lambda lo, hi, batch=batch: self._load(batch[lo:hi], epoch),  # type: ignore[misc]
                step=self._step * self.config.accumulate + part,
                share=share,
            )
            loss += share * result.loss
            hits += int((result.outputs.argmax(1) == self.dataset.train_labels[batch]).sum())
        for place in self._frozen:
            vector.grad[place] = 0
        if self.config.clip_norm:
            clip_grad_norm(vector.grad, self.config.clip_norm)
        self.optimizer.lr = self.schedule(self._step)
        self.optimizer.step(vector.grad)
        self._step += 1
        return loss, hits

    def _load(self, indices: Array, epoch: int) -> tuple[Array, Array]:
        images = self.dataset.train_images[indices]
        if self.config.augment:
            images = augment(
                images,
                indices,
                seed=self.config.seed,
                epoch=epoch,
                crop_padding=self.dataset.margin or self.dataset.image_size // 8,
                flip=self.dataset.mirror,
            )
        x = self.dataset.inputs(images)
        if self._stem is not None:
            x = self._stem.forward(x)
        return x, self.dataset.train_labels[indices]
