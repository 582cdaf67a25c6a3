"""Schedules against PyTorch's, by their formulas, and with bad arguments."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.schedules import SCHEDULES, Constant, Cosine, OneCycle, Polynomial, Step, make_schedule

REFERENCES = np.load(Path(__file__).parent / "references" / "optim.npz")


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("step", Step(0.4, 40)),
        ("polynomial", Polynomial(0.4, 40)),
        ("polynomial-2", Polynomial(0.4, 40, power=2)),
        ("cosine", Cosine(0.4, 40)),
        ("cosine-warmup", Cosine(0.4, 40, warmup_steps=7)),
        ("one-cycle", OneCycle(0.4, 40)),
    ],
)
def test_rates_equal_pytorchs(name, schedule):
    rates = [schedule(step) for step in range(40)]
    np.testing.assert_allclose(rates, REFERENCES[f"schedule/{name}"], rtol=1e-9, atol=1e-12)


@given(
    st.sampled_from(sorted(SCHEDULES)),
    st.floats(1e-6, 10),
    st.integers(1, 200),
    st.data(),
)
def test_every_schedule_stays_between_zero_and_lr(name, lr, total_steps, data):
    warmup_steps = data.draw(st.integers(0, total_steps))
    schedule = make_schedule(name, lr, total_steps, warmup_steps=warmup_steps)
    rates = np.array([schedule(step) for step in range(total_steps)])
    assert (rates > 0).all()
    assert (rates <= lr * (1 + 1e-9)).all()
    assert (np.diff(rates[:warmup_steps]) > 0).all()
    assert schedule(total_steps) == schedule(total_steps + 1000)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_warm_up_rises_in_equal_steps_to_the_first_rate(name):
    plain, warm = make_schedule(name, 0.4, 30), make_schedule(name, 0.4, 40, warmup_steps=10)
    first = plain(0)
    np.testing.assert_allclose([warm(s) for s in range(11)], first * np.arange(1, 12) / 11)
    assert [warm(10 + s) for s in range(30)] == [plain(s) for s in range(30)]


def test_the_papers_schedule_is_a_straight_line_from_its_base_rate():
    schedule = make_schedule("polynomial", 0.04, 170_000)
    np.testing.assert_allclose(
        [schedule(s) for s in (0, 42_500, 85_000, 170_000)], [0.04, 0.03, 0.02, 0]
    )


def test_one_cycle_peaks_where_told_and_rises_before_and_falls_after():
    schedule = OneCycle(1.0, 100, peak=0.5, start_factor=0.1, end_factor=0.01)
    rates = np.array([schedule(s) for s in range(100)])
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0.01)
    assert rates.argmax() == 49
    assert (np.diff(rates[:50]) > 0).all()
    assert (np.diff(rates[49:]) < 0).all()


def test_a_milestone_at_a_fraction_that_floats_cannot_hold_is_met_on_time():
    schedule = Step(1.0, 30, milestones=(0.1,), gamma=0.5)  # 0.1 * 30 is a little more than 3
    assert [schedule(s) for s in (2, 3)] == [1.0, 0.5]


def test_a_schedule_survives_pickling_and_equals_its_twin():
    schedule = Cosine(0.1, 100, warmup_steps=5)
    assert pickle.loads(pickle.dumps(schedule)) == schedule == Cosine(0.1, 100, warmup_steps=5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Constant(0, 10), "lr must be greater than 0, got 0"),
        (lambda: Constant(float("nan"), 10), "lr must be greater than 0, got nan"),
        (lambda: Constant(0.1, 0), "total_steps must be at least 1, got 0"),
        (lambda: Constant(0.1, 10, warmup_steps=11), "warmup_steps must be from 0 to total_steps"),
        (lambda: Constant(0.1, 10, warmup_steps=-1), "warmup_steps must be from 0 to total_steps"),
        (lambda: Constant(0.1, 10)(-1), "step must be 0 or greater, got -1"),
        (lambda: Step(0.1, 10, milestones=(30,)), "milestones must be fractions of the run"),
        (lambda: Step(0.1, 10, gamma=0), "gamma must be greater than 0 and at most 1"),
        (lambda: Polynomial(0.1, 10, power=0), "power must be greater than 0"),
        (lambda: OneCycle(0.1, 10, peak=30), "peak must be from 0 to 1"),
        (lambda: OneCycle(0.1, 10, end_factor=-1), "end_factor must be from 0 to 1"),
        (lambda: make_schedule("cosin", 0.1, 10), "no schedule 'cosin': did you mean 'cosine'"),
        (
            lambda: make_schedule("polynomial", 0.1, 10, powr=2),
            "no option of the polynomial schedule 'powr': did you mean 'power'",
        ),
    ],
)
def test_bad_arguments_are_told_in_a_sentence(build, message):
    with pytest.raises(ValueError, match=message):
        build()
