"""The folder that a run leaves behind: its configuration, numbers, weights and pictures."""

from __future__ import annotations

import csv
import datetime
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import tomli_w

from ..models.saved import save_model
from .config import TrainingConfig
from .evaluation import Evaluation
from .report import draw_confusion, draw_curves, draw_mistakes
from .trainer import EpochReport, Trainer


class RunFolder:
    """Write a run's files.

    ==============  ==============================================================
    config.toml     the configuration, which repeats the run
    metrics.csv     a row for each epoch, written when the epoch ends
    model.npz       the weights with what is needed to use them
    curves.png      loss and accuracy over the epochs
    confusion.png   which classes are taken for which
    mistakes.png    the most confident mistakes
    ==============  ==============================================================

    Args:
        path: a folder that is new or empty; it is made here.
        config: the configuration to write down.

    Raises:
        ValueError: there is already something in the folder.
        OSError: the folder cannot be made or written.
    """

    def __init__(self, path: Path, config: TrainingConfig) -> None:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise ValueError(f"{path} is not empty: choose another folder with --out")
        self.path = path
        (path / "config.toml").write_text(tomli_w.dumps(config.to_dict()))
        self._write_row([field.name for field in fields(EpochReport)])

    @staticmethod
    def default_path(config: TrainingConfig) -> Path:
        """runs/<data>-<model>-<date>-<time>, in the current folder."""
        now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        return Path("runs") / f"{config.data}-{config.model}-{now}"

    def add_epoch(self, report: EpochReport) -> None:
        """Append a row to ``metrics.csv``."""
        self._write_row([_short(value) for value in asdict(report).values()])

    def _write_row(self, row: list[Any]) -> None:
        with (self.path / "metrics.csv").open("a", newline="") as file:
            csv.writer(file).writerow(row)

    def finish(self, trainer: Trainer) -> Evaluation:
        """Write the weights, then the pictures; returns how the network does on the test images."""
        save_model(self.path / "model.npz", trainer.model, trainer.card())
        evaluation = trainer.evaluation or trainer.evaluate()
        if trainer.history:
            draw_curves(self.path / "curves.png", [asdict(row) for row in trainer.history])
        draw_confusion(self.path / "confusion.png", evaluation, trainer.dataset)
        draw_mistakes(self.path / "mistakes.png", evaluation, trainer.dataset)
        return evaluation


def _short(value: float) -> str:
    """Enough digits to draw a curve, not so many that nobody reads them."""
    return f"{value:.6g}"
