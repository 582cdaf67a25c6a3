"""Train as ``mydl train`` does, in processes that are killed at random moments.

Run by test_killed.py: FOLDER KILLS LONGEST, then the settings of the run. Each process is forked
from this one, which has loaded the package: so most of its short life is training. Where a run ends
before there were enough kills, another one is begun. The last line names the folders of the runs.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import mydl.cli.conduct  # noqa: F401
from mydl.cli.main import run


def train(folder: Path, settings: list[str], threads: int) -> int:
    """Begin a run or go on with it, in a process of its own, whose number is returned."""
    begun = (folder / "config.toml").exists()
    arguments = ["--resume", str(folder)] if begun else ["--out", str(folder), *settings]
    sys.argv[1:] = ["train", *arguments, "--threads", str(threads)]
    process = os.fork()
    if process == 0:
        try:
            run()
        except SystemExit as end:
            print(end.code, file=sys.stderr)
            os._exit(0 if end.code in (0, None) else 1)
        os._exit(0)
    return process


def main(name: str, kills: int, longest: float, settings: list[str]) -> None:
    moments = random.Random(0)
    folders = [Path(f"{name}-1")]
    killed = 0
    while True:
        process = train(folders[-1], settings, threads=1 + killed % 2)
        if killed < kills:
            time.sleep(moments.uniform(0, longest))
            os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        elif os.WEXITSTATUS(status) != 0:
            sys.exit(1)
        elif killed == kills:
            break
        else:
            folders.append(Path(f"{name}-{len(folders) + 1}"))
    print(killed, *folders)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
