"""The training loop learns, repeats itself to the bit, accumulates, clips, stops and goes on."""

import dataclasses
import math

import numpy as np
import pytest

from mydl.training.config import TrainingConfig
from mydl.training.evaluation import evaluate
from mydl.training.trainer import Trainer
from mydl.training.trouble import TrainingDiverged

QUICK = TrainingConfig(
    data="stripes", epochs=4, batch_size=16, shard_size=4, lr=0.05, schedule="constant"
)


class Watching:
    def __init__(self, trainer=None, stop_after=math.inf):
        self.steps, self.epochs, self.notes = [], [], []
        self.trainer, self.stop_after = trainer, stop_after

    def on_step(self, report):
        self.steps.append(report)
        if len(self.steps) == self.stop_after:
            self.trainer.stop()

    def on_epoch(self, report):
        self.epochs.append(report)

    def on_note(self, note):
        self.notes.append(note)


def fit(dataset, config=QUICK, **options):
    trainer = Trainer(config, dataset, **options)
    watching = Watching()
    assert trainer.fit(watching)
    return trainer, watching


def test_it_learns(stripes):
    trainer, watching = fit(stripes)
    first, last = watching.epochs[0], watching.epochs[-1]
    assert last.train_loss < first.train_loss / 2
    assert last.validation_accuracy == trainer.evaluation.accuracy
    assert trainer.evaluate("test").accuracy > 0.9
    assert trainer.history == watching.epochs
    assert trainer.completed
    assert "ln(3)" in watching.notes[0]
    assert 0 <= last.dead_units < 1
    assert 1e-5 < last.update_ratio < 1


def test_with_mirror_images_are_judged_together_with_theirs(stripes):
    plain, _ = fit(stripes)
    trainer, watching = fit(stripes, dataclasses.replace(QUICK, mirror=True))
    np.testing.assert_array_equal(trainer.engine.vector.data, plain.engine.vector.data)
    expected = evaluate(trainer.engine, trainer.dataset, part="validation", mirror=True)
    assert watching.epochs[-1].validation_loss == expected.loss
    assert plain.evaluation.loss != expected.loss
    assert trainer.card().mirror
    assert not plain.card().mirror
    left_and_right_matter = dataclasses.replace(stripes, mirror=False)
    with pytest.raises(ValueError, match="mirror images of stripes are no examples"):
        Trainer(trainer.config, left_and_right_matter)


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


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "muon"])
def test_every_optimizer_lowers_the_loss(stripes, optimizer):
    config = dataclasses.replace(QUICK, optimizer=optimizer, lr=0.003, momentum=0.0)
    _, watching = fit(stripes, config)
    assert watching.epochs[-1].train_loss < watching.epochs[0].train_loss


def test_the_squeeze_ratio_is_the_networks_own_unless_it_is_chosen(stripes):
    for ratio, filters in ((0.0, 16), (0.25, 32)):
        trainer = Trainer(dataclasses.replace(QUICK, squeeze_ratio=ratio), stripes)
        assert trainer.model.features["fire2"].squeeze["conv"].out_channels == filters


@pytest.mark.parametrize("bypass", ["simple", "complex"])
def test_networks_with_bypass_train(stripes, bypass):
    config = dataclasses.replace(QUICK, bypass=bypass, epochs=1)
    assert math.isfinite(fit(stripes, config)[1].epochs[0].train_loss)


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


