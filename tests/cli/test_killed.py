"""A run that is killed again and again ends with the same bits as one that is not."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("killed.py")
# Everything that draws at random, or has a memory.
SETTINGS = [
    "--batch-size", "64", "--ema", "0.9", "--cutout", "2", "--mixup", "0.3", "--dropout", "0.2",
    "--patience", "50", "--optimizer", "adam", "--lr", "0.001",
]  # fmt: skip

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has neither fork nor SIGKILL")


def train(cwd, name, kills, longest, *settings):
    """Train with this many kills; returns the folders of the runs that it took."""
    command = [sys.executable, str(SCRIPT), name, str(kills), str(longest)]
    done = subprocess.run(
        [*command, *SETTINGS, *settings], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    killed, *folders = done.stdout.splitlines()[-1].split()
    assert int(killed) == kills
    return [cwd / folder for folder in folders]


def check_same(one, other):
    """Two runs have the same weights and the same rows, apart from times."""
    for name in ("model.npz", f"checkpoints/{max(os.listdir(one / 'checkpoints'))}"):
        with np.load(one / name) as a, np.load(other / name) as b:
            assert a.keys() == b.keys()
            for key in a.keys() - {"__mydl__"}:
                np.testing.assert_array_equal(a[key], b[key])
    rows = []
    for folder in (one, other):
        with (folder / "metrics.csv").open() as file:
            rows.append(list(csv.DictReader(file)))
        for row in rows[-1]:
            del row["seconds"], row["images_per_second"]
    assert rows[0] == rows[1]


def leftovers(folder):
    return [path for path in folder.rglob(".*") if path.name != ".lock"]


@pytest.mark.slow
@pytest.mark.parametrize(("kills", "epochs"), [(3, 2), (50, 8)])
def test_a_run_that_is_killed_and_resumed_ends_with_the_same_bits(tmp_path, kills, epochs):
    settings = ["--epochs", str(epochs)]
    (calm,) = train(tmp_path, "calm", 0, 0, *settings)
    often = ["--checkpoint-minutes", "0.002"]
    for killed in train(tmp_path, "killed", kills, 2.0, *settings, *often):
        check_same(calm, killed)
        assert not leftovers(killed)
