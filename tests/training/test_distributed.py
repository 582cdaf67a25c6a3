"""Several processes train as one: threads stand for them here, and mpiexec starts them below."""

import dataclasses
import math
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mydl.models import squeezenet_tiny
from mydl.parallel import ShardedModel
from mydl.training import distributed
from mydl.training.config import TrainingConfig
from mydl.training.distributed import (
    Exchange,
    Single,
    check_shards,
    communicator,
)
from mydl.training.trainer import Trainer

QUICK = TrainingConfig(
    data="stripes", epochs=2, batch_size=20, shard_size=4, lr=0.05, schedule="constant"
)


class Rank:
    """One of several threads that stand for processes."""

    def __init__(self, rank, size, table, barrier):
        self.rank, self.size, self._table, self._barrier = rank, size, table, barrier
        self.sums = 0

    def _all(self, value):
        self._table[self.rank] = value
        self._barrier.wait(60)
        values = list(self._table)
        self._barrier.wait(60)
        return values

    def sum(self, array):
        self.sums += 1
        array[...] = np.sum(self._all(array.copy()), axis=0)

    def share(self, value):
        return self._all(value)[0]

    def threads(self):
        return 1


def on_ranks(size, work):
    """What ``work(rank)`` returns on each of ``size`` ranks."""
    table, barrier = [None] * size, threading.Barrier(size)

    def run(rank):
        try:
            return work(Rank(rank, size, table, barrier))
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(run, range(size)))


class Quiet:
    def __init__(self):
        self.steps = []

    def on_step(self, report):
        self.steps.append(report)

    def on_epoch(self, report):
        pass

    def on_note(self, note):
        pass


def fit(dataset, config, ranks=None):
    trainer = Trainer(config, dataset, communicator=ranks, threads=1)
    watcher = Quiet()
    assert trainer.fit(watcher)
    return trainer, watcher


