"""A run is kept on disk while it trains, and a disk that fails does not end it."""

import dataclasses

import pytest

from mydl.training import recorder as module
from mydl.training.config import TrainingConfig
from mydl.training.recorder import Recorder, Several
from mydl.training.run_folder import RunFolder
from mydl.training.trainer import Trainer

CONFIG = TrainingConfig(data="stripes", epochs=2, batch_size=16, shard_size=8, keep=100)


def steps(folder):
    return [int(path.stem.removeprefix("step-")) for path in folder.checkpoints.paths()]


@pytest.fixture
def folder(tmp_path):
    with RunFolder(tmp_path / "run", CONFIG) as folder:
        yield folder


def test_each_epoch_ends_with_a_row_and_a_checkpoint(folder, stripes):
    trainer = Trainer(CONFIG, stripes)
    trainer.fit(Recorder(trainer, folder, pytest.fail))
    per_epoch = trainer.steps_per_epoch
    assert steps(folder) == [per_epoch, 2 * per_epoch]
    assert len((folder.path / "metrics.csv").read_text().splitlines()) == 3


def test_within_an_epoch_there_is_one_when_the_time_has_come(folder, stripes, monkeypatch):
    clock = [0.0]

    class Time:
        @staticmethod
        def monotonic():
            clock[0] += 30
            return clock[0]

    monkeypatch.setattr(module, "time", Time)
    config = dataclasses.replace(CONFIG, batch_size=4, checkpoint_minutes=2.0)
    trainer = Trainer(config, stripes)
    trainer.fit(Recorder(trainer, folder, pytest.fail))
    within = set(steps(folder)) - {trainer.steps_per_epoch, 2 * trainer.steps_per_epoch}
    assert within
    assert len(within) < trainer.steps_per_epoch  # not after each step


def test_a_disk_that_is_full_for_a_while_is_told_once_and_tried_again(folder, stripes, monkeypatch):
    config = dataclasses.replace(CONFIG, epochs=4)
    trainer = Trainer(config, stripes)
    told = []
    recorder = Recorder(trainer, folder, told.append)
    write, tries = folder.save_checkpoint, []

    def sometimes_full(trainer):
        tries.append(trainer.progress.epoch)
        if len(tries) in (2, 3):
            raise OSError("run/checkpoints: this cannot be written (No space left on device)")
        return write(trainer)

    monkeypatch.setattr(folder, "save_checkpoint", sometimes_full)
    assert trainer.fit(recorder)
    assert tries == [1, 2, 3, 4]
    assert told == [
        "run/checkpoints: this cannot be written (No space left on device); training goes on, the "
        "next checkpoint is tried when it is due, and those before it are intact",
        "the checkpoint could be written again",
    ]
    assert recorder.failure is None
    assert steps(folder) == [trainer.steps_per_epoch, 4 * trainer.steps_per_epoch]
    assert len((folder.path / "metrics.csv").read_text().splitlines()) == 5


def test_several_watchers_are_told_in_turn():
    heard = []

    class Watcher:
        def __init__(self, name):
            self.name = name

        def on_step(self, report):
            heard.append((self.name, report))

        on_epoch = on_note = on_step

    both = Several(Watcher("a"), Watcher("b"))
    both.on_step(1)
    both.on_epoch(2)
    both.on_note("3")
    assert heard == [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", "3"), ("b", "3")]
