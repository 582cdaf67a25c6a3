"""`mydl train` and `mydl eval`, called as a person calls them."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib

import pytest

QUICK = ["--epochs", "1", "--no-batch-norm", "--batch-size", "256", "--lr", "0.01"]


def mydl(*arguments, cwd, **options):
    command = [sys.executable, "-m", "mydl", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, env=environment, check=False, **options
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    return folder, mydl("train", *QUICK, "--out", "first", cwd=folder)


def test_train_shows_each_epoch_and_names_what_it_wrote(run):
    folder, done = run
    assert done.returncode == 0, done.stderr
    assert "squeezenet_tiny, 122,986 parameters, on digits: 1,437 training" in done.stdout
    assert "epoch 1/1  train loss" in done.stdout
    assert "Done after 1 of 1 epochs: test accuracy" in done.stdout
    assert "Wrote first: config.toml, confusion.png, curves.png, metrics.csv" in done.stdout
    assert len(list((folder / "first").iterdir())) == 6


def test_the_configuration_of_a_run_repeats_it(run):
    folder, first = run
    again = mydl("train", "--config", "first/config.toml", "--out", "second", cwd=folder)
    assert again.returncode == 0, again.stderr
    for name in ("config.toml", "model.npz"):
        one, other = ((folder / r / name).read_bytes() for r in ("first", "second"))
        assert one == other
    assert first.stdout.splitlines()[-2] == again.stdout.splitlines()[-2]


def test_flags_come_on_top_of_a_configuration(run):
    folder, _ = run
    done = mydl(
        "train", "--config", "first/config.toml", "--seed", "5", "--out", "third", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    settings = tomllib.loads((folder / "third" / "config.toml").read_text())
    assert (settings["seed"], settings["batch_size"]) == (5, 256)


def test_eval_agrees_with_the_end_of_the_run(run):
    folder, trained = run
    shown = mydl("eval", "first", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    told = json.loads(mydl("eval", "first/model.npz", "--json", cwd=folder).stdout)
    assert told["images"] == 360
    assert set(told["class_accuracy"]) == set("0123456789")
    assert f"test accuracy {told['accuracy']:.2%}, test loss {told['loss']:.4f}" in trained.stdout
    assert f"accuracy  {told['accuracy']:.2%}" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--data", "digit"], "'digit'"),
        (["train", "--model", "squeezenet"], "squeezenet_tiny"),
        (["train", "--lr", "-1"], "lr must be greater than 0"),
        (["train", "--threads", "0"], "threads must be at least 1, got 0"),
        (["train", "--out", "."], "is not empty: choose another folder with --out"),
        (["train", "--config", "nothing.toml"], "nothing.toml"),
        (["train", "--config", "notes.txt"], "not a TOML file"),
        (["train", "--config", "wrong.toml"], "no setting 'epoch': did you mean 'epochs'"),
        (["train", "--data", "cifar10", "--data-dir", "nowhere"], "nowhere"),
        (["eval", "nothing"], "nothing: there is no such file"),
        (["eval", "notes.txt"], "notes.txt: this is no weight file of a known kind"),
    ],
)
def test_mistakes_get_one_sentence(tmp_path, arguments, sentence):
    (tmp_path / "notes.txt").write_text("not = [toml")
    (tmp_path / "wrong.toml").write_text("epoch = 3")
    done = mydl(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.startswith("mydl: ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_debug_shows_the_traceback(tmp_path):
    done = mydl("train", "--lr", "-1", "--debug", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_unknown_options_are_refused(tmp_path):
    done = mydl("train", "--learning-rate", "1", cwd=tmp_path)
    assert done.returncode == 2
    assert "No such option" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_after_the_step_and_keeps_it(tmp_path, number):
    command = [sys.executable, "-m", "mydl", "train", "--epochs", "500", "--out", "run"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert "squeezenet_tiny" in process.stdout.readline()
        time.sleep(1)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Finishing the current step" in errors
    assert "Traceback" not in errors
    assert "Stopped after" in output
    assert (tmp_path / "run" / "model.npz").exists()
    assert mydl("eval", "run", cwd=tmp_path).returncode == 0


def test_help_and_version_load_no_compiler(tmp_path):
    assert mydl("--version", cwd=tmp_path).stdout.startswith("mydl 0.")
    script = (
        "import sys; from mydl.cli.main import run\n"
        "sys.argv = ['mydl', 'train', '--help']\n"
        "try: run()\n"
        "except SystemExit: sys.exit('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"--weight-decay" in done.stdout
