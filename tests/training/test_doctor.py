"""Runs that are known to be sick: the right rung fails, and the change that helps is found."""

import dataclasses
import tarfile
from pathlib import PurePosixPath

import numpy as np
import pytest
from PIL import Image

from mydl.data import load_dataset
from mydl.data.cifar10 import CIFAR10
from mydl.data.dataset import Dataset
from mydl.training.config import TrainingConfig
from mydl.training.doctor import examine
from mydl.training.measuring import begin, first_loss, fresh, health, learn_by_heart, trained
from mydl.training.recipes import recipe
from mydl.training.rungs import dead_rung, first_loss_rung, learning_rung, updates_rung

QUICK = TrainingConfig(data="stripes", batch_size=16, shard_size=8)


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


@pytest.fixture
def hasty(monkeypatch):
    """Let the doctor take fewer steps: enough for three classes of stripes."""
    for name, steps in (
        ("BY_HEART_STEPS", 60), ("MOST_FIRST_STEPS", 60), ("SWEEP_STEPS", 60), ("TRIAL_STEPS", 40),
    ):  # fmt: skip
        monkeypatch.setattr(f"mydl.training.doctor.{name}", steps)


@pytest.fixture
def healthy(stripes, hasty):
    seen, work = [], []
    return examine(QUICK, stripes, on_rung=seen.append, on_work=work.append), seen, work


def names(diagnosis, *, passed):
    return [rung.name for rung in diagnosis.rungs if rung.passed is passed]


def test_a_healthy_run_passes_every_rung(healthy):
    diagnosis, seen, work = healthy
    assert names(diagnosis, passed=False) == []
    assert names(diagnosis, passed=True) == [
        "classes", "images", "inputs", "labels", "first loss", "gradients", "overfitting",
        "regularisation", "learning", "dead layers", "updates", "learning rate",
    ]  # fmt: skip
    assert diagnosis.healthy
    assert diagnosis.advice == "Every rung holds: train."
    assert tuple(seen) == diagnosis.rungs
    assert "learning 20 images by heart" in work


def test_a_rate_that_is_too_low_is_found_and_a_better_one_tried(stripes, hasty):
    diagnosis = examine(dataclasses.replace(QUICK, lr=1e-6), stripes)
    failed = names(diagnosis, passed=False)
    assert failed == ["overfitting", "learning", "updates", "learning rate"]
    words = {rung.name: rung.words for rung in diagnosis.rungs}
    assert "stands still at ln(3)" in words["learning"]
    assert "too small, they hardly change" in words["updates"]
    assert "1e-06 is too low" in words["learning rate"]
    assert diagnosis.change.keys() == {"lr"}
    assert diagnosis.advice.startswith(f"Change one thing: --lr {diagnosis.change['lr']:g}. Tried:")
    assert diagnosis.trials[0].loss < diagnosis.unchanged - 0.1


def test_bad_data_end_the_ladder(stripes):
    sick = dataclasses.replace(stripes, mean=np.zeros(3), std=np.full(3, 1 / 255))
    diagnosis = examine(QUICK, sick)
    assert names(diagnosis, passed=False) == ["inputs"]
    assert diagnosis.rungs[-1].name == "inputs"
    assert diagnosis.advice.startswith("Normalise with the mean")
    assert diagnosis.trials == ()


def test_the_relu_after_conv10_dies_at_a_large_rate(digits):
    config = TrainingConfig(batch_norm=False, final_relu=True, lr=0.5)
    beginning = begin(config, digits, None, 40, 40)
    rung = dead_rung(health(beginning.trainer), 40)
    assert not rung.passed
    assert rung.words.startswith("after 40 steps, classifier.relu10: ")
    assert "leave out the last ReLU (--no-final-relu)" in rung.words
    learning = learning_rung(beginning.losses, 10, config.lr)
    assert "stands still at ln(10)" in learning.words


def test_steps_that_are_too_large_or_too_small_are_measured(stripes):
    for lr, words in ((1e-5, "too small"), (20.0, "too large")):
        config = dataclasses.replace(QUICK, lr=lr, schedule="constant", momentum=0.0)
        rung = updates_rung(begin(config, stripes, None, 5, 5).update_ratio, lr)
        assert not rung.passed
        assert words in rung.words


