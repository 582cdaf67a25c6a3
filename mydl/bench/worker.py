"""A process that measures one implementation: started and asked by :mod:`mydl.bench.participant`.

    python -m mydl.bench.worker mydl CASE THREADS SECONDS

Once the step is prepared and warm, and then for each byte on standard input, it writes a line of
JSON to standard output. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from .cases import Case, Step
from .implementations import prepare

WARM_UPS = 3
LONG = 1.0  # seconds: after a step that takes so long no more are needed


def main() -> None:
    """Say what there is to measure, then run a series for each line that asks for one."""
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    name, case, threads, seconds = sys.argv[1:]
    asked = _questions()
    try:
        step = prepare(name, read_case(case), int(threads))
        warm_up(step)
        _forget_peak_memory()
        answer(ready=True)
        while True:
            asked.acquire()
            answer(seconds=measure(step, float(seconds)), peak_memory_mb=peak_memory_mb())
    except ImportError as error:
        answer(missing=str(error))
    except ValueError as error:
        answer(cannot=str(error))
    except Exception as error:
        answer(failed=f"{type(error).__name__}: {_first_line(error)}")


def read_case(text: str) -> Case:
    """The case that was written as JSON, which has lists in place of tuples."""
    values = json.loads(text)
    return Case(**{**values, "image": tuple(values["image"])})


def _questions() -> threading.Semaphore:
    """Released by each byte of standard input, whose end ends the process, even within a step."""
    asked = threading.Semaphore(0)

    def read() -> None:
        while os.read(0, 1):
            asked.release()
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return asked


def warm_up(step: Step) -> None:
    """Take steps until everything is compiled, allocated and in the caches."""
    step()  # may compile, so that its time says nothing
    for _ in range(WARM_UPS - 1):
        if seconds_of(step) > LONG:
            return


def seconds_of(step: Step) -> float:
    """How long one step takes."""
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def measure(step: Step, seconds: float) -> float:
    """The mean time of a step, over steps that take at least ``seconds`` together."""
    first = seconds_of(step)  # wakes the threads, while other processes had the machine
    if first >= seconds:
        return first
    count, began = 0, time.perf_counter()
    while count == 0 or time.perf_counter() - began < seconds:
        step()
        count += 1
    return (time.perf_counter() - began) / count


def _forget_peak_memory() -> None:
    """Let the peak be that of the steps, without what compiling them took; only Linux can."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def peak_memory_mb() -> float | None:
    """The most memory this process had at once, in 10^6 bytes, with interpreter and libraries.

    None where the system does not say (Windows).
    """
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):  # ru_maxrss may still be the starting process's
                    return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6  # bytes there, else KiB


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no reason given"


if __name__ == "__main__":
    main()
