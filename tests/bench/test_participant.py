"""Measuring processes: their answers, and how they end."""

import json
import os
import signal
import sys
from dataclasses import asdict

import pytest

from mydl.bench.cases import Case
from mydl.bench.compare import compare
from mydl.bench.implementations import choose_implementations, prepare
from mydl.bench.participant import NotMeasured, Participant
from mydl.bench.worker import measure, peak_memory_mb, read_case, warm_up

pytestmark = pytest.mark.slow  # each starts processes of its own

TINY = Case("squeezenet_tiny", 10, (16, 16, 3), 1, "train")


def test_a_process_measures_when_it_is_asked():
    with Participant("mydl", TINY, threads=1, seconds=0.0) as participant:
        participant.wait_until_ready()
        for _ in range(2):
            seconds, memory = participant.measure()
            assert 0 < seconds < 10
            assert memory is None or 20 < memory < 10_000


def test_what_it_cannot_do_is_said_by_the_process():
    with (
        Participant("onnxruntime", TINY, threads=1, seconds=0.0) as participant,
        pytest.raises(NotMeasured, match="ONNX Runtime does inference only") as caught,
    ):
        participant.wait_until_ready()
    assert not caught.value.missing


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(
    ("number", "reason"),
    [(signal.SIGTERM, "ended by SIGTERM$"), (signal.SIGKILL, "SIGKILL, .* for want of memory")],
)
def test_a_process_that_was_ended_is_no_measurement(number, reason):
    with Participant("sgemm", TINY, threads=1, seconds=0.0) as participant:
        participant.wait_until_ready()
        os.kill(participant.pid, number)
        with pytest.raises(NotMeasured, match=reason):
            measure_for_ever(participant)


def measure_for_ever(participant):
    while True:
        participant.measure()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such groups")
def test_nothing_is_left_of_a_closed_process():
    participant = Participant("sgemm", TINY, threads=1, seconds=0.0)
    participant.close()
    with pytest.raises(ProcessLookupError):
        os.killpg(participant.pid, 0)


def test_everyone_takes_part_in_every_round():
    told = []
    names = ["mydl", "numpy-course"]
    found = compare(TINY, names, threads=1, rounds=2, seconds=1e-3, tell=told.append)
    assert list(found.speeds) == names
    assert len(found.speeds["mydl"]) == len(found.sgemm) == 2
    assert all(speed > 0 for speeds in found.speeds.values() for speed in speeds)
    assert found.absent == {}
    assert str(TINY) in told[0]


def test_the_others_go_on_without_one_that_fails():
    names = ["onnxruntime", "numpy-course"]
    found = compare(TINY, names, threads=1, rounds=1, seconds=0.0, tell=lambda text: None)
    assert list(found.speeds) == ["numpy-course"]
    assert list(found.absent) == ["onnxruntime"]


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [("torch-eager", "torch", "torch"), ("onnxruntime", "onnxruntime", "onnx")],
)
def test_a_missing_library_is_said_with_the_way_to_get_it(monkeypatch, name, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    case = Case("squeezenet1_1_cifar", 10, (32, 32, 3), 1, "infer")
    with pytest.raises(ImportError, match=rf"pip install 'mydl\[{extra}\]'"):
        prepare(name, case, threads=1)


def test_a_case_arrives_as_it_was_sent():
    assert read_case(json.dumps(asdict(TINY))) == TINY


def test_names_of_implementations():
    assert choose_implementations(["numpy-course", "mydl"]) == ["mydl", "numpy-course"]
    with pytest.raises(ValueError, match="no implementation 'tourch-eager': did you mean 'torch-"):
        choose_implementations(["tourch-eager"])


def test_a_measurement_has_at_least_one_step():
    steps = []
    measure(lambda: steps.append(1), 0.0)
    assert len(steps) == 1
    measure(lambda: steps.append(1), 0.01)
    assert len(steps) > 2
    steps.clear()
    warm_up(lambda: steps.append(1))
    assert len(steps) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much was used at once")
def test_peak_memory_is_that_of_this_process():
    before = peak_memory_mb()
    block = bytearray(64 * 2**20)
    block[:] = b"1" * len(block)
    assert peak_memory_mb() >= before
    del block
