"""``mydl train``: train a SqueezeNet and watch it learn."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from ..names import unknown
from ..training.config import KINDS, TrainingConfig
from ..training.recipes import DATA_DEFAULTS, FINE_TUNING, PRESETS, recipe
from .pages import about

# What changes nothing of what a run computes, and is no part of its configuration. All of it may be
# given in a file as well; what a run may be taken up again with is marked by True.
RUN_OPTIONS: dict[str, tuple[type, bool]] = {
    "threads": (int, True),
    "download": (bool, True),
    "tensorboard": (bool, True),
    "out": (str, False),
}


def _setting(panel: str, name: str, text: str) -> Any:
    """An option for a setting of the configuration, whose defaults the help page shows."""
    shown = _show(name, getattr(TrainingConfig(), name))
    cases = {name: DATA_DEFAULTS[name] for name in ("cifar10", "imagefolder")}
    for case, settings in {**cases, "fine-tuning": FINE_TUNING}.items():
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
    preset: Annotated[
        str | None,
        _setting("Run", "preset", f"A recipe that was tried out: {', '.join(PRESETS)}."),
    ] = None,
    data: Annotated[
        str | None,
        _data("data", "digits (comes with mydl), cifar10, ...; `mydl data list` shows all."),
    ] = None,
    data_dir: Annotated[
        Path | None, _data("data_dir", "Folder or archive with the data set.")
    ] = None,
    image_size: Annotated[
        int | None, _data("image_size", "Pixels of the side that photographs are scaled to.")
    ] = None,
    validation: Annotated[
        float | None, _data("validation", "Share of the training images to validate on; 0: none.")
    ] = None,
    download: Annotated[
        bool | None, typer.Option("--download", help="Download without asking.")
    ] = None,
    augment: Annotated[
        bool | None, _data("augment", "Shift training images at random, mirror photographs.")
    ] = None,
    cutout: Annotated[
        int | None, _data("cutout", "Side in pixels of the square cut out of each image; 0: none.")
    ] = None,
    mixup: Annotated[
        float | None, _data("mixup", "Mix pairs of images by shares from Beta(mixup, mixup).")
    ] = None,
    mirror: Annotated[
        bool | None, _data("mirror", "Judge by the mean over each image and its mirror image.")
    ] = None,
    model: Annotated[
        str | None, _network("model", "The network; `mydl summary NAME` shows it.")
    ] = None,
    batch_norm: Annotated[
        bool | None, _network("batch_norm", "Normalise after each convolution.")
    ] = None,
    bypass: Annotated[str | None, _network("bypass", "none, simple or complex.")] = None,
    squeeze_ratio: Annotated[
        float | None,
        _network("squeeze_ratio", "Squeeze filters for each expand filter; 0: the network's own."),
    ] = None,
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
        str | None, _optimization("optimizer", "sgd, adam, adamw, rmsprop or muon.")
    ] = None,
    lr: Annotated[float | None, _optimization("lr", "Highest learning rate.")] = None,
    momentum: Annotated[float | None, _optimization("momentum", "Of sgd, rmsprop, muon.")] = None,
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
    ema: Annotated[
        float | None, _optimization("ema", "Decay of the moving average of the weights; 0: none.")
    ] = None,
    patience: Annotated[
        int | None,
        _optimization("patience", "Epochs without better validation loss to end after; 0: never."),
    ] = None,
    seed: Annotated[int | None, _setting("Run", "seed", "Fixes every random choice.")] = None,
    shard_size: Annotated[
        int | None,
        _setting("Run", "shard_size", "Images that one thread takes through the network at once."),
    ] = None,
    checkpoint_minutes: Annotated[
        float | None,
        _setting("Run", "checkpoint_minutes", "Time between checkpoints within an epoch."),
    ] = None,
    keep: Annotated[
        int | None, _setting("Run", "keep", "Checkpoints that are kept, beside the best.")
    ] = None,
    threads: Annotated[
        int | None, _run("Changes the time a run takes, not one bit of it.", "one a core")
    ] = None,
    tensorboard: Annotated[
        bool | None,
        typer.Option("--tensorboard", help="Write events for TensorBoard.", rich_help_panel="Run"),
    ] = None,
    out: Annotated[Path | None, _run("Folder for the run's files.", "runs/DATA-MODEL-TIME")] = None,
    config: Annotated[
        Path | None, _run("A TOML file with settings, such as a run's; flags come on top.")
    ] = None,
    resume: Annotated[
        Path | None, _run("Folder of an interrupted run: go on, to the same bits.")
    ] = None,
) -> None:
    """Train a SqueezeNet; with no argument on handwritten digits, offline, in about half a minute.

    Weights, numbers and pictures go into a folder, which is named at the end. Ctrl-C ends the run
    after the current step, saves all that it has learnt and says how to go on.
    """
    from ..training.distributed import communicator

    with about("several-machines"):
        connection = communicator()
    with connection as ranks:
        if resume is not None:
            _only_run_options(context, resume)
        settings = read_settings(config) if config is not None else {}
        options = run_options(settings, context.params)
        chosen = None if resume is not None else make_config(settings, context.params)

        from .conduct import Options, begin, follow, go_on  # with the compiler

        how = Options(
            options["threads"], bool(options["download"]), bool(options["tensorboard"]), ranks
        )
        if ranks.rank > 0:
            completed = follow(how)
        elif resume is not None:
            completed = go_on(resume, how)
        else:
            assert chosen is not None
            completed = begin(chosen, Path(options["out"]) if options["out"] else None, how)
    if not completed:
        raise typer.Exit(130)


@about("checkpoints")
def _only_run_options(context: typer.Context, resume: Path) -> None:
    """Refuse flags that would make another run of the one that is to go on."""
    allowed = {"resume", *(name for name, (_, whenever) in RUN_OPTIONS.items() if whenever)}
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and name not in allowed:
            flag = f"--{name.replace('_', '-')}"
            raise ValueError(
                f"{flag} cannot go with --resume, which goes on with the settings that the run was "
                f"begun with: leave it out, or begin a new run with --config "
                f"{shlex.quote(str(resume / 'config.toml'))} {flag} ..."
            )


@about("recipes")
def read_settings(path: Path) -> dict[str, Any]:
    """The settings in a TOML file."""
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path}: there is no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file ({error})") from None


@about("recipes")
def run_options(settings: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Take the options that are no settings out of those of a file; flags come on top."""
    options: dict[str, Any] = {}
    for name, (kind, _) in RUN_OPTIONS.items():
        value = settings.pop(name, None)
        if value is not None and type(value) is not kind:
            raise ValueError(f"{name} must be {KINDS[kind]}, got {value!r}")
        options[name] = value if given[name] is None else given[name]
    return options


@about("recipes")
def make_config(base: dict[str, Any], given: dict[str, Any]) -> TrainingConfig:
    """The configuration: a file's settings, with the flags on top, and what goes with them."""
    names = TrainingConfig().to_dict()
    for name in base:
        if name not in names:
            raise ValueError(unknown("setting", name, [*names, *RUN_OPTIONS]))
    flags = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in given.items()
        if name in names and value is not None and (value or name != "freeze")
    }
    if "preset" in flags:  # a recipe that is asked for comes before what the file says
        base = base | PRESETS.get(flags["preset"], {})
    settings = base | flags
    with about(page_of_settings(settings)):
        return TrainingConfig.from_dict(recipe(settings))


def page_of_settings(settings: Mapping[str, Any]) -> str:
    """The page of the documentation that settings are from."""
    tuned = any(settings.get(name) for name in ("pretrained", "weights", "freeze"))
    return "fine-tuning" if tuned else "recipes"