CONFIGURATIONS = {
    "plain": {},
    "accumulated": {"batch_size": 10, "accumulate": 2, "shard_size": 3},
    "all at once": {
        "mixup": 0.4, "cutout": 3, "ema": 0.9, "patience": 1, "dropout": 0.3, "clip_norm": 1.0
    },
}  # fmt: skip


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_step_of_several_processes_is_that_of_one(stripes, name, size):
    config = dataclasses.replace(QUICK, **CONFIGURATIONS[name])

    def step(ranks=None):
        trainer = Trainer(config, stripes, communicator=ranks, threads=1)
        return *trainer.take_step(np.arange(20), epoch=1), trainer.engine.vector

    loss, hits, vector = step()
    results = on_ranks(size, step)
    first = results[0][2]
    for own_loss, own_hits, own in results:
        assert own_loss == pytest.approx(loss, rel=1e-6)
        assert own_hits == hits
        np.testing.assert_allclose(own.grad, vector.grad, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(own.data, vector.data, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(own.state, vector.state, rtol=1e-4, atol=1e-6)
        assert own.data.tobytes() == first.data.tobytes()
        assert own.state.tobytes() == first.state.tobytes()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_processes_stay_alike_to_the_end(stripes, name):
    """Rounding moves a later step more than it was itself: a ReLU or a maximum may flip."""
    config = dataclasses.replace(QUICK, **CONFIGURATIONS[name])
    alone, _ = fit(stripes, config)
    results = on_ranks(2, lambda ranks: fit(stripes, config, ranks)[0])
    for trainer in results:
        assert trainer.state().arrays.keys() == alone.state().arrays.keys()
        for array, first in zip(
            trainer.state().arrays.values(), results[0].state().arrays.values(), strict=True
        ):
            np.testing.assert_array_equal(array, first)
        for row, expected in zip(trainer.history, alone.history, strict=True):
            assert row.train_loss == pytest.approx(expected.train_loss, rel=0.05)
            assert row.validation_loss == pytest.approx(expected.validation_loss, rel=0.05)


def test_one_sum_a_step_and_one_an_epoch(stripes):
    def count(ranks):
        trainer, seen = fit(stripes, QUICK, ranks)
        return ranks.sums, len(seen.steps), len(trainer.history)

    for sums, steps, epochs in on_ranks(2, count):
        assert sums == steps + epochs


@pytest.mark.parametrize("asked", [0, 2])
def test_all_stop_after_the_same_step_when_one_is_asked(stripes, asked):
    def stopped(ranks):
        trainer = Trainer(QUICK, stripes, communicator=ranks, threads=1)
        watcher = Quiet()
        if ranks.rank == asked:
            trainer.stop()
        return trainer.fit(watcher), len(watcher.steps), trainer.state().arrays

    results = on_ranks(3, stopped)
    assert [result[:2] for result in results] == [(False, 1)] * 3
    for _, _, arrays in results:
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, results[0][2][name])


def test_a_run_goes_on_with_another_number_of_processes(stripes):
    whole, _ = fit(stripes, QUICK)
    half = Trainer(QUICK, stripes, threads=1)
    half.stop()
    assert not half.fit(Quiet())

    def go_on(ranks):
        state = ranks.share(half.state() if ranks.rank == 0 else None)
        trainer = Trainer(QUICK, stripes, communicator=ranks, resume=state, threads=1)
        assert trainer.fit(Quiet())
        return trainer.engine.vector.data

    first, second = on_ranks(2, go_on)
    np.testing.assert_array_equal(first, second)
    distance = np.linalg.norm(first - whole.engine.vector.data)
    assert distance < 0.05 * np.linalg.norm(first)


def test_outputs_are_shared_even_if_there_are_fewer_images_than_processes():
    x = np.random.default_rng(0).normal(size=(5, 8, 8, 3)).astype(np.float32)
    expected = ShardedModel(squeezenet_tiny(num_classes=3), threads=1).outputs(
        5, lambda lo, hi: x[lo:hi]
    )

    def work(ranks, n):
        engine = ShardedModel(squeezenet_tiny(num_classes=3), threads=1)
        return distributed.outputs(engine, n, lambda lo, hi: x[lo:hi], 3, ranks)

    for n in (5, 1):
        for outputs in on_ranks(3, lambda ranks, n=n: work(ranks, n)):
            np.testing.assert_allclose(outputs, expected[:n], rtol=1e-5, atol=1e-6)


def test_one_process_alone_changes_no_bit():
    engine = ShardedModel(squeezenet_tiny(num_classes=3), threads=1)
    engine.vector.grad[...] = np.arange(engine.vector.grad.size)
    before = engine.vector.grad.tobytes()
    assert Exchange(Single(), engine.vector)(math.pi, 3, True) == (math.pi, 3, True)
    assert engine.vector.grad.tobytes() == before
    with Single() as single:
        assert single.share("same") == "same"
        assert single.threads() >= 1


def test_a_batch_without_work_for_all_is_refused(stripes):
    check_shards(Rank(0, 5, [], None), 20, 4)
    with pytest.raises(ValueError, match="work for 5 of 6 processes: give a larger --batch-size"):
        check_shards(Rank(0, 6, [], None), 20, 4)


@pytest.fixture
def clean_environment(monkeypatch):
    for name in (*distributed._SIZES, distributed._STARTED_BY_PMIX):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("name", distributed._SIZES)
def test_a_single_process_needs_no_mpi(clean_environment, name):
    assert isinstance(communicator(), Single)
    clean_environment.setenv(name, "1")
    assert isinstance(communicator(), Single)


@pytest.mark.parametrize(
    "variable", [*((name, "2") for name in distributed._SIZES), ("PMIX_RANK", "0")]
)
def test_without_mpi4py_a_sentence_says_what_to_install(clean_environment, variable):
    clean_environment.setenv(*variable)
    clean_environment.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ValueError, match=r'needs mpi4py .*: pip install "mydl\[mpi\]"'):
        communicator()
