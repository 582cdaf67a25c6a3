"""A measuring process, from the side of the one that asks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .cases import Case

# Every library is told the same number; those that do not listen are told by their own calls.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)

# Where this package lies. Processes are started there, so that no file of the user's own folder is
# taken for a module.
FOLDER = Path(__file__).parents[2]


class NotMeasured(Exception):
    """An implementation cannot take part; the message says why, in one sentence.

    Attributes
    ----------
    missing
        Whether it is for want of a library, and so in every case.
    """

    def __init__(self, reason: str, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


class Participant:
    """One implementation at one case, in a process of its own.

    Parameters
    ----------
    name
        Of the implementation.
    case
        What it prepares.
    threads
        How many it may use.
    seconds
        Of steps in one measurement, at least.
    """

    def __init__(self, name: str, case: Case, threads: int, seconds: float) -> None:
        self.name = name
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - close() does
        settings = [json.dumps(asdict(case)), str(threads), str(seconds)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mydl.bench.worker", name, *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            text=True,
            env=worker_environment(threads),
            cwd=FOLDER,
            process_group=0,  # Ctrl-C reaches only the parent, which ends the whole group
        )

    @property
    def pid(self) -> int:
        """The number of the process, and of the group of those it starts."""
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Return when the step is warm.

        Raises
        ------
        NotMeasured
            It cannot be prepared.
        """
        self._read()

    def measure(self) -> tuple[float, float | None]:
        """Seconds of a step, and the peak memory so far in 10^6 bytes.

        Raises
        ------
        NotMeasured
            The process has failed.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # what it said before it ended is read below
            print("?", end="", file=self._process.stdin, flush=True)
        values = self._read()
        return values["seconds"], values["peak_memory_mb"]

    def close(self) -> None:
        """End the process and those it has started, such as compilers."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._messages):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def __enter__(self) -> Participant:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NotMeasured(self._ending())
        values: dict[str, Any] = json.loads(line)
        for kind in ("missing", "cannot", "failed"):
            if kind in values:
                raise NotMeasured(values[kind], missing=kind == "missing")
        return values

    def _ending(self) -> str:
        """Why a process ended that did not say so itself."""
        status = self._process.wait()
        if status < 0:
            name = signal.Signals(-status).name
            hint = ", probably by the system for want of memory" if name == "SIGKILL" else ""
            return f"its process was ended by {name}{hint}"
        self._messages.seek(0)
        lines = self._messages.read().decode(errors="replace").strip().splitlines()
        return f"its process ended: {lines[-1] if lines else f'status {status}'}"


def worker_environment(threads: int) -> dict[str, str]:
    """The environment with every library's number of threads set."""
    return {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
