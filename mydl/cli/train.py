"""``mydl train``: train a SqueezeNet and watch it learn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..training.config import TrainingConfig

# What suits a data set where no flag says otherwise; TrainingConfig's own defaults suit the
# embedded digits.
DATA_DEFAULTS: dict[str, dict[str, Any]] = {
    "cifar10": {"epochs": 30, "batch_size": 128, "shard_size": 32}
}


def _data(text: str, default: str | bool = False) -> Any:
    return typer.Option(help=text, show_default=default, rich_help_panel="Data")


def _network(text: str, default: str) -> Any:
    return typer.Option(help=text, show_default=default, rich_help_panel="Network")


def _optimization(text: str, default: str) -> Any:
    return typer.Option(help=text, show_default=default, rich_help_panel="Optimization")


def _run(text: str, default: str | bool = False) -> Any:
    return typer.Option(help=text, show_default=default, rich_help_panel="Run")


def train(
    context: typer.Context,
    data: Annotated[str | None, _data("digits (comes with mydl) or cifar10.", "digits")] = None,
    data_dir: Annotated[Path | None, _data("Folder or archive with the data set.")] = None,
    download: Annotated[bool, typer.Option("--download", help="Download without asking.")] = False,
    augment: Annotated[
        bool | None, _data("Shift training images at random, mirror photographs.", "augment")
    ] = None,
    model: Annotated[
        str | None, _network("The network; `mydl summary NAME` shows it.", "squeezenet_tiny")
    ] = None,
    batch_norm: Annotated[
        bool | None, _network("Normalise after each convolution.", "batch-norm")
    ] = None,
    bypass: Annotated[str | None, _network("none, simple or complex.", "none")] = None,
    dropout: Annotated[
        float | None, _network("Probability of dropping an activation before conv10.", "0")
    ] = None,
    final_relu: Annotated[
        bool | None, _network("The paper's ReLU after conv10.", "no-final-relu")
    ] = None,
    epochs: Annotated[
        int | None, _optimization("Passes over the training images.", "15; cifar10: 30")
    ] = None,
    batch_size: Annotated[
        int | None, _optimization("Images in a batch.", "32; cifar10: 128")
    ] = None,
    accumulate: Annotated[
        int | None, _optimization("Batches whose gradients make one step.", "1")
    ] = None,
    optimizer: Annotated[str | None, _optimization("sgd, adam, adamw or rmsprop.", "sgd")] = None,
    lr: Annotated[float | None, _optimization("Highest learning rate.", "0.1")] = None,
    momentum: Annotated[float | None, _optimization("Of sgd and rmsprop.", "0.9")] = None,
    nesterov: Annotated[bool | None, _optimization("Nesterov momentum (sgd).", "nesterov")] = None,
    weight_decay: Annotated[
        float | None, _optimization("Pull of the weights towards zero.", "0.0005")
    ] = None,
    schedule: Annotated[
        str | None,
        _optimization("constant, step, polynomial, cosine or one-cycle.", "one-cycle"),
    ] = None,
    warmup_epochs: Annotated[
        float | None, _optimization("Epochs over which the learning rate rises.", "0")
    ] = None,
    clip_norm: Annotated[
        float | None, _optimization("Largest norm of the gradient; 0: no limit.", "0")
    ] = None,
    label_smoothing: Annotated[
        float | None, _optimization("Share of a label spread over all classes.", "0")
    ] = None,
    seed: Annotated[int | None, _run("Fixes every random choice.", "0")] = None,
    shard_size: Annotated[
        int | None,
        _run("Images that one thread takes through the network at once.", "16; cifar10: 32"),
    ] = None,
    threads: Annotated[
        int | None, _run("Changes the time a run takes, not one bit of it.", "one a core")
    ] = None,
    out: Annotated[Path | None, _run("Folder for the run's files.", "runs/DATA-MODEL-TIME")] = None,
    config: Annotated[
        Path | None, _run("A run's config.toml to start from; flags come on top.")
    ] = None,
) -> None:
    """Train a SqueezeNet; with no argument on handwritten digits, offline, in about half a minute.

    Weights, numbers and pictures go into a folder, which is named at the end. Ctrl-C ends the run
    after the current step and keeps what it has learnt.
    """
    settings = _settings(context.params, config)

    from ..training.run_folder import RunFolder
    from ..training.trainer import Trainer
    from .datasets import open_dataset
    from .progress import stop_on_signals, watch

    dataset = open_dataset(settings.data, settings.data_dir, download)
    trainer = Trainer(settings, dataset, threads=threads)
    folder = RunFolder(out or RunFolder.default_path(settings), settings)
    typer.echo(
        f"{settings.model}, {trainer.model.num_parameters():,} parameters, on {dataset.name}: "
        f"{len(dataset.train_labels):,} training and {len(dataset.test_labels):,} test images, "
        f"{trainer.engine.threads} threads"
    )
    with watch(settings.epochs, folder) as watcher, stop_on_signals(trainer):
        completed = trainer.fit(watcher)
    evaluation = folder.finish(trainer)
    typer.echo(
        f"{'Done' if completed else 'Stopped'} after {len(trainer.history)} of {settings.epochs} "
        f"epochs: test accuracy {evaluation.accuracy:.2%}, test loss {evaluation.loss:.4f}"
    )
    typer.echo(f"Wrote {folder.path}: {', '.join(sorted(p.name for p in folder.path.iterdir()))}")
    if not completed:
        raise typer.Exit(130)


def _settings(given: dict[str, Any], config: Path | None) -> TrainingConfig:
    """The configuration: a file's settings or the data set's defaults, with the flags on top."""
    import tomllib

    from ..training.config import TrainingConfig

    names = TrainingConfig().to_dict()
    flags = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in given.items()
        if name in names and value is not None
    }
    if config is None:
        base = DATA_DEFAULTS.get(flags.get("data", "digits"), {})
    else:
        try:
            base = tomllib.loads(config.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{config}: not a TOML file ({error})") from None
    return TrainingConfig.from_dict({**base, **flags})
