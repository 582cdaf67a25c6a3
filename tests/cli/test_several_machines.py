"""`mpiexec -n 2 mydl train`: the same result as one process, and nobody left waiting."""

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

MPIEXEC = shutil.which("mpiexec", path=Path(sys.executable).parent) or shutil.which("mpiexec")
pytestmark = pytest.mark.skipif(
    MPIEXEC is None or importlib.util.find_spec("mpi4py") is None,
    reason="needs mpi4py and mpiexec",
)
ENVIRONMENT = {
    **os.environ,
    "MPLBACKEND": "agg",
    # Open MPI refuses more processes than cores, and to be run by root as in a container.
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}

# Something happens to the second process when it begins its sixth step.
TROUBLE = """
import os, signal
from mydl.training.trainer import Trainer

def take_step(self, *args, then=Trainer.take_step):
    if self._ranks.rank == 1 and self.optimizer.steps == 5:
        {}
    return then(self, *args)

Trainer.take_step = take_step
from mydl.cli.main import run
run()
"""


def train(*arguments, ranks=2, program=("-m", "mydl")):
    command = [sys.executable, *program, "train", "--threads", "1", *map(str, arguments)]
    if ranks > 1:
        command = [MPIEXEC, "-n", str(ranks), *command]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)


def trouble(action, *arguments):
    return train(*arguments, program=("-c", TROUBLE.format(action)))


def weights(folder):
    with np.load(folder / "model.npz") as file:
        return {name: file[name] for name in file.files if file[name].dtype == np.float32}


def rows(folder):
    with (folder / "metrics.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_one_step_is_that_of_one_process_but_for_rounding(tmp_path):
    settings = ("--epochs", 1, "--batch-size", 2000, "--schedule", "constant", "--no-augment")
    for ranks in (1, 2):
        done = train(*settings, "--out", tmp_path / str(ranks), ranks=ranks)
        assert done.returncode == 0, done.stderr
    assert "2 processes of 1 thread" in done.stdout
    one, two = weights(tmp_path / "1"), weights(tmp_path / "2")
    assert one.keys() == two.keys()
    assert len(one) > 50
    for name, array in one.items():
        np.testing.assert_allclose(two[name], array, rtol=1e-4, atol=1e-6, err_msg=name)
    first, second = rows(tmp_path / "1")[0], rows(tmp_path / "2")[0]
    for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"):
        assert second[name] == pytest.approx(first[name], rel=1e-4)


def test_the_first_process_talks_and_writes_alone(tmp_path):
    done = train("--epochs", 1, "--batch-size", 2000, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Done after 1 of 1 epochs") == 1
    assert done.stdout.count("on 2 processes") == done.stdout.count("Wrote ") == 1
    again = train("--resume", tmp_path / "run")
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("there is nothing left to do") == 1


def test_all_stop_after_the_same_step_and_go_on_to_the_same_bits(tmp_path):
    settings = ("--epochs", 1, "--batch-size", 128)
    stopped = trouble(
        "os.kill(os.getpid(), signal.SIGTERM)", *settings, "--out", tmp_path / "stopped"
    )
    assert stopped.returncode == 130, stopped.stderr
    assert "Stopped in epoch 1 of 1, after step 6 of 11" in stopped.stdout
    resumed = train("--resume", tmp_path / "stopped")
    assert resumed.returncode == 0, resumed.stderr
    assert train(*settings, "--out", tmp_path / "whole").returncode == 0
    whole = weights(tmp_path / "whole")
    for name, array in weights(tmp_path / "stopped").items():
        np.testing.assert_array_equal(array, whole[name], err_msg=name)


def test_a_process_that_fails_ends_the_others_and_says_where(tmp_path):
    failed = trouble('raise OSError("its disk has gone")', "--out", tmp_path / "run")
    assert failed.returncode not in (0, 130)
    assert "rank 1 of 2, on " in failed.stderr
    assert "mydl: its disk has gone" in failed.stderr


def test_a_process_that_is_killed_ends_the_others(tmp_path):
    killed = trouble("os.kill(os.getpid(), signal.SIGKILL)", "--out", tmp_path / "run")
    assert killed.returncode not in (0, 130)
    assert "2 processes" in killed.stdout
    assert "Done" not in killed.stdout


def test_an_mpiexec_of_another_library_is_found_out(tmp_path):
    """Its processes see no others, and would all write into the same folder."""
    command = [sys.executable, "-m", "mydl", "train", "--out", str(tmp_path / "run")]
    environment = {**ENVIRONMENT, "MV2_COMM_WORLD_SIZE": "2"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert "mpiexec started 2 processes, but mpi4py sees 1" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--lr", -1), "lr must be greater than 0 and finite, got -1.0"),
        (("--batch-size", 16), "in shards of 16 has work for 1 of 2 processes"),
        (("--data", "cifar10", "--data-dir", "no such place"), "is not in no such place"),
    ],
)
def test_what_is_wrong_everywhere_is_told_once(tmp_path, arguments, message):
    failed = train(*arguments, "--out", tmp_path / "run")
    assert failed.returncode not in (0, 130)
    assert failed.stderr.count(message) == 1
    assert "rank 1" not in failed.stderr
