"""Start-up is measured in processes of its own."""

import os

import pytest

from mydl.bench import startup
from mydl.bench.participant import worker_environment


def test_a_longer_start_takes_longer():
    environment = dict(os.environ)
    at_once = startup.seconds_to_run("pass", environment)
    later = startup.seconds_to_run("import time; time.sleep(0.5)", environment)
    assert later >= 0.5
    assert at_once > 0


def test_a_process_that_fails_says_why():
    with pytest.raises(startup.StartFailed, match="ValueError: no"):
        startup.seconds_to_run("raise ValueError('no')", dict(os.environ))


def test_its_parts(monkeypatch):
    """Each part is measured in the right way: how long it takes is not looked at."""
    runs = []

    def run(script, environment):
        runs.append((script, environment.get("NUMBA_CACHE_DIR")))
        return float(len(runs))

    monkeypatch.setattr(startup, "seconds_to_run", run)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    told = []
    found = startup.startup(2, told.append)
    assert found["python"] == 3  # the median of 1 to 5
    assert found["import_mydl"] == 8 - 3
    assert found["first_step_cold"] == 11
    assert found["first_step_warm"] == 14
    assert [cache is None for _, cache in runs] == [True] * 10 + [False] * 6
    assert len({cache for _, cache in runs[10:]}) == 1, "one cold run, then warm ones"
    assert not os.path.exists(runs[-1][1])
    assert len(told) == 3
    assert "Start-up: import mydl takes 5000 ms beyond" in startup.describe(found)


def test_every_library_is_told_its_threads():
    assert worker_environment(3)["OPENBLAS_NUM_THREADS"] == "3"


def test_the_first_step_is_real_code():
    compile(startup.FIRST_STEP.format(threads=2), "first step", "exec")
