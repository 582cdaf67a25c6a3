"""Two processes do not write into one folder."""

import os
import signal
import subprocess
import sys

import pytest

from mydl.training.lock import Lock

HOLD = """
import sys, time
from pathlib import Path
from mydl.training.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_folder_has_one_owner(tmp_path):
    lock = Lock(tmp_path)
    with pytest.raises(ValueError, match=f"another process, number {os.getpid()}, is training"):
        Lock(tmp_path)
    lock.release()
    lock.release()
    Lock(tmp_path).release()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_the_lock_of_a_killed_process_is_gone_with_it(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match=f"number {process.pid}, is training here"):
            Lock(tmp_path)
        process.send_signal(signal.SIGKILL)
    assert (tmp_path / ".lock").exists()
    Lock(tmp_path).release()


def test_a_place_that_cannot_be_written_has_no_lock(tmp_path):
    with pytest.raises(FileNotFoundError):
        Lock(tmp_path / "missing")