def state_of(trainer):
    """Everything a run's rest depends on, times left out, as bytes."""
    state = trainer.state()
    times = {"seconds", "epoch_seconds", "images_per_second"}
    numbers = {key: value for key, value in state.numbers.items() if key not in times}
    numbers["history"] = [
        {key: value for key, value in row.items() if key not in times}
        for row in state.numbers["history"]
    ]
    return {key: array.tobytes() for key, array in state.arrays.items()}, repr(numbers)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"batch_norm": False, "dropout": 0.3, "optimizer": "adam", "lr": 0.003},
        {"ema": 0.9, "patience": 2, "accumulate": 2, "batch_size": 5, "nesterov": False},
        {"cutout": 4, "mixup": 0.4, "schedule": "cosine", "label_smoothing": 0.1},
        {"validation": 0.0, "freeze": ("features.conv1",), "clip_norm": 1.0},
    ],
)
def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_bits(stripes, change):
    config = dataclasses.replace(QUICK, **change)
    whole, _ = fit(stripes, config)
    state = None
    for steps, threads in ((1, 1), (2, 2), (4, 3), (math.inf, 1)):
        trainer = Trainer(config, stripes, threads=threads, resume=state)
        trainer.fit(Watching(trainer, stop_after=steps))
        state = trainer.state()
    assert state_of(trainer) == state_of(whole)
    assert trainer.evaluate().loss == whole.evaluate().loss


def test_a_state_of_another_run_is_refused(stripes):
    state = Trainer(QUICK, stripes).state()
    for change in ({"optimizer": "adam"}, {"ema": 0.9}, {"bypass": "complex"}):
        with pytest.raises((ValueError, KeyError)):
            Trainer(dataclasses.replace(QUICK, **change), stripes, resume=state)


def test_a_state_is_a_copy(stripes):
    trainer = Trainer(QUICK, stripes)
    state = trainer.state()
    before = {key: array.copy() for key, array in state.arrays.items()}
    trainer.take_step(np.arange(16), epoch=0)
    assert all(np.array_equal(state.arrays[key], before[key]) for key in before)


def test_the_test_images_are_not_looked_at_while_training(stripes):
    class Secret:
        shape, dtype = stripes.test_images.shape, stripes.test_images.dtype

        def __len__(self):
            return self.shape[0]

        def __getitem__(self, key):
            raise AssertionError("the test set was read")

    fit(dataclasses.replace(stripes, test_images=Secret()), dataclasses.replace(QUICK, epochs=2))


def test_without_validation_images_the_numbers_are_not_there(stripes):
    trainer, watching = fit(stripes, dataclasses.replace(QUICK, validation=0.0, epochs=1))
    assert math.isnan(watching.epochs[0].validation_loss)
    assert trainer.evaluation is None
    assert len(trainer.dataset.train_labels) == len(stripes.train_labels)


def test_patience_ends_a_run_and_takes_its_best_network(stripes):
    """With labels drawn by lot, what is learnt of the training images makes the others worse."""
    rng = np.random.default_rng(0)
    noise = dataclasses.replace(stripes, train_labels=rng.integers(0, 3, len(stripes.train_labels)))
    config = dataclasses.replace(QUICK, epochs=40, patience=3, validation=0.3, augment=False)
    trainer, watching = fit(noise, config)
    losses = [row.validation_loss for row in watching.epochs]
    assert trainer.progress.stopped_early
    assert len(losses) == np.argmin(losses) + 1 + 3 < 40
    assert trainer.evaluate("validation").loss == min(losses)


def test_averaged_weights_are_used_for_looking_and_not_for_learning(stripes):
    trainer, watching = fit(stripes, dataclasses.replace(QUICK, ema=0.9))
    plain, _ = fit(stripes, QUICK)
    assert np.array_equal(trainer.engine.vector.data, plain.engine.vector.data)
    with trainer.averaged():
        assert not np.array_equal(trainer.engine.vector.data, plain.engine.vector.data)
    assert np.array_equal(trainer.engine.vector.data, plain.engine.vector.data)
    assert watching.epochs[0].validation_loss != plain.history[0].validation_loss


def test_a_run_that_diverges_stops_before_the_step_and_says_where(stripes):
    trainer = Trainer(dataclasses.replace(QUICK, batch_norm=False), stripes)
    weight = dict(trainer.model.named_parameters())["features.fire2.squeeze.weight"]
    weight.data[...] = 3e38
    before = trainer.engine.vector.data.tobytes()
    with np.errstate(all="ignore"), pytest.raises(TrainingDiverged, match=r"step 1\b.*fire2"):
        trainer.take_step(np.arange(16), epoch=0)
    assert trainer.engine.vector.data.tobytes() == before
