"""The process that runs a student's code, ``python -m mydl.learn.worker``; ``runner.py`` starts it.

It reports into a file, one line of JSON for each thing that happened, so that what was found is not
lost when the student's code takes the process down. What the code prints goes where it always goes.
The lines are signed with a key that comes through standard input, so that no line of the student's
code counts.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from pathlib import Path
from typing import IO, Any

from .course import exercise_in
from .grading import grade
from .guard import TAMPERED, Tampered
from .runner import PATIENCE
from .seal import Seal

MEBIBYTE = 2**20


def main(folder: str, file: str, report: str, trace: str, seconds: str, megabytes: str) -> None:
    """Check a file and leave.

    Parameters
    ----------
    folder
        The exercise.
    file
        The student's.
    report
        The file to report into.
    trace
        The file that gets the stack, if time runs out or the interpreter crashes.
    seconds
        For everything.
    megabytes
        That may be asked for.
    """
    sys.argv[:] = [file]
    seal = Seal(sys.stdin.read())
    with open(trace, "w") as stack, open(report, "w", encoding="utf-8") as lines:
        own = os.getpid()

        def tell(**what: Any) -> None:
            if os.getpid() != own:  # the student's code forked
                os._exit(0)
            lines.write(seal.sign(json.dumps(what)) + "\n")
            lines.flush()

        exercise = exercise_in(Path(folder))
        try:
            checks = exercise.load_checks()
        except Exception as error:
            tell(broken=f"{type(error).__name__}: {error}")
            return
        tell(checks=[(check.title, check.points) for check in checks])
        limit_memory(int(megabytes))
        faulthandler.enable(stack)
        limit_time(float(seconds), stack)
        leave = os._exit
        try:
            for result in grade(exercise, Path(file), checks, lambda index: tell(start=index)):
                tell(result=result.to_dict())
        except Tampered as error:  # the status says it all: what reports might be replaced, too
            os.write(stack.fileno(), str(error).encode())
            leave(TAMPERED)
        except (KeyboardInterrupt, OSError):  # raised by the code itself; files that it closed
            leave(1)
        tell(end=True)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # threads that are still running do not hold it up


def limit_time(seconds: float, stack: IO[str]) -> None:
    """End this process, and write the stack, after so many seconds of work.

    On a machine that does other things as well they may last longer: up to ``PATIENCE`` times as
    long, which is also the limit for code that waits. Neither needs the interpreter's lock, so that
    loops in compiled code end as well.
    """
    faulthandler.dump_traceback_later(PATIENCE * seconds, exit=True, file=stack)
    if sys.platform != "win32":
        faulthandler.register(signal.SIGPROF, file=stack, chain=True)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def limit_memory(megabytes: int) -> None:
    """Let this process ask for so much more memory, on Linux, and leave no core file."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    most = pages * resource.getpagesize() + megabytes * MEBIBYTE
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
