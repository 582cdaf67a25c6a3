"""How a training run goes: begun or taken up again, stopped or finished, and what is said of it."""

from __future__ import annotations

import os
import signal
import textwrap
from contextlib import ExitStack, redirect_stderr
from dataclasses import dataclass
from pathlib import Path

from ..data import load_dataset
from ..data.dataset import Dataset
from ..training.checkpoint import fingerprint
from ..training.config import TrainingConfig
from ..training.distributed import Communicator
from ..training.progress import TrainingState, Watcher
from ..training.recorder import Recorder, Several
from ..training.run_folder import RunFolder
from ..training.runs import read_result
from ..training.trainer import Trainer
from ..training.trouble import TrainingDiverged
from .datasets import open_dataset
from .pages import about
from .progress import say, stop_on_signals, watch
from .train import page_of_settings


@dataclass(frozen=True)
class Options:
    """What changes nothing of what a run computes.

    Attributes
    ----------
    threads
        To work on; None takes the number of usable cores.
    download
        The data set without asking.
    tensorboard
        Write events for TensorBoard.
    ranks
        The processes that train together.
    """

    threads: int | None
    download: bool
    tensorboard: bool
    ranks: Communicator

    def trainer(
        self, config: TrainingConfig, dataset: Dataset, state: TrainingState | None = None
    ) -> Trainer:
        """A trainer that works so, from the start or from a state."""
        page = "several-machines" if self.ranks.size > 1 else page_of_settings(config.to_dict())
        with about(page):
            return Trainer(
                config, dataset, threads=self.threads, resume=state, communicator=self.ranks
            )


@about("checkpoints")
def begin(config: TrainingConfig, out: Path | None, options: Options) -> bool:
    """Train from the start, in a new folder; returns False if it was stopped."""
    dataset = open_dataset(config.data, config.data_dir, options.download, config.image_size)
    trainer = options.trainer(config, dataset)
    with RunFolder(out or RunFolder.default_path(config), config) as folder:
        # A place that cannot be written shows now, not when the night is over.
        folder.save_checkpoint(trainer)
        return _train(trainer, folder, options)


@about("checkpoints")
def go_on(path: Path, options: Options) -> bool:
    """Train on from the newest checkpoint of an interrupted run; returns False if it was stopped.

    On the same number of processes it ends with the same bits as if it had not been interrupted.
    """
    with RunFolder.open(path) as folder:
        config, result = folder.config, read_result(path)
        if result is not None:
            say(
                f"{path} is finished: {result.epochs} of {config.epochs} epochs, test accuracy "
                f"{result.test_accuracy:.2%}; there is nothing left to do"
            )
            options.ranks.share(None)
            return True
        newest = folder.checkpoints.newest(config)
        dataset = open_dataset(config.data, config.data_dir, options.download, config.image_size)
        if newest is None:
            trainer = options.trainer(config, dataset)
            say(f"{path} has no checkpoint yet: beginning from the start")
        else:
            place, checkpoint, faults = newest
            trainer = options.trainer(config, dataset, checkpoint.state)
            checkpoint.check_data(trainer.dataset)
            for note in [*faults, checkpoint.other_versions(options.ranks.size)]:
                if note:
                    say(note, err=True)
            say(f"Going on from {place}, {_where(trainer)}")
        folder.write_metrics(trainer.history)
        return _train(trainer, folder, options)


@about("several-machines")
def follow(options: Options) -> bool:
    """Train what the first process trains, in silence; returns False if it was stopped."""
    task = options.ranks.share(None)
    if task is None:
        return True
    config, state, data = task
    dataset = load_dataset(config.data, config.data_dir or None, image_size=config.image_size)
    trainer = options.trainer(config, dataset, state)
    if fingerprint(trainer.dataset) != data:
        raise ValueError(f"{dataset.name}: this machine has other images than the first one")
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere), stop_on_signals(trainer):
        return trainer.fit(Several())


