"""Check a student's file in a process of its own, within limits of time, memory and output.

Whatever the student's code does there becomes a part of the result, in a plain sentence.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .course import Exercise
from .guard import TAMPERED
from .result import CheckResult, Result
from .seal import Seal
from .student import where

MEGABYTES = 2048
START_SECONDS = 30.0  # for starting Python and importing NumPy on a machine that is busy
PATIENCE = 3  # times the seconds of work that code may take on the clock
POLL_SECONDS = 0.02
OUT_OF_TIME = signal.SIGPROF if sys.platform != "win32" else 0
MOST_OUTPUT = 1_000_000  # characters; more of them is a flood
KEPT_OUTPUT = 10_000
# One thread is fast enough for small arrays, and nothing opens a window.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
}


def run(
    exercise: Exercise,
    file: Path,
    *,
    seconds: float | None = None,
    megabytes: int = MEGABYTES,
    stop: threading.Event | None = None,
) -> Result:
    """Check a student's file; may be called from several threads at once.

    Parameters
    ----------
    exercise
        Whose checks are run.
    file
        The student's. It may import the other files of its folder.
    seconds
        Of work for all checks; None for what the exercise asks for. On the clock it may be three
        times as long, if the machine does other things as well.
    megabytes
        Of memory that the code may ask for beyond what Python and NumPy take.
    stop
        When it is set, the process is ended and KeyboardInterrupt raised.

    Returns
    -------
    Result
        A result for each check. Whatever ends the process early is the result of the check that
        was running; those that come after it are ``not-run``.

    Raises
    ------
    ValueError
        If the exercise itself is broken.
    """
    seconds = exercise.seconds if seconds is None else seconds
    file = file.resolve()
    started, key = time.monotonic(), secrets.token_hex()
    with tempfile.TemporaryDirectory(prefix="mydl-learn-") as temporary:
        report, trace = Path(temporary, "report"), Path(temporary, "trace")
        limits = [str(report), str(trace), str(seconds), str(megabytes)]
        arguments = [str(exercise.folder.resolve()), str(file), *limits]
        with _process(arguments, key, file.parent) as (process, output):
            deadline = started + PATIENCE * seconds + START_SECONDS
            while process.poll() is None and not output.flood and time.monotonic() < deadline:
                if stop is not None and stop.is_set():
                    raise KeyboardInterrupt
                time.sleep(POLL_SECONDS)
            code = process.poll()
            if code is None:
                _ask_where(process)
        took = time.monotonic() - started
        record = _Record.read(report, Seal(key))
        if record.broken:
            raise ValueError(f"{exercise.folder / 'checks.py'} does not run: {record.broken}")
        if not record.checks:
            raise ValueError(
                f"the checks of {exercise.name} did not start: {output.text().strip()}"
            )
        if not record.ended:
            stack = trace.read_text(errors="replace") if trace.exists() else ""
            record.add_end(*_why(code, output, seconds, stack, file))
    return Result(exercise.name, str(file), tuple(record.results), output.text(), took)


@contextlib.contextmanager
def _process(
    arguments: list[str], key: str, folder: Path
) -> Iterator[tuple[subprocess.Popen[bytes], _Output]]:
    """The worker, and what it prints; ended, with all that it started, when the block is left."""
    process = subprocess.Popen(
        # -P: no file of the student's takes the place of a module that is imported first.
        # -u: what the code printed is not lost when it ends in a loop.
        [sys.executable, "-P", "-B", "-u", "-X", "utf8", "-m", "mydl.learn.worker", *arguments],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT},
        stdin=subprocess.PIPE,  # for the key, and then at its end
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the other
    )
    assert process.stdin is not None
    assert process.stdout is not None
    output = _Output(process.stdout)
    try:
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(key.encode())
        yield process, output
    finally:
        _end(process)
        output.finish()


def _ask_where(process: subprocess.Popen[bytes]) -> None:
    """Let the process write where it is, which it does before it aborts."""
    if sys.platform != "win32":
        process.send_signal(signal.SIGABRT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and those it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


class _Output:
    """What a process prints: the beginning is kept, and too much is noticed."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = bytearray()
        self._size = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def flood(self) -> bool:
        return self._size > MOST_OUTPUT

    def _read(self) -> None:
        while not self.flood and (some := os.read(self._pipe.fileno(), 2**16)):
            self._size += len(some)
            self._kept += some[: KEPT_OUTPUT - len(self._kept)]

    def finish(self) -> None:
        """Wait for what is still on its way, but not for processes that got away."""
        self._thread.join(timeout=1)
        if not self._thread.is_alive():
            self._pipe.close()

    def text(self) -> str:
        """What was kept, and how much was not."""
        text = self._kept.decode("utf-8", "replace").replace("\r\n", "\n")
        if self._size > len(self._kept):
            text = text.rstrip() + "\n... (cut off here)\n"
        return text


