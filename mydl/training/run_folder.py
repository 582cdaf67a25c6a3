"""The folder that a run leaves behind: its configuration, numbers, checkpoints and results."""

from __future__ import annotations

import csv
import datetime
import io
import math
import os
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Self

import tomli_w

from ..models.saved import save_model
from ..weights.writing import whole_file
from . import runs
from .checkpoint import TEMPORARY, Checkpoint, Checkpoints, fingerprint, remove_leftovers, versions
from .config import TrainingConfig
from .evaluation import Evaluation
from .lock import NAME as LOCK
from .lock import Lock
from .progress import EpochReport
from .trainer import Trainer


class RunFolder:
    """Write a run's files.

    ==============  ==============================================================
    config.toml     the configuration, which repeats the run
    metrics.csv     a row for each epoch, written when the epoch ends
    checkpoints     what an interrupted run goes on from
    model.npz       the weights with what is needed to use them
    curves.png      loss and accuracy over the epochs
    confusion.png   which classes are taken for which
    mistakes.png    the most confident mistakes
    report.html     all of this on one page
    result.json     how the run ended, written last: with it the folder is complete
    ==============  ==============================================================

    The folder is held until it is closed, so that no second process trains in it.

    Parameters
    ----------
    path
        A folder that is new or empty; it is made here. :meth:`open` takes that of a run.
    config
        The configuration to write down.

    Raises
    ------
    ValueError
        There is already something in the folder, or another process holds it.
    OSError
        The folder cannot be made or written.
    """

    def __init__(self, path: Path, config: TrainingConfig) -> None:
        with _writing(path, "choose another place with --out"):
            path.mkdir(parents=True, exist_ok=True)
            if any(p.name != LOCK and not TEMPORARY.fullmatch(p.name) for p in path.iterdir()):
                raise ValueError(f"{path} is not empty: choose another folder with --out")
            self._hold(path, config)
            with whole_file(path / runs.CONFIG) as file:  # first: with it a run can go on
                tomli_w.dump(config.to_dict(), file)
            (path / "checkpoints").mkdir()
            self.write_metrics([])

    @classmethod
    def open(cls, path: Path) -> Self:
        """The folder of a run that is to go on.

        What a killed process had begun to write is removed.

        Raises
        ------
        ValueError
            It is none, its configuration is damaged, or another process holds it.
        OSError
            It cannot be read or written.
        """
        if not path.is_dir():
            raise ValueError(f"{path}: there is no such folder to go on in")
        try:
            settings = tomllib.loads((path / runs.CONFIG).read_text(encoding="utf-8"))
            config = TrainingConfig.from_dict(settings)
        except FileNotFoundError:
            raise ValueError(f"{path}: no run to go on with, it has no {runs.CONFIG}") from None
        except ValueError as error:
            raise ValueError(f"{path / runs.CONFIG}: {error}") from None
        self = cls.__new__(cls)
        with _writing(path):
            self._hold(path, config)
            for folder in (path, path / "checkpoints"):
                remove_leftovers(folder)
            (path / "checkpoints").mkdir(exist_ok=True)
        return self

    def _hold(self, path: Path, config: TrainingConfig) -> None:
        self._lock = Lock(path)
        self.path, self.config = path, config
        self.checkpoints = Checkpoints(path / "checkpoints", config.keep)
        self._rows_written = 0

    def close(self) -> None:
        """Let others have the folder."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    @staticmethod
    def default_path(config: TrainingConfig) -> Path:
        """runs/<data>-<model>-<date>-<time>, in the current folder."""
        now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        return Path("runs") / f"{config.data}-{config.model}-{now}"

    def command(self, trainer: Trainer) -> str:
        """What a person types to go on with the run, on as many processes."""
        start = f"mpiexec -n {trainer.ranks.size} " if trainer.ranks.size > 1 else ""
        return f"{start}mydl train --resume {shlex.quote(str(self.path))}"

    def write_metrics(self, history: Sequence[EpochReport]) -> None:
        """Bring ``metrics.csv`` up to date: a line of names, and a row for each epoch.

        New rows are added at the end and synced to the disk. The first time for a folder, and after
        a failure, which may leave half a row, the file is written anew.

        Raises
        ------
        OSError
            It cannot be written.
        """
        written, self._rows_written = self._rows_written, 0
        path = self.path / runs.METRICS
        with _writing(path):
            if written:
                with path.open("r+b") as file:  # which does not make a file that has vanished
                    file.seek(0, os.SEEK_END)
                    file.write(_table([_cells(row) for row in history[written - 1 :]]))
                    file.flush()
                    os.fsync(file.fileno())
            else:
                names = [field.name for field in fields(EpochReport)]
                with whole_file(path) as file:
                    file.write(_table([names, *map(_cells, history)]))
        self._rows_written = 1 + len(history)

    def save_checkpoint(self, trainer: Trainer) -> Path:
        """Write a checkpoint; all earlier ones are intact if that fails.

        Raises
        ------
        OSError
            It cannot be written.
        """
        data, processes = fingerprint(trainer.dataset), trainer.ranks.size
        checkpoint = Checkpoint(trainer.state(), trainer.config, data, versions(processes))
        with _writing(self.checkpoints.folder):
            return self.checkpoints.save(checkpoint)

    def save_weights(self, trainer: Trainer) -> None:
        """Write ``model.npz``: the weights as they are now, averaged if the run averages them.

        Raises
        ------
        OSError
            It cannot be written.
        """
        with _writing(self.path / runs.MODEL), trainer.averaged():
            save_model(self.path / runs.MODEL, trainer.model, trainer.card())

    def finish(self, trainer: Trainer) -> Evaluation:
        """Write the weights, test them on the test images, write the pictures and the results.

        This is the only place where a run looks at the test images.

        Raises
        ------
        OSError
            Something cannot be written.
        """
        from .html_report import write_report  # with matplotlib, which nothing needs before
        from .report import draw_confusion, draw_curves, draw_mistakes

        self.save_weights(trainer)
        evaluation = trainer.evaluate()
        with _writing(self.path), trainer.averaged():
            if trainer.history:
                draw_curves(self.path / "curves.png", [asdict(row) for row in trainer.history])
            draw_confusion(self.path / "confusion.png", evaluation, trainer.dataset)
            draw_mistakes(self.path / "mistakes.png", evaluation, trainer.dataset)
            write_report(
                self.path / "report.html",
                config=self.config,
                history=trainer.history,
                evaluation=evaluation,
                dataset=trainer.dataset,
                model=trainer.model,
                command=f"mydl train --config {shlex.quote(str(self.path / runs.CONFIG))}",
            )
            runs.write_result(
                self.path,
                runs.Result(
                    test_loss=evaluation.loss,
                    test_accuracy=evaluation.accuracy,
                    test_top5=evaluation.top5,
                    epochs=len(trainer.history),
                    seconds=trainer.progress.seconds,
                    parameters=trainer.model.num_parameters(),
                    stopped_early=trainer.progress.stopped_early,
                ),
            )
        return evaluation


def _table(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _cells(report: EpochReport) -> list[str]:
    """Enough digits to draw a curve, not so many that nobody reads them; NaN is blank."""
    return ["" if math.isnan(value) else f"{value:.6g}" for value in astuple(report)]


@contextmanager
def _writing(path: Path, advice: str = "") -> Iterator[None]:
    """Turn what the system says about a place into a sentence that names it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        after = f": {advice}" if advice else ""
        raise OSError(f"{path}: this cannot be written ({reason}){after}") from None
