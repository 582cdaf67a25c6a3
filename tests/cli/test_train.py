"""`mydl train` and `mydl eval`, called as a person calls them."""

import inspect
import json
import os
import subprocess
import sys
import tomllib

import pytest

from mydl.cli.train import RUN_OPTIONS, make_config, train
from mydl.training.config import TrainingConfig
from mydl.training.recipes import recipe

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
    assert "squeezenet_tiny, 122,986 parameters, on " in done.stdout
    assert "digits: 1,295 training, 142 validation and 360 test images" in done.stdout
    assert "epoch 1/1 loss " in done.stdout
    assert "Done after 1 of 1 epochs: test accuracy" in done.stdout
    assert "Wrote first: checkpoints, config.toml, confusion.png, curves.png" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    names = {path.name for path in (folder / "first").iterdir()}
    assert names >= {"model.npz", "metrics.csv", "report.html", "result.json", "mistakes.png"}


@pytest.mark.slow
def test_the_configuration_of_a_run_repeats_it(run):
    folder, first = run
    again = mydl("train", "--config", "first/config.toml", "--out", "second", cwd=folder)
    assert again.returncode == 0, again.stderr
    for name in ("config.toml", "model.npz"):
        one, other = ((folder / r / name).read_bytes() for r in ("first", "second"))
        assert one == other
    ends = [
        run.stdout[run.stdout.index("Done") : run.stdout.index("Wrote")] for run in (first, again)
    ]
    assert ends[0] == ends[1]


@pytest.mark.slow
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


@pytest.mark.slow
def test_eval_can_look_at_mirror_images_too(run):
    folder, _ = run
    results = [
        json.loads(mydl("eval", "first", "--json", *flags, cwd=folder).stdout)
        for flags in ((), ("--mirror",), ("--no-mirror",))
    ]
    assert [result["mirror"] for result in results] == [False, True, False]
    assert results[0]["images"] == results[1]["images"] == 360
    assert results[0]["loss"] == results[2]["loss"]
    assert results[0]["loss"] != results[1]["loss"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--data", "digit"], "'digit'"),
        (["train", "--model", "squeezenet"], "squeezenet_tiny"),
        (["train", "--lr", "-1"], "lr must be greater than 0"),
        (["train", "--threads", "0"], "threads must be at least 1, got 0"),
        (["train", "--out", "."], "is not empty: choose another folder with --out"),
        (["train", "--config", "nothing.toml"], "nothing.toml: there is no such file"),
        (["train", "--config", "notes.txt"], "not a TOML file"),
        (["train", "--config", "wrong.toml"], "no setting 'epoch': did you mean 'epochs'"),
        (["train", "--config", "threads.toml"], "threads must be a whole number, got 'all'"),
        (["train", "--config", "thread.toml"], "did you mean 'threads'?"),
        (["train", "--config", "dash.toml"], "did you mean 'batch_size'?"),
        (["train", "--preset", "cifar-best"], "did you mean 'cifar10-best'?"),
        (["train", "--preset", "cifar10-best", "--data", "digits"], "is for cifar10"),
        (["train", "--keep", "0"], "keep must be at least 1"),
        (["train", "--validation", "0.9"], "validation must be from 0 to 0.5"),
        (["train", "--validation", "0", "--patience", "3"], "patience needs validation images"),
        (["train", "--ema", "1"], "ema must be from 0 up to, not including, 1"),
        (["train", "--checkpoint-minutes", "0"], "checkpoint_minutes must be greater than 0"),
        (["train", "--data", "cifar10", "--data-dir", "nowhere"], "nowhere"),
        (["eval", "nothing"], "nothing: there is no such file"),
        (["eval", "--pretrained", "--mirror"], "--mirror is for runs of mydl"),
        (["eval", "notes.txt"], "notes.txt: this is no weight file of a known kind"),
    ],
)
def test_mistakes_get_one_sentence(tmp_path, arguments, sentence):
    (tmp_path / "notes.txt").write_text("not = [toml")
    (tmp_path / "wrong.toml").write_text("epoch = 3")
    (tmp_path / "threads.toml").write_text('threads = "all"')
    (tmp_path / "thread.toml").write_text("thread = 2")
    (tmp_path / "dash.toml").write_text("batch-size = 2")
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


def test_every_option_can_stand_in_a_file(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'data = "digits"\nepochs = 1\nbatch_size = 256\nvalidation = 0\n'
        'keep = 1\nthreads = 1\nout = "there"\ndownload = false\ntensorboard = false\n'
    )
    done = mydl("train", "--config", "mine.toml", "--batch-size", "512", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "parameters, on 1 thread\n" in done.stdout
    assert "1,437 training and 360 test images" in done.stdout
    settings = tomllib.loads((tmp_path / "there" / "config.toml").read_text())
    assert settings.keys() == TrainingConfig().to_dict().keys()
    assert (settings["batch_size"], settings["keep"]) == (512, 1)
    assert len(list((tmp_path / "there" / "checkpoints").iterdir())) == 1


def given(settings=None, **flags):
    """The configuration of a file's settings with flags on top."""
    return make_config(dict(settings or {}), dict(flags))


def test_a_preset_is_a_recipe_whose_settings_can_be_changed():
    config = given(preset="cifar10-best", epochs=3)
    assert config.epochs == 3
    assert config.to_dict() == {
        **TrainingConfig().to_dict(), **recipe({"preset": "cifar10-best"}), "preset": config.preset,
        "epochs": 3,
    }  # fmt: skip
    assert given({"preset": "cifar10-best", "epochs": 3}) == config
    assert given(config.to_dict()) == config


def test_a_preset_on_the_command_line_comes_before_a_file():
    mine = given({"epochs": 2, "lr": 0.5}).to_dict()
    config = given(mine, preset="cifar10-best", momentum=0.8)
    best = given(preset="cifar10-best")
    assert (config.epochs, config.ema, config.momentum) == (best.epochs, best.ema, 0.8)


def test_each_setting_has_a_flag():
    flags = set(inspect.signature(train).parameters) - {"context", "config", "resume"}
    assert flags == set(TrainingConfig().to_dict()) | set(RUN_OPTIONS)


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
