"""``mydl train``: train a SqueezeNet and watch it learn."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ..training.config import TrainingConfig
from ..training.recipes import DATA_DEFAULTS, FINE_TUNING, recipe


def _setting(panel: str, name: str, text: str) -> Any:
    """An option for a setting of the configuration, whose defaults the help page shows."""
    shown = _show(name, getattr(TrainingConfig(), name))
    for case, settings in {**DATA_DEFAULTS, "fine-tuning": FINE_TUNING}.items():
        if name in settings:
            shown += f"; {case}: {_show(name, settings[name])}"
    return typer.Option(help=text, show_default=shown or False, rich_help_panel=panel)


def _show(name: str, value: Any) -> str:
    """A setting's value as one would give it."""
    if isinstance(value, bool):
        flag = name.replace("_", "-")
        return flag if value else f"no-{flag}"
    if isinstance(value, tuple):
        return " ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


_data = partial(_setting, "Data")
_network = partial(_setting, "Network")
_start = partial(_setting, "Fine-tuning")
_optimization = partial(_setting, "Optimization")


def _run(text: str, default: str | bool = False) -> Any:
    """An option that is no setting: it changes nothing of what the run computes."""
    return typer.Option(help=text, show_default=default, rich_help_panel="Run")


def train(
    context: typer.Context,
    data: Annotated[
        str | None,
        _data("data", "digits (comes with mydl), cifar10 or imagefolder (your own photographs)."),
    ] = None,
    data_dir: Annotated[
        Path | None, _data("data_dir", "Folder or archive with the data set.")
    ] = None,
    image_size: Annotated[
        int | None, _data("image_size", "Pixels of the side that photographs are scaled to.")
    ] = None,
    download: Annotated[bool, typer.Option("--download", help="Download without asking.")] = False,
    augment: Annotated[
        bool | None, _data("augment", "Shift training images at random, mirror photographs.")
    ] = None,
    model: Annotated[
        str | None, _network("model", "The network; `mydl summary NAME` shows it.")
    ] = None,
    batch_norm: Annotated[
        bool | None, _network("batch_norm", "Normalise after each convolution.")
    ] = None,
    bypass: Annotated[str | None, _network("bypass", "none, simple or complex.")] = None,
    dropout: Annotated[
        float | None, _network("dropout", "Probability of dropping an activation before conv10.")
    ] = None,
    final_relu: Annotated[
        bool | None, _network("final_relu", "The paper's ReLU after conv10.")
    ] = None,
    pretrained: Annotated[
        bool | None, _start("pretrained", "Start from the embedded ImageNet weights.")
    ] = None,
    weights: Annotated[
        Path | None, _start("weights", "Start from a run or a file of weights instead.")
    ] = None,
    preprocess: Annotated[
        str | None, _start("preprocess", "Images that a file's weights expect: caffe, torchvision.")
    ] = None,
    freeze: Annotated[
        list[str] | None,
        _start("freeze", "Layers to leave as they are: features, features.fire2, ...; repeatable."),
    ] = None,
    epochs: Annotated[
        int | None, _optimization("epochs", "Passes over the training images.")
    ] = None,
    batch_size: Annotated[int | None, _optimization("batch_size", "Images in a batch.")] = None,
    accumulate: Annotated[
        int | None, _optimization("accumulate", "Batches whose gradients make one step.")
    ] = None,
    optimizer: Annotated[
        str | None, _optimization("optimizer", "sgd, adam, adamw or rmsprop.")
    ] = None,
    lr: Annotated[float | None, _optimization("lr", "Highest learning rate.")] = None,
    momentum: Annotated[float | None, _optimization("momentum", "Of sgd and rmsprop.")] = None,
    nesterov: Annotated[bool | None, _optimization("nesterov", "Nesterov momentum (sgd).")] = None,
    weight_decay: Annotated[
        float | None, _optimization("weight_decay", "Pull of the weights towards zero.")
    ] = None,
    schedule: Annotated[
        str | None, _optimization("schedule", "constant, step, polynomial, cosine or one-cycle.")
    ] = None,
    warmup_epochs: Annotated[
        float | None, _optimization("warmup_epochs", "Epochs over which the learning rate rises.")
    ] = None,
    clip_norm: Annotated[
        float | None, _optimization("clip_norm", "Largest norm of the gradient; 0: no limit.")
    ] = None,
    label_smoothing: Annotated[
        float | None, _optimization("label_smoothing", "Share of a label spread over all classes.")
    ] = None,
    seed: Annotated[int | None, _setting("Run", "seed", "Fixes every random choice.")] = None,
    shard_size: Annotated[
        int | None,
        _setting("Run", "shard_size", "Images that one thread takes through the network at once."),
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

    dataset = open_dataset(settings.data, settings.data_dir, download, settings.image_size)
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
    """The configuration: a file's settings or what suits the data, with the flags on top."""
    import tomllib

    names = TrainingConfig().to_dict()
    flags = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in given.items()
        if name in names and value is not None and (value or name != "freeze")
    }
    if config is None:
        return TrainingConfig.from_dict(recipe(flags))
    try:
        base = tomllib.loads(config.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{config}: not a TOML file ({error})") from None
    return TrainingConfig.from_dict({**base, **flags})
