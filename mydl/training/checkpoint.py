"""Checkpoints: files that a run goes on from, to the same bits as if it had not been interrupted.

A file is written beside its place, synced to the disk and renamed, and carries a checksum over all
that it holds. So a checkpoint is there whole or not at all, and one that was damaged later is
recognised and the one before it is used.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..data.dataset import Dataset
from ..layer import Array
from ..weights import WeightsError, load_npz, save_npz
from ..weights.checksum import sha256_of
from .config import TrainingConfig
from .progress import Progress, TrainingState

KIND, FORMAT = "mydl checkpoint", 1
NAME = re.compile(r"step-(\d{8,})\.npz")
TEMPORARY = re.compile(r"\..+\.\d+")  # what `whole_file` leaves behind when the process is killed

# Settings that do not change what a run computes, so that they may be changed in between.
FREE = {"preset", "data_dir", "checkpoint_minutes", "keep"}


class CheckpointError(ValueError):
    """A checkpoint cannot be used; the message names the file and says why, in one sentence."""


def versions(processes: int = 1) -> dict[str, str]:
    """What the rounding of a run's numbers may depend on, beside its configuration.

    The compiled loops use what the processor has, and another one may add in another order; so may
    another number of processes.
    """
    from llvmlite.binding import get_host_cpu_name

    return {
        "mydl": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "Numba": version("numba"),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": get_host_cpu_name(),
        "processes": str(processes),
    }


def fingerprint(dataset: Dataset) -> str:
    """Tells data sets apart by their classes, their images' size and the order of their labels."""
    digest = hashlib.sha256(repr((dataset.class_names, dataset.image_shape)).encode())
    for labels in (dataset.train_labels, dataset.validation_labels, dataset.test_labels):
        digest.update(b"none" if labels is None else labels.astype("<i8").tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint holds.

    Attributes
    ----------
    state
        Of the trainer.
    config
        Of the run.
    data
        The data set's :func:`fingerprint`.
    versions
        Those that the state was computed with.
    """

    state: TrainingState
    config: TrainingConfig
    data: str
    versions: dict[str, str] = field(default_factory=versions)

    def save(self, path: Path) -> None:
        """Write it, all or nothing.

        Raises
        ------
        OSError
            The place cannot be written; an earlier file there is intact.
        """
        description = {
            "kind": KIND,
            "format": FORMAT,
            "numbers": self.state.numbers,
            "config": self.config.to_dict(),
            "data": self.data,
            "versions": self.versions,
        }
        description["checksum"] = _checksum(self.state.arrays, description)
        save_npz(path, self.state.arrays, description)

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read what :meth:`save` wrote. Nothing in it is run.

        Raises
        ------
        CheckpointError
            It is missing, damaged, or of another kind or format.
        """
        try:
            arrays, description = load_npz(path)
        except WeightsError as error:
            raise CheckpointError(str(error)) from None
        if description.get("kind") != KIND:
            raise CheckpointError(f"{path}: this is no checkpoint, but another file of mydl's")
        if description.get("format") != FORMAT:
            raise CheckpointError(
                f"{path}: its format is {description.get('format')!r}, this mydl reads {FORMAT}: "
                "go on with the version that wrote it"
            )
        checksum = description.pop("checksum", None)
        if checksum != _checksum(arrays, description):
            raise CheckpointError(f"{path}: it is damaged, its checksum does not fit its content")
        try:
            Progress.from_dict(description["numbers"])
            return cls(
                state=TrainingState(arrays, description["numbers"]),
                config=TrainingConfig.from_dict(description["config"]),
                data=str(description["data"]),
                versions=dict(description["versions"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path}: this mydl cannot go on from it: {error}") from None

    def check_config(self, config: TrainingConfig, path: Path) -> None:
        """Compare the settings that fix the bits of a run with those of this checkpoint.

        Parameters
        ----------
        config
            Of the run that is to go on.
        path
            Of the checkpoint, for the message.

        Raises
        ------
        CheckpointError
            One is different.
        """
        own, wanted = self.config.to_dict(), config.to_dict()
        for name in own:
            if name not in FREE and own[name] != wanted[name]:
                raise CheckpointError(
                    f"{path}: it is of a run with {name} = {own[name]!r}, but config.toml says "
                    f"{wanted[name]!r}"
                )

    def check_data(self, dataset: Dataset) -> None:
        """Compare the data set, with its validation part, with that of this checkpoint.

        Raises
        ------
        ValueError
            It is not the same.
        """
        if self.data != fingerprint(dataset):
            raise ValueError(
                f"{dataset.name}: this is not the data that the run was begun with: the number or "
                "order of images, their size or their classes have changed"
            )

    def other_versions(self, processes: int = 1) -> str:
        """A sentence on what else is used here; empty if it is all the same."""
        here = versions(processes)
        changed = [name for name in here if self.versions.get(name, here[name]) != here[name]]
        if not changed:
            return ""
        before = ", ".join(f"{name} {self.versions.get(name)}" for name in changed)
        now = ", ".join(f"{name} {here[name]}" for name in changed)
        return (
            f"the run was trained with {before} and goes on with {now}: the last bits of its "
            "result may be others"
        )


class Checkpoints:
    """The checkpoints of a run: the last ones, and that of the best epoch.

    The best epoch is the one with the highest validation accuracy; without validation there is none
    and only the last are kept. Old ones are removed after the new one has been written.

    Parameters
    ----------
    folder
        Where they lie, ``step-00001234.npz`` after step 1234.
    keep
        How many of the last are kept.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep

    def paths(self) -> list[Path]:
        """All that are there, the oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted((p for p in self.folder.iterdir() if NAME.fullmatch(p.name)), key=_step)

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint, then remove those that are no longer needed.

        Raises
        ------
        OSError
            It cannot be written; all earlier ones are intact.
        """
        numbers = checkpoint.state.numbers
        path = self.folder / f"step-{numbers['step']:08d}.npz"
        checkpoint.save(path)
        # Later ones are leftovers: the run went on from before them because they are damaged.
        older = [p for p in self.paths() if _step(p) < numbers["step"]]
        best = best_step(numbers)
        for old in older[: max(0, len(older) + 1 - self.keep)]:
            if _step(old) != best:
                with suppress(OSError):  # the new one is safe, which is what counts
                    old.unlink()
        return path

    def newest(self, config: TrainingConfig) -> tuple[Path, Checkpoint, list[str]] | None:
        """The newest that can be used, with a sentence on each that cannot; None: there are none.

        Raises
        ------
        CheckpointError
            There are some, but none that can be used.
        """
        faults: list[str] = []
        for path in reversed(self.paths()):
            try:
                checkpoint = Checkpoint.load(path)
                checkpoint.check_config(config, path)
            except CheckpointError as error:
                faults.append(str(error))
            else:
                instead = f"the one before it, {path.name}, is used instead"
                return path, checkpoint, [f"{fault}; {instead}" for fault in faults]
        if faults:
            raise CheckpointError(
                f"{faults[0]}; no other checkpoint is left: remove {self.folder} to begin the run "
                "again from the start"
            )
        return None


def best_step(numbers: Mapping[str, Any]) -> int | None:
    """The step after which the epoch with the highest validation accuracy was over.

    >>> row = {"validation_accuracy": 0.5}
    >>> best_step({"step": 25, "epoch": 2, "epoch_step": 5, "history": [row, row]})
    10
    """
    accuracies: Sequence[float] = [row["validation_accuracy"] for row in numbers["history"]]
    if not accuracies or any(math.isnan(accuracy) for accuracy in accuracies):
        return None
    steps_per_epoch = (numbers["step"] - numbers["epoch_step"]) // numbers["epoch"]
    return int(steps_per_epoch * (accuracies.index(max(accuracies)) + 1))


def remove_leftovers(folder: Path) -> None:
    """Remove the files that a killed process had begun to write."""
    if folder.is_dir():
        for path in folder.iterdir():
            if TEMPORARY.fullmatch(path.name):
                path.unlink(missing_ok=True)


def _step(path: Path) -> int:
    match = NAME.fullmatch(path.name)
    assert match
    return int(match[1])


def _checksum(arrays: Mapping[str, Array], description: Mapping[str, Any]) -> str:
    """SHA-256 over all arrays and the description."""
    text = json.dumps([sha256_of(arrays), description], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
