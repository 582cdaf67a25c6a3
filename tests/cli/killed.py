"""Train as ``mydl train`` does, in processes that are killed at random moments.

Run by test_killed.py: FOLDER KILLS LONGEST SEED, then the settings of the run. Each process is
forked from this one, which has loaded the package: so most of its short life is training.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import mydl.cli.conduct  # noqa: F401
from mydl.cli.main import run

folder, kills, longest, seed = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
settings = sys.argv[5:]
moments = random.Random(seed)
killed = 0
while not (Path(folder) / "result.json").exists():
    begun = (Path(folder) / "config.toml").exists()
    sys.argv[1:] = ["train", *(["--resume", folder] if begun else ["--out", folder, *settings])]
    sys.argv += ["--threads", str(1 + killed % 2)]
    process = os.fork()
    if process == 0:
        try:
            run()
        except SystemExit as end:
            os._exit(0 if end.code in (0, None) else print(end.code, file=sys.stderr) or 1)
    if killed < kills:
        time.sleep(moments.uniform(0, longest))
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if os.WIFEXITED(status):  # not killed
        if os.WEXITSTATUS(status) != 0:
            sys.exit(1)
        break
    killed += 1
print(killed)
