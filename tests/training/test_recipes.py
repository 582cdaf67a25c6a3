"""What a run is made of where nobody says otherwise."""

import pytest

from mydl.models import save_weights, squeezenet1_0
from mydl.training.config import TrainingConfig
from mydl.training.recipes import PRESETS, recipe


def config(**chosen):
    return TrainingConfig.from_dict(recipe(chosen))


def test_digits_are_the_plain_defaults():
    assert config() == TrainingConfig()
    assert config(lr=0.3) == TrainingConfig(lr=0.3)


def test_what_is_chosen_comes_first():
    assert config(data="cifar10").batch_size == 128
    assert config(data="cifar10", batch_size=5).batch_size == 5


@pytest.mark.parametrize(
    ("chosen", "shard_size"),
    [
        ({}, 8),
        ({"batch_norm": False}, 4),
        ({"image_size": 32}, 32),
        ({"image_size": 32, "batch_size": 12}, 12),
        ({"shard_size": 2}, 2),
    ],
)
def test_large_photographs_go_in_small_shards(chosen, shard_size):
    settings = config(data="imagefolder", **chosen)
    assert settings.model == "squeezenet1_1"
    assert settings.shard_size == shard_size


def test_fine_tuning_takes_the_network_from_the_file(tmp_path):
    path = tmp_path / "bypass.safetensors"
    save_weights(squeezenet1_0(bypass="simple"), path)
    settings = config(data="imagefolder", weights=str(path))
    assert (settings.model, settings.bypass) == ("squeezenet1_0", "simple")
    assert not settings.batch_norm
    assert settings.optimizer == "adam"
    classifier = config(data="imagefolder", weights=str(path), freeze=["features"])
    assert settings.lr < classifier.lr
    assert config(data="imagefolder", weights=str(path), model="squeezenet1_1", lr=0.5).lr == 0.5


def test_another_optimizer_brings_its_own_rate():
    assert config(optimizer="sgd").lr == config().lr == 0.1
    assert config(optimizer="adam").lr == 1e-3
    assert config(data="cifar10", optimizer="muon").momentum == 0.95
    assert config(data="cifar10", optimizer="muon", lr=0.02).lr == 0.02
    assert config(preset="cifar10-best", optimizer="sgd").weight_decay == 5e-4


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_whole_recipe_and_gives_way_to_what_is_chosen(preset):
    settings = config(preset=preset)
    assert settings.preset == preset
    assert settings.data == "cifar10"
    assert config(preset=preset, epochs=3, data="cifar10").epochs == 3


def test_wrong_presets_are_refused():
    with pytest.raises(ValueError, match="no preset 'cifar10-fats': did you mean 'cifar10-fast'"):
        config(preset="cifar10-fats")
    with pytest.raises(ValueError, match="cifar10-fast is for cifar10, not for digits"):
        config(preset="cifar10-fast", data="digits")
