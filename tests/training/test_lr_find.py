"""The sweep over learning rates ends where it should and suggests a rate that serves."""

import dataclasses
import math

import numpy as np
import pytest

from mydl.figure_files import check_picture
from mydl.training.config import TrainingConfig
from mydl.training.lr_find import batches, find_lr, judge_sweep
from mydl.training.lr_plot import draw_sweep
from mydl.training.trainer import Trainer

QUICK = TrainingConfig(
    data="stripes", batch_size=16, shard_size=8, augment=False, schedule="one-cycle"
)


def judged(losses, lowest=1e-3, highest=10.0, ended_early=False):
    rates = list(np.geomspace(lowest, highest, len(losses)))
    return judge_sweep(rates, list(losses), list(losses), ended_early)


def test_a_fall_and_a_rise_are_read():
    losses = np.concatenate([np.full(20, 2.3), np.linspace(2.3, 0.5, 21), np.linspace(0.6, 3, 9)])
    sweep = judged(losses)
    rates = np.array(sweep.rates)
    assert sweep.lowest == rates[40]
    assert rates[20] < sweep.steepest < rates[41]
    assert rates[40] < sweep.broken <= rates[-1]
    assert 0 < sweep.suggestion <= 1.1 * sweep.broken / 10
    low, high = sweep.range
    assert low < sweep.suggestion < high == sweep.broken
    assert f"--lr {sweep.suggestion:g}" in sweep.words


def test_a_fall_without_a_rise_never_broke_away():
    sweep = judged(np.linspace(2.3, 0.3, 40))
    assert sweep.broken is None
    assert "never rose again" in sweep.words
    assert judged(np.linspace(2.3, 0.3, 40), ended_early=True).broken == 10.0


@pytest.mark.parametrize("losses", [np.full(40, 2.3), np.linspace(2.3, 2.25, 40), [2.3]])
def test_where_nothing_is_learnt_nothing_is_suggested(losses):
    sweep = judged(losses)
    assert sweep.suggestion is None
    assert sweep.range is None
    assert "The loss fell at no rate" in sweep.words


def test_a_sweep_trains_with_rising_rates_and_suggests_one(stripes):
    seen = []
    sweep = find_lr(QUICK, stripes, steps=60, watch=lambda *step: seen.append(step))
    assert seen[0][:2] == (1, 1e-3)
    assert len(seen) == len(sweep.rates) == len(sweep.losses)
    assert np.allclose(np.diff(np.log(sweep.rates)), math.log(1e4) / 59)
    assert sweep.losses[0] == pytest.approx(math.log(3), rel=0.3)
    assert 1e-3 < sweep.suggestion < 10
    assert sweep.to_dict()["words"] == sweep.words


def test_the_same_sweep_twice_is_the_same(stripes):
    one, other = (find_lr(QUICK, stripes, steps=20, threads=n) for n in (1, 2))
    assert one == other


def test_an_exploding_loss_ends_the_sweep(stripes):
    config = dataclasses.replace(QUICK, batch_norm=False)
    with np.errstate(all="ignore"):
        sweep = find_lr(config, stripes, lowest=0.1, highest=1e30, steps=100)
    assert len(sweep.rates) < 100
    assert np.isfinite(sweep.losses).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lowest": 1.0, "highest": 0.1}, "rates must rise"),
        ({"lowest": 0.0}, "rates must rise from above 0, got from 0"),
        ({"highest": math.inf}, "rates must rise"),
        ({"steps": 5}, "at least 20 steps"),
    ],
)
def test_sweeps_that_make_no_sense_are_refused(stripes, options, message):
    with pytest.raises(ValueError, match=message):
        find_lr(QUICK, stripes, **options)


def test_batches_are_whole_and_go_on_into_the_next_epoch(stripes):
    trainer = Trainer(dataclasses.replace(QUICK, batch_size=20, validation=0.0), stripes)
    endless = batches(trainer)
    taken = [next(endless) for _ in range(5)]
    assert [epoch for _, epoch in taken] == [0, 0, 1, 1, 2]
    assert {len(chosen) for chosen, _ in taken} == {20}
    assert len(np.unique(np.concatenate([taken[0][0], taken[1][0]]))) == 40


def test_a_batch_larger_than_the_data_is_all_of_it(stripes):
    trainer = Trainer(dataclasses.replace(QUICK, batch_size=500, validation=0.0), stripes)
    chosen, _ = next(batches(trainer))
    assert sorted(chosen) == list(range(48))


def test_the_picture_is_drawn(tmp_path):
    losses = np.concatenate([np.linspace(2.3, 0.5, 30), np.linspace(0.6, 300, 9)])
    for number, sweep in enumerate((judged(losses), judged(np.full(40, 2.3)))):
        path = tmp_path / f"{number}.png"
        draw_sweep(path, sweep, "a title")
        assert path.read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    with pytest.raises(ValueError, match=r"--out must end in one of .*png.*, got .*sweep.doc"):
        check_picture(tmp_path / "sweep.doc", "--out")
    with pytest.raises(ValueError, match="there is no folder"):
        check_picture(tmp_path / "nowhere" / "sweep.png", "--out")
