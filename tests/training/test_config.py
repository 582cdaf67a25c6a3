"""The configuration of a run refuses what it cannot mean."""

import tomllib

import pytest
import tomli_w

from mydl.training.config import TrainingConfig


def test_toml_round_trip():
    config = TrainingConfig(
        data="cifar10", lr=0.05, augment=False, epochs=3, freeze=("features.conv1",)
    )
    text = tomli_w.dumps(config.to_dict())
    assert TrainingConfig.from_dict(tomllib.loads(text)) == config


def test_whole_numbers_serve_as_decimals():
    assert TrainingConfig(lr=1).lr == 1.0
    assert type(TrainingConfig(lr=1).lr) is float


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epoch": 3}, "no setting 'epoch': did you mean 'epochs'"),
        ({"xyzzy": 3}, "no setting 'xyzzy': there are preset, data,"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"epochs": 2.5}, "epochs must be a whole number, got 2.5"),
        ({"epochs": True}, "epochs must be a whole number, got True"),
        ({"augment": 1}, "augment must be true or false, got 1"),
        ({"lr": "fast"}, "lr must be a number, got 'fast'"),
        ({"lr": 0}, "lr must be greater than 0"),
        ({"lr": float("nan")}, "lr must be greater than 0 and finite, got nan"),
        ({"lr": float("inf")}, "lr must be greater than 0"),
        ({"dropout": 1.0}, "dropout must be from 0 up to, not including, 1"),
        ({"momentum": -0.1}, "momentum must be"),
        ({"label_smoothing": 2}, "label_smoothing must be"),
        ({"weight_decay": -1}, "weight_decay must be 0 or greater"),
        ({"warmup_epochs": 16}, "warmup_epochs must be at most epochs"),
        ({"batch_size": -4}, "batch_size must be at least 1"),
        ({"image_size": -1}, "image_size must be 0 or greater"),
        ({"freeze": "features"}, "freeze must be a list of texts, got 'features'"),
        ({"freeze": [1]}, "freeze must be a list of texts"),
        (
            {"pretrained": True, "weights": "a.npz"},
            "from pretrained or from weights, not from both",
        ),
        ({"seed": -1}, "seed must be 0 or greater"),
        ({"validation": 0.6}, "validation must be from 0 to 0.5, got 0.6"),
        ({"cutout": -1}, "cutout must be 0 or greater"),
        ({"mixup": -0.1}, "mixup must be 0 or greater"),
        ({"ema": 1.0}, "ema must be from 0 up to, not including, 1"),
        ({"patience": -1}, "patience must be 0 or greater"),
        ({"patience": 3, "validation": 0.0}, "patience needs validation images"),
        ({"checkpoint_minutes": 0}, "checkpoint_minutes must be greater than 0"),
        ({"keep": 0}, "keep must be at least 1"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig.from_dict(settings)
