"""The training loop: forward, loss, backward, step, until the epochs are over."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..data.split import hold_out
from ..layer import Array
from ..losses import SoftmaxCrossEntropy
from ..models import build_model, model_options
from ..models.saved import ModelCard
from ..optim import clip_grad_norm, make_optimizer
from ..parallel import ShardedModel
from ..schedules import make_schedule
from .average import Average
from .config import TrainingConfig
from .distributed import Communicator, Exchange, Single, check_shards
from .evaluation import Evaluation, evaluate
from .frozen import frozen_parameters, split
from .images import TrainingImages
from .prefetch import Prefetched
from .progress import EpochReport, Progress, TrainingState, Watcher
from .start import Start, read_start
from .trouble import TrainingDiverged, first_bad, layer_health, sanity_line, update_ratio, warnings

HEALTH_IMAGES = 32  # that the layers are looked at with, once an epoch


class Trainer:
    """Train a network on a data set.

    Parameters
    ----------
    config
        The choices; see :class:`TrainingConfig`.
    dataset
        Images and labels to train on and to test on. Images to validate on are held out from those
        to train on, as the configuration says.
    threads
        To work on; None takes the usable cores. Any number gives the same bits.
    resume
        The state of an earlier trainer with the same configuration and data, to go on from.
    communicator
        To other processes that train the same network, each on some shards.

    Attributes
    ----------
    model
        The network, whose parameters are trained in place.
    dataset
        The data, with the mean and std that the weights to start from expect.
    engine
        Runs the network in shards over threads, without its leading layers if these are frozen: no
        gradient is needed there, and they are run when images are loaded.
    images
        How the training images reach the network.
    progress
        How far the run is.
    ranks
        The processes that train together; one without a communicator.
    evaluation
        What the last epoch's network makes of the validation images; None without.

    Raises
    ------
    ValueError
        Settings that do not fit each other or the data, or the state of another run.
    """

    def __init__(
        self,
        config: TrainingConfig,
        dataset: Dataset,
        *,
        threads: int | None = None,
        resume: TrainingState | None = None,
        communicator: Communicator | None = None,
    ) -> None:
        self.config = config
        self.dataset = hold_out(dataset, config.validation)
        if config.mirror and not dataset.mirror:
            raise ValueError(f"mirror images of {dataset.name} are no examples: leave out mirror")
        self.model = build_model(config.model, **self._model_options())
        start = self._start(resume)
        if start is not None:
            self.dataset = replace(self.dataset, mean=start.mean, std=start.std)
        frozen = frozen_parameters(self.model, config.freeze)
        self._stem, trained = split(self.model, frozen)
        self.ranks = Single() if communicator is None else communicator
        self._part = self.ranks.rank, self.ranks.size
        check_shards(self.ranks, config.batch_size, config.shard_size)
        self.images = TrainingImages(self.dataset, config, self._stem)
        self._loss = SoftmaxCrossEntropy(label_smoothing=config.label_smoothing)
        self.engine = ShardedModel(
            trained,
            self._loss,
            threads=self.ranks.threads() if threads is None else threads,
            shard_size=config.shard_size,
            seed=config.seed,
        )
        self._vector = self.engine.vector
        self._exchange = Exchange(self.ranks, self._vector)
        self._frozen = [place for path, place in self._vector.slices.items() if path in frozen]
        decays = np.ones_like(self._vector.data)
        for place in self._frozen:
            decays[place] = 0
        self._images_per_step = config.batch_size * config.accumulate
        self.steps_per_epoch = math.ceil(len(self.dataset.train_labels) / self._images_per_step)
        self.optimizer = make_optimizer(
            config.optimizer,
            self._vector.data,
            lr=config.lr,
            momentum=config.momentum,
            nesterov=config.nesterov,
            weight_decay=config.weight_decay,
            decay_mask=decays,
            matrices=self._vector.matrices[:-1],  # all but the classifier's
            threads=self.engine.threads,
        )
        self.schedule = make_schedule(
            config.schedule,
            lr=config.lr,
            total_steps=self.steps_per_epoch * config.epochs,
            warmup_steps=round(self.steps_per_epoch * config.warmup_epochs),
        )
        self._average = Average(self._vector, config.ema) if config.ema else None
        self._best: tuple[Array, Array] | None = None  # parameters and buffers
        self.progress = Progress()
        self.evaluation: Evaluation | None = None
        self._asked_to_stop = self._agreed_to_stop = False
        self._clock = time.perf_counter()
        if resume is not None:
            self._restore(resume)

    @property
    def history(self) -> list[EpochReport]:
        """The report of each epoch that is over."""
        return self.progress.history

    @property
    def completed(self) -> bool:
        """Whether there is nothing left to train."""
        return self.progress.completed

    def stop(self) -> None:
        """Ask a running :meth:`fit` to end after the step it is at."""
        self._asked_to_stop = True

    @property
    def _stopping(self) -> bool:
        """Whether to end here, which several processes have to agree on."""
        return self._asked_to_stop if self.ranks.size == 1 else self._agreed_to_stop

    def fit(self, watcher: Watcher) -> bool:
        """Train from where the run stands to its end; returns False if it was stopped before."""
        progress = self.progress
        self._clock = time.perf_counter()
        while not progress.completed:
            for loss in self._steps():
                if progress.step == 1:
                    watcher.on_note(sanity_line(loss, len(self.dataset.class_names)))
                watcher.on_step(progress.report(self.steps_per_epoch, self.optimizer.lr))
                if self._stopping:
                    return False
            row = self._end_epoch(watcher)
            watcher.on_epoch(row)
            if self._stopping and not progress.completed:
                return False
        return True

    def evaluate(self, part: str = "test", communicator: Communicator | None = None) -> Evaluation:
        """Run a part of the data through the network that the run would result in if it ended now.

        Parameters
        ----------
        part
            "test", "validation" or "train".
        communicator
            To other processes that do the same at this moment, to share the work.
        """
        with self.averaged():
            return evaluate(
                self.engine,
                self.dataset,
                self._stem,
                part,
                communicator,
                mirror=self.config.mirror,
            )

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the network have the average of its weights until the block ends, if there is one."""
        with nullcontext() if self._average is None else self._average.in_place():
            yield

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
            mirror=self.config.mirror,
        )

    def state(self) -> TrainingState:
        """All that the rest of the run depends on, copied: a trainer made from it goes on alike."""
        arrays = {f"model.{path}": a for path, a in self.model.state_dict().items()}
        arrays |= {f"optimizer.{name}": a for name, a in self.optimizer.state_dict().items()}
        arrays |= {f"{name}.{i}": a.copy() for name, i, a in self._extra_arrays()}
        arrays |= {"data.mean": self.dataset.mean, "data.std": self.dataset.std}
        return TrainingState(arrays, self.progress.to_dict())

    def _extra_arrays(self) -> list[tuple[str, str, Array]]:
        """The averages and the best weights, as far as there are any."""
        average = self._average
        pairs = {
            "average": None if average is None else (average.parameters, average.buffers),
            "best": self._best,
        }
        return [
            (name, what, array)
            for name, pair in pairs.items()
            if pair is not None
            for what, array in zip(("parameters", "buffers"), pair, strict=True)
        ]

    def _start(self, resume: TrainingState | None) -> Start | None:
        """Give the network the weights to start from; None if it keeps its random ones."""
        if resume is None:
            config = self.config
            start = read_start(config.pretrained, config.weights, config.preprocess)
            if start is not None:
                start.give_to(self.model)
            return start
        state, data = _below("model", resume.arrays), _below("data", resume.arrays)
        self.model.load_state_dict(state)
        return Start(state, {}, mean=data["mean"], std=data["std"])

    def _restore(self, state: TrainingState) -> None:
        """Go on from a state, whose weights the network has already."""
        self.optimizer.load_state_dict(_below("optimizer", state.arrays))
        self.progress = Progress.from_dict(state.numbers)
        self.optimizer.lr = self.schedule(max(self.progress.step - 1, 0))  # an epoch may be over
        if "best.parameters" in state.arrays:
            self._best = self._vector.data.copy(), self._vector.state.copy()
        for name, what, array in self._extra_arrays():
            values = state.arrays[f"{name}.{what}"]
            if (values.shape, values.dtype) != (array.shape, array.dtype):
                raise ValueError(f"the {name} {what} are those of another network")
            array[...] = values

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
        if self.config.squeeze_ratio:
            options["squeeze_ratio"] = self.config.squeeze_ratio
        known = model_options(self.config.model)
        return {name: value for name, value in options.items() if value or name in known}

    def _steps(self) -> Iterator[float]:
        """Take the steps that are left of the epoch, each with the next one's images on their way.

        Yields the loss of each step.
        """
        progress, load, size = self.progress, self.images.prefetch, self._images_per_step
        order = self.images.order(progress.epoch)
        steps = [order[i : i + size] for i in range(0, len(order), size)]
        with ThreadPoolExecutor(1, thread_name_prefix="mydl-prefetch") as executor:
            ahead: list[Prefetched] | None = None
            try:
                for number in range(progress.epoch_step, len(steps)):
                    batches = ahead or load(steps[number], progress.epoch, executor, self._part)
                    if number + 1 < len(steps):
                        ahead = load(steps[number + 1], progress.epoch, executor, self._part)
                    chosen = steps[number]
                    halfway = number == len(steps) // 2
                    before = self._vector.data.copy() if halfway else None
                    loss, hits = self.take_step(chosen, progress.epoch, batches)
                    if before is not None:
                        progress.update_ratio = update_ratio(self._vector, before)
                    progress.count(loss, hits, len(chosen))
                    progress.epoch_seconds += self._tick()
                    yield loss
            finally:
                for batch in ahead or ():
                    batch.cancel()

    def take_step(
        self, chosen: Array, epoch: int, prefetched: list[Prefetched] | None = None
    ) -> tuple[float, int]:
        """One optimizer step on the chosen training images: the mean loss and the hits before it.

        With ``accumulate`` the images go through in batches of ``batch_size`` whose gradients add
        up to that of them all.

        Parameters
        ----------
        chosen
            Places of the images among those to train on, (N,).
        epoch
            For the randomness of augmentation.
        prefetched
            The images of each batch, if they are on their way.

        Raises
        ------
        TrainingDiverged
            The loss, a gradient or a parameter is no longer finite.
        """
        step = self.optimizer.steps
        self._vector.grad[...] = 0
        loss, hits = 0.0, 0
        for part, batch in enumerate(self.images.batches(chosen)):
            share = len(batch) / len(chosen)
            if part > 0:  # whole running statistics, which the next batch starts from
                self.ranks.sum(self._vector.state)
            result = self.engine.gradient(
                len(batch),
                prefetched[part] if prefetched else self.images.loader(batch, epoch),
                step=step * self.config.accumulate + part,
                share=share,
                part=self._part,
            )
            loss += share * result.loss
            labels = self.dataset.train_labels[batch[result.samples]]
            hits += int((result.outputs.argmax(1) == labels).sum())
        loss, hits, self._agreed_to_stop = self._exchange(loss, hits, self._asked_to_stop)
        if not math.isfinite(loss) or self._vector.first_bad(self._vector.grad):
            raise TrainingDiverged(self._what_went_bad(chosen, epoch))
        for place in self._frozen:
            self._vector.grad[place] = 0
        if self.config.clip_norm:
            clip_grad_norm(self._vector.grad, self.config.clip_norm)
        self.optimizer.lr = self.schedule(step)
        self.optimizer.step(self._vector.grad)
        bad = self._vector.first_bad(self._vector.data)
        if bad is not None:
            raise TrainingDiverged(f"step {step + 1} made {bad} infinite: lower the learning rate")
        if self._average is not None:
            self._average.update(step)
        return loss, hits

    def _end_epoch(self, watcher: Watcher) -> EpochReport:
        """Validate, look at the layers, keep the best; the epoch's report."""
        progress, validating = self.progress, self.config.validation > 0
        self.evaluation = self.evaluate("validation", self.ranks) if validating else None
        loss = self.evaluation.loss if self.evaluation else math.nan
        x, labels = self.images.load(self.images.order(0)[:HEALTH_IMAGES], progress.epoch)
        health = layer_health(self.engine.model, self._loss, x, labels)
        for warning in warnings(health):
            watcher.on_note(warning)
        self._tick()
        row = EpochReport(
            epoch=progress.epoch + 1,
            seconds=progress.seconds,
            lr=self.optimizer.lr,
            train_loss=progress.loss_sum / progress.seen,
            train_accuracy=progress.correct / progress.seen,
            validation_loss=loss,
            validation_accuracy=self.evaluation.accuracy if self.evaluation else math.nan,
            images_per_second=progress.seen / progress.epoch_seconds,
            dead_units=max((layer.dead_units for layer in health), default=0.0),
            update_ratio=progress.update_ratio,
        )
        progress.history.append(row)
        self._note_best(row)
        progress.next_epoch()
        waited = row.epoch - progress.best_epoch
        progress.stopped_early = 0 < self.config.patience <= waited < row.epoch
        progress.completed = progress.stopped_early or progress.epoch == self.config.epochs
        if progress.completed and self._best is not None:
            self._take(*self._best)
        return row

    def _note_best(self, row: EpochReport) -> None:
        """Keep the weights of the lowest validation loss, if the run may end with them."""
        if not row.validation_loss < self.progress.best_loss:
            return
        self.progress.best_epoch, self.progress.best_loss = row.epoch, row.validation_loss
        if self.config.patience:
            with self.averaged():
                self._best = self._vector.data.copy(), self._vector.state.copy()

    def _take(self, parameters: Array, buffers: Array) -> None:
        """Let these be the network's weights, and their average."""
        self._vector.data[...], self._vector.state[...] = parameters, buffers
        if self._average is not None:
            self._average.parameters[...], self._average.buffers[...] = parameters, buffers

    def _tick(self) -> float:
        """Seconds since the last call, which are added to those of the run."""
        now = time.perf_counter()
        passed, self._clock = now - self._clock, now
        self.progress.seconds += passed
        return passed

    def _what_went_bad(self, chosen: Array, epoch: int) -> str:
        """Which layer and array of the step was the first that is not finite."""
        where = f"training has diverged at step {self.optimizer.steps + 1}"
        size = self.config.shard_size
        for start in range(0, len(chosen), size):
            x, labels = self.images.load(chosen[start : start + size], epoch)
            found = first_bad(self.engine.model, self._loss, x, labels)
            if found is not None:
                return f"{where}: {found}"
        return f"{where}: the sum of the gradients is too large for float32"


def _below(name: str, arrays: dict[str, Array]) -> dict[str, Array]:
    """The arrays whose names begin with this one, without it."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): a for key, a in arrays.items() if key.startswith(prefix)}
