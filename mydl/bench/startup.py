"""How long one waits: for ``import mydl``, and for the first training step of a new process."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping

from .cases import CASES
from .participant import FOLDER, worker_environment

REPEATS = 5

CASE = CASES[0]  # the first step is that of squeezenet1_1_cifar at batch 32
FIRST_STEP = """
from mydl.bench import cases, engine
engine.step(cases.CASES[0], {threads})()
"""


class StartFailed(Exception):
    """A new process ended early; the message has its last words."""


def startup(threads: int, tell: Callable[[str], None]) -> dict[str, float]:
    """Measure the start of fresh processes, in seconds.

    Returns
    -------
    dict[str, float]
        - ``python``: the bare interpreter
        - ``import_mydl``: what ``import mydl`` adds to that
        - ``first_step_cold``: from the start of the process to the end of its first training step,
          with every kernel to compile
        - ``first_step_warm``: the same once their machine code is kept on disk

        All but the third are medians of five.

    Raises
    ------
    StartFailed
        One of the processes did not come to the end.
    """
    environment = worker_environment(threads)
    tell("start-up: importing")
    python = _median("pass", environment)
    with_mydl = _median("import mydl", environment)
    script = FIRST_STEP.format(threads=threads)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        environment["NUMBA_CACHE_DIR"] = cache
        tell("start-up: the first training step, compiling every kernel")
        cold = seconds_to_run(script, environment)
        tell("start-up: the first training step, with compiled kernels")
        warm = _median(script, environment)
    return {
        "python": round(python, 3),
        "import_mydl": round(with_mydl - python, 3),
        "first_step_cold": round(cold, 2),
        "first_step_warm": round(warm, 2),
    }


def describe(seconds: Mapping[str, float]) -> str:
    """The same as text."""
    return (
        f"Start-up: import mydl takes {1000 * seconds['import_mydl']:.0f} ms beyond the "
        f"{1000 * seconds['python']:.0f} ms of Python itself.\n"
        f"A new process has taken its first training step ({CASE.model}, batch {CASE.batch}) after "
        f"{seconds['first_step_warm']:.2f} s,\n"
        f"and the very first on a machine after {seconds['first_step_cold']:.0f} s, since it "
        "compiles the kernels."
    )


def _median(script: str, environment: Mapping[str, str]) -> float:
    return statistics.median(seconds_to_run(script, environment) for _ in range(REPEATS))


def seconds_to_run(script: str, environment: Mapping[str, str]) -> float:
    """From the start of a process to the last line of a script, without the process's end."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", f"{script}\nprint('done', flush=True)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(environment),
        cwd=FOLDER,
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            seconds = time.perf_counter() - began
            _, messages = process.communicate()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        lines = messages.strip().splitlines() or [f"status {process.returncode}"]
        raise StartFailed(f"a new process ended with {lines[-1]}")
    return seconds
