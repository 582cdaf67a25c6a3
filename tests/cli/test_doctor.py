"""`mydl doctor` and `mydl lr-find`, called as a person calls them."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from mydl.cli.options import Run, takes_run


def mydl(*arguments, cwd):
    command = [sys.executable, "-m", "mydl", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, env=environment, check=False
    )


@pytest.fixture
def flat_images(tmp_path):
    """A folder of photographs of a single colour each, so that the ladder ends early."""
    image_module = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(6):
            pixels = np.full((40, 40, 3), rng.integers(0, 255, 3), np.uint8)
            image_module.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_the_doctor_says_what_fails_and_exits_with_1(flat_images):
    flags = ["--data", "imagefolder", "--data-dir", ".", "--image-size", "32"]
    flags += ["--model", "squeezenet_tiny"]
    done = mydl("doctor", *flags, cwd=flat_images)
    assert done.returncode == 1, done.stderr
    assert "pass  classes" in done.stdout
    assert "FAIL  images" in done.stdout
    assert "are of a single colour" in done.stdout
    assert "Read the images again: they are empty." in done.stdout
    assert "Traceback" not in done.stderr
    told = json.loads(mydl("doctor", *flags, "--json", cwd=flat_images).stdout)
    assert told["healthy"] is False
    assert [rung["passed"] for rung in told["rungs"]] == [True, False]
    assert told["unchanged"] is None


def test_lr_find_draws_and_suggests(tmp_path):
    (tmp_path / "run.toml").write_text('optimizer = "adam"\nthreads = 1\n')
    flags = ["--config", "run.toml", "--batch-size", "16", "--steps", "40", "--out", "sweep.png"]
    done = mydl("lr-find", *flags, "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert done.returncode == (told["suggestion"] is None)
    assert told["rates"][0] == pytest.approx(1e-5)
    assert told["picture"] == "sweep.png"
    assert (tmp_path / "sweep.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["doctor", "--data", "digit"], "'digit'"),
        (["doctor", "--lr", "-1"], "lr must be greater than 0"),
        (["doctor", "--preset", "best"], "'best'"),
        (["doctor", "--config", "nothing.toml"], "nothing.toml: there is no such file"),
        (["lr-find", "--out", "sweep.doc"], "--out must end in one of"),
        (["lr-find", "--steps", "3"], "a sweep needs at least 20 steps"),
        (["lr-find", "--lowest", "2", "--highest", "1"], "the rates must rise"),
    ],
)
def test_mistakes_get_one_sentence(tmp_path, arguments, sentence):
    done = mydl(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("mydl: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_gets_the_run_that_the_flags_describe():
    seen = {}

    def command(run: Run, own: int = 3) -> None:
        """Do it."""
        seen.update(run=run, own=own)

    call = takes_run(command)
    given = dict.fromkeys(call.__annotations__)
    call(**{**given, "own": 5, "lr": 0.25, "data": "cifar10", "freeze": [], "threads": 2})
    run = seen["run"]
    assert seen["own"] == 5
    assert (run.config.lr, run.config.batch_size, run.threads, run.download) == (
        0.25,
        128,
        2,
        False,
    )
    assert call.__doc__ == "Do it."