def test_a_run_that_diverges_says_where(stripes):
    config = dataclasses.replace(QUICK, batch_norm=False, lr=1e15, schedule="constant")
    with np.errstate(all="ignore"):
        beginning = begin(config, stripes, None, 20, 20)
    assert "diverged" in beginning.error or "infinite" in beginning.error
    assert not learning_rung(beginning.losses, 3, config.lr, beginning.error).passed


def test_images_that_are_not_normalised_raise_the_first_loss(digits):
    """What the first loss would say of them, if the data had not been looked at before."""
    sick = dataclasses.replace(digits, mean=np.zeros(3), std=np.full(3, 1 / 255))
    trainer = fresh(TrainingConfig(batch_norm=False), sick, None)
    rung = first_loss_rung(first_loss(trainer), 10)
    assert not rung.passed
    assert "above ln(10)" in rung.words


def test_by_heart_are_images_of_every_class(digits):
    learner, losses = learn_by_heart(TrainingConfig(), digits, None, 60)
    assert np.bincount(learner.dataset.train_labels).tolist() == [2] * 10
    assert losses[-1] < 0.25
    assert not learner.config.augment


def test_frozen_layers_need_no_gradient(stripes):
    config = dataclasses.replace(QUICK, freeze=("features",), batch_norm=False)
    trainer = fresh(config, stripes, None)
    assert [layer.path for layer in trained(trainer, health(trainer))] == ["classifier.conv10"]


@pytest.mark.slow
def test_the_defaults_are_healthy(digits):
    assert examine(TrainingConfig(), digits).healthy


@pytest.mark.slow
def test_the_papers_network_with_its_rate_but_not_its_batch(digits):
    """A rate of 0.04 was meant for batches of 512: with 32 images the network stands still."""
    config = TrainingConfig(
        model="squeezenet1_0_cifar", batch_norm=False, final_relu=True, lr=0.04, batch_size=32
    )
    diagnosis = examine(config, digits)
    failed = names(diagnosis, passed=False)
    assert {"overfitting", "learning", "dead layers", "learning rate"} <= set(failed)
    words = {rung.name: rung.words for rung in diagnosis.rungs}
    assert "stands still at ln(10)" in words["learning"]
    assert "classifier.relu10" in words["dead layers"]
    assert diagnosis.change == {"batch_norm": True}
    assert diagnosis.advice.startswith("Change one thing: --batch-norm. Tried: after 80 steps")


@pytest.mark.slow
def test_too_much_weight_decay_is_found(digits):
    diagnosis = examine(TrainingConfig(weight_decay=5.0), digits)
    words = {rung.name: rung.words for rung in diagnosis.rungs if not rung.passed}
    assert "drowns what the images say" in words["regularisation"]
    assert diagnosis.change == {"weight_decay": 5e-4}


def some_of_cifar10(archive):
    """A tenth of CIFAR-10's photographs, one JPEG file each."""
    images = {"train": [], "test": []}
    labels = {"train": [], "test": []}
    with tarfile.open(archive) as files:
        for member in files:
            part, name, file = PurePosixPath(member.name).parts[-3:]
            if member.isreg() and file.endswith("0.jpg"):
                with Image.open(files.extractfile(member)) as image:
                    images[part].append(np.asarray(image))
                labels[part].append(CIFAR10.class_names.index(name))
    return Dataset(
        name="cifar10",
        train_images=np.stack(images["train"]),
        train_labels=np.array(labels["train"]),
        test_images=np.stack(images["test"]),
        test_labels=np.array(labels["test"]),
        class_names=CIFAR10.class_names,
        mean=CIFAR10.mean,
        std=CIFAR10.std,
        mirror=True,
    )


@pytest.mark.slow
def test_cifar10_is_healthy(test_data):
    archive = test_data / "cifar10-jpeg.tar.xz"
    if not archive.exists():
        pytest.skip(f"there is no {archive}")
    dataset = some_of_cifar10(archive)
    assert len(dataset.train_labels) == 5000
    assert examine(TrainingConfig.from_dict(recipe({"data": "cifar10"})), dataset).healthy
