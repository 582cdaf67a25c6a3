"""The options of ``mydl train`` for other commands: a run's flags serve them as they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from ..training.config import TrainingConfig
from .train import RUN_OPTIONS, make_config, read_settings, run_options, train

if TYPE_CHECKING:
    from ..data.dataset import Dataset

SHARED = (*TrainingConfig().to_dict(), "download", "threads", "config")


@dataclass(frozen=True)
class Run:
    """The run that the options of ``mydl train`` describe.

    Attributes
    ----------
    config
        Its settings.
    threads
        To work on; None for one a core.
    download
        Fetch the data set without asking.
    """

    config: TrainingConfig
    threads: int | None
    download: bool

    def open_dataset(self) -> Dataset:
        """The data that the run would train on."""
        from .datasets import open_dataset

        config = self.config
        return open_dataset(config.data, config.data_dir, self.download, config.image_size)


def takes_run(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of ``mydl train`` that describe a run, beside its own.

    Parameters
    ----------
    command
        Is called with a :class:`Run` first, and then with its own options by name.
    """
    hints = get_type_hints(train, include_extras=True)
    own_hints = get_type_hints(command, include_extras=True)
    theirs = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(train).parameters.items()
        if name in SHARED
    ]
    _, *own = (
        parameter.replace(annotation=own_hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(command).parameters.values()
    )

    def call(**given: Any) -> None:
        mine = {parameter.name: given.pop(parameter.name) for parameter in own}
        command(_run(given), **mine)

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    parameters = [*own, *theirs]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call


def _run(given: dict[str, Any]) -> Run:
    config: Path | None = given.pop("config")
    settings = read_settings(config) if config is not None else {}
    options = run_options(settings, {**dict.fromkeys(RUN_OPTIONS), **given})
    return Run(make_config(settings, given), options["threads"], bool(options["download"]))
