"""The training loop learns, repeats itself to the bit, accumulates, clips and stops."""

import dataclasses
import math

import numpy as np
import pytest

from mydl.training.config import TrainingConfig
from mydl.training.trainer import Trainer

QUICK = TrainingConfig(
    data="stripes", epochs=4, batch_size=16, shard_size=4, lr=0.05, schedule="constant"
)


class Watching:
    def __init__(self, trainer=None, stop_after=math.inf):
        self.steps, self.epochs = [], []
        self.trainer, self.stop_after = trainer, stop_after

    def on_step(self, report):
        self.steps.append(report)
        if len(self.steps) == self.stop_after:
            self.trainer.stop()

    def on_epoch(self, report):
        self.epochs.append(report)


def fit(dataset, config=QUICK, **options):
    trainer = Trainer(config, dataset, **options)
    watching = Watching()
    assert trainer.fit(watching)
    return trainer, watching


def test_it_learns(stripes):
    trainer, watching = fit(stripes)
    first, last = watching.epochs[0], watching.epochs[-1]
    assert last.train_loss < first.train_loss / 2
    assert last.test_accuracy > 0.9
    assert trainer.evaluation.accuracy == last.test_accuracy
    assert trainer.history == watching.epochs


def test_the_reports_count_right(stripes):
    _, watching = fit(stripes, dataclasses.replace(QUICK, batch_size=20, epochs=2))
    assert [(r.epoch, r.step, r.steps) for r in watching.steps] == [
        (1, 1, 3), (1, 2, 3), (1, 3, 3), (2, 1, 3), (2, 2, 3), (2, 3, 3),
    ]  # fmt: skip
    assert [row.epoch for row in watching.epochs] == [1, 2]
    assert all(row.lr == QUICK.lr for row in watching.epochs)
    assert 0 < watching.epochs[0].seconds < watching.epochs[1].seconds
    assert watching.epochs[0].train_loss == watching.steps[2].loss


def test_networks_without_batch_norm_or_bypass_train_too(stripes):
    config = dataclasses.replace(QUICK, model="nin_cifar", batch_norm=False, epochs=1)
    _, watching = fit(stripes, config)
    assert np.isfinite(watching.epochs[0].train_loss)
    for change, option in (({"batch_norm": True}, "batch_norm"), ({"bypass": "simple"}, "bypass")):
        with pytest.raises(ValueError, match=f"no option of nin_cifar '{option}': there are"):
            Trainer(dataclasses.replace(config, **change), stripes)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_same_bits_for_any_number_of_threads(stripes, batch_norm):
    config = dataclasses.replace(
        QUICK, epochs=2, dropout=0.5, batch_norm=batch_norm, label_smoothing=0.1, clip_norm=1.0
    )
    weights = [
        fit(stripes, config, threads=threads)[0].engine.vector.data.tobytes()
        for threads in (1, 2, 3)
    ]
    assert weights[0] == weights[1] == weights[2]


def test_another_seed_gives_another_network(stripes):
    one, other = (
        fit(stripes, dataclasses.replace(QUICK, epochs=1, seed=seed))[0] for seed in (0, 1)
    )
    assert not np.array_equal(one.engine.vector.data, other.engine.vector.data)


def test_accumulated_batches_give_the_gradient_of_one_large_batch(stripes):
    plain = dataclasses.replace(QUICK, batch_norm=False, batch_size=16)
    parts = dataclasses.replace(plain, batch_size=4, accumulate=4)
    gradients = []
    for config in (plain, parts):
        trainer = Trainer(config, stripes)
        trainer.take_step(np.arange(16), epoch=0)
        gradients.append(trainer.engine.vector.grad)
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-4, atol=1e-7)


def test_a_last_batch_that_is_smaller_counts_for_what_it_is(stripes):
    """18 images in batches of 4: the last two count half as much as the others."""
    config = dataclasses.replace(QUICK, batch_norm=False, batch_size=4, accumulate=5)
    whole = Trainer(dataclasses.replace(config, batch_size=18, accumulate=1), stripes)
    parts = Trainer(config, stripes)
    losses = [trainer.take_step(np.arange(18), epoch=0)[0] for trainer in (whole, parts)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    np.testing.assert_allclose(
        whole.engine.vector.grad, parts.engine.vector.grad, rtol=1e-4, atol=1e-7
    )


def test_clipping_bounds_the_gradient(stripes):
    trainer = Trainer(dataclasses.replace(QUICK, clip_norm=1e-3), stripes)
    trainer.take_step(np.arange(16), epoch=0)
    assert np.linalg.norm(trainer.engine.vector.grad) == pytest.approx(1e-3, rel=1e-4)


def test_the_schedule_is_followed(stripes):
    config = dataclasses.replace(QUICK, schedule="polynomial", epochs=2)
    _, watching = fit(stripes, config)
    assert watching.epochs[1].lr < watching.epochs[0].lr < QUICK.lr


def test_stop_ends_after_the_step(stripes):
    trainer = Trainer(QUICK, stripes)
    watching = Watching(trainer, stop_after=5)
    assert trainer.fit(watching) is False
    assert len(watching.steps) == 5
    assert len(watching.epochs) == len(trainer.history) == 1


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop"])
def test_every_optimizer_lowers_the_loss(stripes, optimizer):
    config = dataclasses.replace(QUICK, optimizer=optimizer, lr=0.003, momentum=0.0)
    _, watching = fit(stripes, config)
    assert watching.epochs[-1].train_loss < watching.epochs[0].train_loss


@pytest.mark.parametrize("bypass", ["simple", "complex"])
def test_networks_with_bypass_train(stripes, bypass):
    config = dataclasses.replace(QUICK, bypass=bypass, epochs=1)
    assert math.isfinite(fit(stripes, config)[1].epochs[0].test_loss)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "squeezenet_tinny"}, "squeezenet_tiny"),
        ({"optimizer": "sdg"}, "sgd"),
        ({"schedule": "cosin"}, "cosine"),
        ({"bypass": "double"}, "bypass must be one of"),
    ],
)
def test_unknown_names_are_refused(stripes, change, message):
    with pytest.raises(ValueError, match=message):
        Trainer(dataclasses.replace(QUICK, **change), stripes)
