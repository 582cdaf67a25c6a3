"""What runs have left behind, read again: their settings, numbers and results."""

from __future__ import annotations

import csv
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..weights.writing import whole_file
from .config import TrainingConfig
from .lock import NAME as LOCK_FILE
from .lock import Lock
from .progress import EpochReport, best_epoch

CONFIG, METRICS, RESULT, MODEL = "config.toml", "metrics.csv", "result.json", "model.npz"


class RunError(ValueError):
    """A folder is no run, or a file of the run is damaged; the message says which and how."""


@dataclass(frozen=True)
class Result:
    """How a run ended, as ``result.json`` keeps it.

    Attributes
    ----------
    test_loss, test_accuracy, test_top5
        On the test images; accuracies are fractions.
    epochs
        Trained.
    seconds
        Of training.
    parameters
        Of the network.
    stopped_early
        The validation loss had not fallen for as long as the run's patience.
    """

    test_loss: float
    test_accuracy: float
    test_top5: float
    epochs: int
    seconds: float
    parameters: int
    stopped_early: bool


def write_result(folder: Path, result: Result) -> None:
    """Write ``result.json`` into a run's folder, all or nothing; JSON has null for NaN."""
    with whole_file(folder / RESULT) as file:
        file.write(json.dumps(without_nan(asdict(result)), indent=2, allow_nan=False).encode())


def read_result(folder: Path) -> Result | None:
    """What :func:`write_result` wrote; None if the run has not come to its end.

    Raises
    ------
    RunError
        The file is damaged.
    """
    path = folder / RESULT
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict) or any(f.name not in values for f in fields(Result)):
            raise ValueError("something is missing")
        return Result(
            **{name: _number(values[name]) for name in ("test_loss", "test_accuracy", "test_top5")},
            seconds=_number(values["seconds"]),
            epochs=int(values["epochs"]),
            parameters=int(values["parameters"]),
            stopped_early=bool(values["stopped_early"]),
        )
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise RunError(f"{path}: this is not the result of a run ({error})") from None


@dataclass(frozen=True)
class Run:
    """A run's folder.

    Attributes
    ----------
    path
        Of the folder.
    config
        Its settings.
    history
        The epochs that are over.
    judged_by
        The images that the ``validation_`` numbers of the history are of: "validation", or "test"
        in runs of mydl 0.1, which held nothing out.
    result
        None until the run has come to its end.
    state
        "finished", "ended early" (its patience was over), "stopped" (before its last epoch, but
        with a result), "running", or "interrupted" (and can go on).
    """

    path: Path
    config: TrainingConfig
    history: tuple[EpochReport, ...]
    judged_by: str
    result: Result | None
    state: str

    @property
    def best(self) -> EpochReport | None:
        """The epoch with the highest validation accuracy, the first of equals; None without any."""
        return best_epoch(self.history)

    @property
    def test_accuracy(self) -> float:
        """Of the finished run; NaN if it has not come to its end."""
        if self.result is not None:
            return self.result.test_accuracy
        if self.judged_by == "test" and self.history and self.state != "running":
            return self.history[-1].validation_accuracy
        return math.nan

    @property
    def seconds(self) -> float:
        """Of training so far."""
        if self.result is not None:
            return self.result.seconds
        return self.history[-1].seconds if self.history else 0.0


def is_run(folder: Path) -> bool:
    """Whether a folder looks like one that ``mydl train`` has made."""
    return (folder / CONFIG).is_file()


