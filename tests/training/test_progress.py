"""What a run carries from step to step survives being written down, exactly."""

import json

import pytest

from mydl.training.progress import EpochReport, Progress

ROW = EpochReport(1, 2.5, 0.1, 1.25, 0.5, 1.5, 0.4, 900.0, 0.0, 0.001)


def test_there_and_back():
    progress = Progress(step=7, epoch=1, loss_sum=0.1 + 0.2, best_loss=1.5, history=[ROW])
    again = Progress.from_dict(json.loads(json.dumps(progress.to_dict())))
    assert repr(again) == repr(progress)


def test_a_step_counts_and_an_epoch_begins_anew():
    progress = Progress()
    progress.count(loss=2.0, correct=3, images=4)
    progress.count(loss=1.0, correct=1, images=2)
    assert (progress.step, progress.epoch_step, progress.seen, progress.correct) == (2, 2, 6, 4)
    assert progress.loss_sum == 10.0
    progress.next_epoch()
    assert (progress.step, progress.epoch, progress.epoch_step, progress.seen) == (2, 1, 0, 0)


@pytest.mark.parametrize(
    "change", [{"more": 1}, {"history": None}, {"history": [{"epoch": 1}]}, {"history": [3]}]
)
def test_other_numbers_are_refused(change):
    with pytest.raises(ValueError, match="another version"):
        Progress.from_dict({**Progress().to_dict(), **change})


def test_missing_numbers_are_refused():
    numbers = Progress().to_dict()
    del numbers["step"]
    with pytest.raises(ValueError, match="another version"):
        Progress.from_dict(numbers)
