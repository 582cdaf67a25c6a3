"""The settings of a run where nobody says otherwise, which depend on the data and on the start.

Presets are whole recipes that were tried out: docs/recipes.md says what each reaches.

``TrainingConfig``'s own defaults suit the embedded digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..names import unknown

# What goes with an optimizer that is not the recipe's own: rates differ by a factor of a hundred.
OPTIMIZER_DEFAULTS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4},
    "adam": {"lr": 1e-3, "weight_decay": 0.0},
    "adamw": {"lr": 1e-3, "weight_decay": 0.01},
    "rmsprop": {"lr": 1e-3, "momentum": 0.0, "weight_decay": 0.0},
    "muon": {"lr": 0.0075, "momentum": 0.95, "weight_decay": 0.1},
}

CIFAR10 = {"epochs": 30, "batch_size": 128, "shard_size": 32}

# Photographs, from random weights.
IMAGEFOLDER = {"model": "squeezenet1_1", "image_size": 224, "epochs": 60}

# From weights that know photographs already: short, gentle, and with the release's dropout. SGD
# with the rates that suit the classifier would spoil what the other layers have learnt.
FINE_TUNING = {"batch_norm": False, "dropout": 0.5, "epochs": 10, "optimizer": "adam", "lr": 1e-4}
CLASSIFIER_ONLY = {"lr": 1e-3}  # with features frozen

_CIFAR10_PRESET = {
    "data": "cifar10",
    "model": "squeezenet1_1_cifar",
    "batch_norm": True,
    "bypass": "simple",
    "dropout": 0.0,
    "final_relu": False,
    "shard_size": 32,
    "label_smoothing": 0.1,
    "validation": 0.02,
}
PRESETS: dict[str, dict[str, Any]] = {
    "cifar10-fast": {**_CIFAR10_PRESET, "epochs": 10, "batch_size": 128},
    "cifar10-best": {
        **_CIFAR10_PRESET,
        "model": "squeezenet_late",
        "squeeze_ratio": 0.25,
        "epochs": 26,
        "batch_size": 256,
        "optimizer": "muon",
        **OPTIMIZER_DEFAULTS["muon"],
        "lr": 0.01,
        "cutout": 8,
        "mirror": True,
    },
}

DATA_DEFAULTS: dict[str, dict[str, Any]] = {
    "cifar10": CIFAR10,
    "cifar100": CIFAR10,
    "mnist": {**CIFAR10, "epochs": 5},
    "fashion-mnist": CIFAR10,
    "imagefolder": IMAGEFOLDER,
}

# Images in a shard, at least: fewer make too little of what has to be done once for each shard,
# and the statistics of fewer are too rough to normalise by.
LEAST, LEAST_FOR_BATCH_NORM = 4, 8


def recipe(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run: those that were chosen, and what goes with them.

    Raises
    ------
    ValueError
        There is no such preset, or it is for other data.
    WeightsError
        The weights to start from cannot be read.

    Examples
    --------
    >>> recipe({"data": "cifar10", "epochs": 3})
    {'epochs': 3, 'batch_size': 128, 'shard_size': 32, 'data': 'cifar10'}
    >>> recipe({"data": "imagefolder", "image_size": 128, "batch_norm": False})["shard_size"]
    4
    """
    preset = chosen.get("preset", "")
    if preset and preset not in PRESETS:
        raise ValueError(unknown("preset", preset, PRESETS))
    settings = PRESETS.get(preset, {})
    data = chosen.get("data", settings.get("data", ""))
    if preset and data != settings["data"]:
        raise ValueError(f"the preset {preset} is for {settings['data']}, not for {data}")
    settings = {**DATA_DEFAULTS.get(data, {}), **settings}
    start = [chosen.get(name, "") for name in ("pretrained", "weights", "preprocess")]
    if start[0] or start[1]:
        from .start import read_start  # loads the compiler, which `mydl train --help` does without

        found = read_start(*start)
        assert found is not None
        settings |= FINE_TUNING | found.settings
        if "features" in chosen.get("freeze", ()):
            settings |= CLASSIFIER_ONLY
    optimizer = chosen.get("optimizer", "")
    if optimizer != settings.get("optimizer", "sgd"):
        settings |= OPTIMIZER_DEFAULTS.get(optimizer, {})
    settings |= chosen
    if settings.get("image_size") and "shard_size" not in settings:
        settings["shard_size"] = _shard_size(settings)
    return settings


def _shard_size(settings: Mapping[str, Any]) -> int:
    """As many photographs as fill the cache, whatever the number of cores."""
    from ..parallel import automatic_shard_size
    from .config import TrainingConfig

    config = TrainingConfig.from_dict(settings)
    shape = (1, config.image_size, config.image_size, 3)
    fitting = automatic_shard_size(config.batch_size, shape, cores=1)
    return max(fitting, LEAST_FOR_BATCH_NORM if config.batch_norm else LEAST)