def read_run(folder: Path) -> Run:
    """Read the folder of a run, be it finished, under way or cut off.

    Raises
    ------
    RunError
        It is no run, or one of its files is damaged.
    OSError
        A file cannot be read.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: there is no such folder")
    if not is_run(folder):
        raise RunError(f"{folder}: no run, it has no {CONFIG}")
    try:
        text = (folder / CONFIG).read_text(encoding="utf-8")
        config = TrainingConfig.from_dict(tomllib.loads(text))
    except (ValueError, RecursionError) as error:  # TOML's, Unicode's and settings' are the first
        raise RunError(f"{folder / CONFIG}: {error}") from None
    history, judged_by = read_metrics(folder / METRICS)
    result = read_result(folder)
    epochs = len(history) if result is None else result.epochs
    if result is None and not (judged_by == "test" and (folder / MODEL).exists()):
        state = "running" if _is_held(folder) else "interrupted"
    elif result is not None and result.stopped_early:
        state = "ended early"
    else:
        state = "stopped" if epochs < config.epochs else "finished"
    return Run(folder, config, tuple(history), judged_by, result, state)


def read_runs(folder: Path) -> tuple[list[Run], list[str]]:
    """The runs in a folder, or the one that it is; and a sentence on each folder that is none.

    Raises
    ------
    ValueError
        There is no such folder.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}: `mydl train` makes one with its first run")
    runs, problems = [], []
    inside = sorted(path for path in folder.iterdir() if path.is_dir())
    for path in [folder] if is_run(folder) else inside:
        try:
            runs.append(read_run(path))
        except RunError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{path}: cannot be read ({error.strerror or error})")
    return runs, problems


def read_metrics(path: Path) -> tuple[list[EpochReport], str]:
    """The rows of a ``metrics.csv``, and which images its validation columns are of.

    A blank cell is NaN, and so is a column that earlier versions did not write; their columns
    test_loss and test_accuracy stand where the validation's stand now. A last line that was cut off
    is left out. Where an epoch is there twice, because the run went on from before it, the second
    counts.

    Returns
    -------
    tuple[list[EpochReport], str]
        The rows, in order, and "validation" or "test". There are no rows if there is no file.

    Raises
    ------
    RunError
        The file is damaged in another way.
    """
    if not path.exists():
        return [], "validation"
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")  # a cut can split a character
        complete = text[: text.rfind("\n") + 1]
        header, *lines = list(csv.reader(complete.splitlines())) or [[]]
    except csv.Error as error:
        raise RunError(f"{path}: this is no table ({error})") from None
    if not header:
        return [], "validation"
    judged_by = (
        "test" if "test_loss" in header and "validation_loss" not in header else "validation"
    )
    names = [name.replace("test_", "validation_") for name in header]
    if not {"epoch", "seconds"} <= set(names):
        raise RunError(f"{path}: its first line must name columns, epoch and seconds among them")
    rows: list[EpochReport] = []
    for number, line in enumerate(lines, start=2):
        try:
            row = _row(dict(zip(names, line, strict=True)))
        except ValueError:
            if number == len(lines) + 1:
                break  # half written, and what the disk made of the rest
            raise RunError(f"{path}: line {number} is damaged") from None
        while rows and rows[-1].epoch >= row.epoch:
            rows.pop()
        rows.append(row)
    return rows, judged_by


def _row(cells: Mapping[str, str]) -> EpochReport:
    names = [field.name for field in fields(EpochReport) if field.name != "epoch"]
    values = {name: float(cells.get(name) or "nan") for name in names}
    return EpochReport(epoch=int(cells["epoch"]), **values)


def _is_held(folder: Path) -> bool:
    """Whether a process is training in a folder."""
    if not (folder / LOCK_FILE).exists():
        return False
    try:
        Lock(folder).release()
    except ValueError:
        return True
    except OSError:  # of somebody else, and not for us to write
        return False
    return False


def _number(value: float | None) -> float:
    """A number of a JSON file, in which NaN is null."""
    return math.nan if value is None else float(value)


def without_nan(value: Any) -> Any:
    """The same for JSON, which has null for numbers that are not finite.

    >>> without_nan({"loss": float("nan"), "epochs": 3, "data": "digits"})
    {'loss': None, 'epochs': 3, 'data': 'digits'}
    """
    if isinstance(value, Mapping):
        return {name: without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def duration(seconds: float) -> str:
    """A time in the two largest units that it has.

    >>> [duration(s) for s in (0.4, 35, 200, 5000, 100000)]
    ['0.4 s', '35 s', '3 min 20 s', '1 h 23 min', '27 h 46 min']
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
