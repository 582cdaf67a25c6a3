"""How a training run goes: begun or taken up again, stopped or finished, and what is said of it."""

from __future__ import annotations

import signal
import textwrap
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import typer

from ..training.config import TrainingConfig
from ..training.progress import Watcher
from ..training.recorder import Recorder, Several
from ..training.run_folder import RunFolder
from ..training.runs import read_result
from ..training.trainer import Trainer
from ..training.trouble import TrainingDiverged
from .datasets import open_dataset
from .progress import say, stop_on_signals, watch


@dataclass(frozen=True)
class Options:
    """What changes nothing of what a run computes.

    Attributes:
        threads: to work on; None takes the number of usable cores.
        download: the data set without asking.
        tensorboard: write events for TensorBoard.
    """

    threads: int | None
    download: bool
    tensorboard: bool


def begin(config: TrainingConfig, out: Path | None, options: Options) -> None:
    """Train from the start, in a new folder."""
    dataset = open_dataset(config.data, config.data_dir, options.download, config.image_size)
    trainer = Trainer(config, dataset, threads=options.threads)
    with RunFolder(out or RunFolder.default_path(config), config) as folder:
        # A place that cannot be written shows now, not when the night is over.
        folder.save_checkpoint(trainer)
        _train(trainer, folder, options)


def go_on(path: Path, options: Options) -> None:
    """Train on from the newest checkpoint of a run that was interrupted, to the same bits."""
    with RunFolder.open(path) as folder:
        config, result = folder.config, read_result(path)
        if result is not None:
            say(
                f"{path} is finished: {result.epochs} of {config.epochs} epochs, test accuracy "
                f"{result.test_accuracy:.2%}; there is nothing left to do"
            )
            return
        newest = folder.checkpoints.newest(config)
        dataset = open_dataset(config.data, config.data_dir, options.download, config.image_size)
        if newest is None:
            trainer = Trainer(config, dataset, threads=options.threads)
            say(f"{path} has no checkpoint yet: beginning from the start")
        else:
            place, checkpoint, faults = newest
            trainer = Trainer(config, dataset, threads=options.threads, resume=checkpoint.state)
            checkpoint.check_data(trainer.dataset)
            for note in [*faults, checkpoint.other_versions()]:
                if note:
                    say(note, err=True)
            say(f"Going on from {place}, {_where(trainer)}")
        folder.write_metrics(trainer.history)
        _train(trainer, folder, options)


def _train(trainer: Trainer, folder: RunFolder, options: Options) -> None:
    """Train until the run is over or stopped, then say what there is."""
    data, config = trainer.dataset, trainer.config
    held = data.validation_labels
    threads = trainer.engine.threads
    say(
        f"{config.model}, {trainer.model.num_parameters():,} parameters, on "
        f"{threads} thread{'s' * (threads > 1)}\n"
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

                events = TensorBoardWatcher(folder.path / FOLDER, watcher, trainer.steps_per_epoch)
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
        say(f"\nStopped at once; go on from {_last(folder)} with\n  {folder.command}", err=True)
        raise
    if not completed:
        _stop(trainer, folder, recorder)


def _finish(trainer: Trainer, folder: RunFolder) -> None:
    """Test the network once and write all results."""
    try:
        evaluation = folder.finish(trainer)
    except OSError as error:
        raise OSError(
            f"{error}; the training is over, but its results are not written: make room, then "
            f"`{folder.command}` goes on from {_last(folder)}"
        ) from error
    early = ", which no longer got better" if trainer.progress.stopped_early else ""
    say(
        f"Done after {len(trainer.history)} of {trainer.config.epochs} epochs{early}: "
        f"test accuracy {evaluation.accuracy:.2%}, test loss {evaluation.loss:.4f}"
    )
    names = sorted(p.name for p in folder.path.iterdir() if not p.name.startswith("."))
    say(textwrap.fill(f"Wrote {folder.path}: {', '.join(names)}", 80, subsequent_indent="  "))


def _stop(trainer: Trainer, folder: RunFolder, recorder: Recorder) -> None:
    """Leave the run where it can be taken up again."""
    if recorder.failure:
        raise OSError(
            f"{recorder.failure}; what was learnt since {_last(folder)} is lost: make room, then "
            f"`{folder.command}` goes on from there"
        )
    folder.save_weights(trainer)
    say(f"Stopped {_where(trainer)}; all is saved. Go on with\n  {folder.command}")
    raise typer.Exit(130)


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