@dataclass
class _Record:
    """What the worker reported before it ended."""

    checks: list[tuple[str, float]] = field(default_factory=list)
    results: list[CheckResult] = field(default_factory=list)
    broken: str = ""
    ended: bool = False

    @classmethod
    def read(cls, report: Path, seal: Seal) -> _Record:
        record = cls()
        lines = report.read_text("utf-8", "replace").splitlines() if report.exists() else []
        for line in lines:
            text = seal.open(line)
            if text is None:  # cut off in the middle, or not the worker's
                break
            what: dict[str, Any] = json.loads(text)
            if "checks" in what:
                record.checks = [(title, points) for title, points in what["checks"]]
            elif "result" in what:
                record.results.append(CheckResult(**what["result"]))
            record.broken = what.get("broken", record.broken)
            record.ended = what.get("end", record.ended)
        return record

    def add_end(self, kind: str, sentence: str, line: int | None) -> None:
        """Results for the checks that have none."""
        missing = self.checks[len(self.results) :]
        for title, points in missing[:1]:
            self.results.append(CheckResult(title, points, kind, sentence, "", line))
        for title, points in missing[1:]:
            self.results.append(CheckResult(title, points, "not-run", "not run after that"))


def _why(
    code: int | None, output: _Output, seconds: float, stack: str, file: Path
) -> tuple[str, str, int | None]:
    """Why the process did not come to its end: a kind, a sentence and a line of the student's."""
    line = _line(stack, file)
    place = where(file, line) if line else file.name
    if output.flood:
        return (
            "output",
            f"{place} prints more than {MOST_OUTPUT:,} characters: take the print out of the "
            "loop, or end the loop",
            line,
        )
    if code is None or stack.startswith("Timeout") or code == -OUT_OF_TIME:
        return (
            "timeout",
            f"{place} was still running after {seconds:g} seconds: look for a loop that does not "
            "end, or for one that does far too much",
            line,
        )
    if code == TAMPERED:
        return "tampered", stack or f"{file.name} replaces functions that the checks need", None
    if code >= 0:
        return (
            "crash",
            f"{file.name} ended the whole process, with exit status {code}: take os._exit, or what "
            "else does so, out and return a result",
            line,
        )
    if -code == signal.SIGKILL:
        return (
            "memory",
            f"{file.name} was ended by the system, as happens when memory runs out: look for an "
            "array that is far too large",
            line,
        )
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return (
        "crash",
        f"{place} crashed the Python interpreter with {name}: look for a call without end, or for "
        "compiled code that is given what it does not expect",
        line,
    )


def _line(stack: str, file: Path) -> int | None:
    """The innermost line of a file on a stack that Python's faulthandler has written."""
    main = stack.rpartition("(most recent call first)")[2]
    name = str(file).encode("ascii", "backslashreplace").decode()
    found = re.search(rf'File "{re.escape(name)}", line (\d+)', main)
    return int(found[1]) if found else None