def _train(trainer: Trainer, folder: RunFolder, options: Options) -> bool:
    """Train until the run is over or stopped, then say what there is."""
    if options.ranks.size > 1:
        options.ranks.share((trainer.config, trainer.state(), fingerprint(trainer.dataset)))
    data, config = trainer.dataset, trainer.config
    held = data.validation_labels
    threads, ranks = trainer.engine.threads, options.ranks.size
    say(
        f"{config.model}, {trainer.model.num_parameters():,} parameters, on "
        + (f"{ranks} processes of " if ranks > 1 else "")
        + f"{threads} thread{'s' * (threads > 1)}\n"
        f"{data.name}: {len(data.train_labels):,} training"
        + (f", {len(held):,} validation" if held is not None else "")
        + f" and {len(data.test_labels):,} test images"
    )
    try:
        with ExitStack() as stack:
            screen = stack.enter_context(watch(config.epochs))
            stack.enter_context(stop_on_signals(trainer))
            recorder = Recorder(trainer, folder, screen.on_note)
            watcher: Watcher = Several(recorder, screen)
            if options.tensorboard:
                from ..training.tensorboard import FOLDER, TensorBoardWatcher

                with about("reports"):
                    events = TensorBoardWatcher(
                        folder.path / FOLDER, watcher, trainer.steps_per_epoch
                    )
                watcher = stack.enter_context(events)
            completed = trainer.fit(watcher)
            if not completed:
                recorder.save()
        if completed:
            _finish(trainer, folder)
    except TrainingDiverged as error:
        raise ValueError(f"{error}; the checkpoint before it is {_last(folder)}") from error
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a third need not wait for the threads
        say(
            f"\nStopped at once; go on from {_last(folder)} with\n  {folder.command(trainer)}",
            err=True,
        )
        raise
    if not completed:
        _stop(trainer, folder, recorder)
    return completed


def _finish(trainer: Trainer, folder: RunFolder) -> None:
    """Test the network once and write all results."""
    try:
        evaluation = folder.finish(trainer)
    except OSError as error:
        raise OSError(
            f"{error}; the training is over, but its results are not written: make room, then "
            f"`{folder.command(trainer)}` goes on from {_last(folder)}"
        ) from error
    early = ", which no longer got better" if trainer.progress.stopped_early else ""
    mirrored = " with mirror images" if trainer.config.mirror else ""
    say(
        f"Done after {len(trainer.history)} of {trainer.config.epochs} epochs{early}: "
        f"test accuracy {evaluation.accuracy:.2%}{mirrored}, test loss {evaluation.loss:.4f}"
    )
    names = sorted(p.name for p in folder.path.iterdir() if not p.name.startswith("."))
    say(textwrap.fill(f"Wrote {folder.path}: {', '.join(names)}", 80, subsequent_indent="  "))


def _stop(trainer: Trainer, folder: RunFolder, recorder: Recorder) -> None:
    """Leave the run where it can be taken up again."""
    if recorder.failure:
        raise OSError(
            f"{recorder.failure}; what was learnt since {_last(folder)} is lost: make room, then "
            f"`{folder.command(trainer)}` goes on from there"
        )
    folder.save_weights(trainer)
    say(f"Stopped {_where(trainer)}; all is saved. Go on with\n  {folder.command(trainer)}")


def _where(trainer: Trainer) -> str:
    """Where in the run a trainer stands."""
    progress, config = trainer.progress, trainer.config
    if progress.completed or progress.epoch_step == 0:
        return f"after {progress.epoch} of {config.epochs} epochs"
    return (
        f"in epoch {progress.epoch + 1} of {config.epochs}, after step "
        f"{progress.epoch_step} of {trainer.steps_per_epoch}"
    )


def _last(folder: RunFolder) -> Path | str:
    """The newest checkpoint, for a sentence."""
    paths = folder.checkpoints.paths()
    return paths[-1] if paths else "the start"
