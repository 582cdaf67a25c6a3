"""`mydl train --resume`: runs that were stopped, cut off or cannot be written."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

SETTINGS = ["--epochs", "2", "--batch-size", "64", "--no-batch-norm", "--lr", "0.01"]
COMMAND = [sys.executable, "-m", "mydl", "train"]

pytestmark = [
    pytest.mark.slow,  # each starts processes of its own
    pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals"),
]


def train(cwd, *arguments, **options):
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
        env=environment, check=False, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """A run that nothing happened to."""
    folder = tmp_path_factory.mktemp("calm")
    done = train(folder, *SETTINGS, "--out", "run")
    assert done.returncode == 0, done.stderr
    return folder / "run"


@pytest.fixture
def interrupted(calm, tmp_path):
    """The same run as it was after its first epoch."""
    shutil.copytree(calm, tmp_path / "run")
    for path in (tmp_path / "run").iterdir():
        if path.name not in ("config.toml", "checkpoints", "metrics.csv"):
            path.unlink()
    checkpoints = sorted((tmp_path / "run" / "checkpoints").iterdir())
    assert len(checkpoints) == 3
    checkpoints[-1].unlink()
    return tmp_path / "run"


def same_weights(one, other):
    with np.load(one / "model.npz") as a, np.load(other / "model.npz") as b:
        assert a.keys() == b.keys()
        return all(np.array_equal(a[key], b[key]) for key in a)


def begin(cwd, *settings, **options):
    """A process that is training, in its first epoch."""
    process = subprocess.Popen(
        [*COMMAND, *settings, "--out", "run"], cwd=cwd, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip
    while "first loss" not in (line := process.stdout.readline()):
        assert line, process.stderr.read()
    return process


def end(process):
    output, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors, errors
    return output, errors


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_signal_within_an_epoch_saves_and_says_how_to_go_on(calm, tmp_path, number):
    with begin(tmp_path, *SETTINGS) as process:
        process.send_signal(number)
        output, errors = end(process)
    assert process.returncode == 130
    if number != signal.SIGHUP:
        assert "Finishing the current step; once more to stop at once." in errors
    assert "Stopped in epoch 1 of 2, after step " in output
    assert "all is saved. Go on with\n  mydl train --resume run\n" in output
    assert (tmp_path / "run" / "model.npz").exists()
    assert not (tmp_path / "run" / "result.json").exists()  # the test images were not looked at

    done = train(tmp_path, "--resume", "run", "--threads", "1")
    assert done.returncode == 0, done.stderr
    assert "Going on from run/checkpoints/step-000000" in done.stdout
    assert ", in epoch 1 of 2, after step " in done.stdout
    assert "Done after 2 of 2 epochs: test accuracy" in done.stdout
    assert same_weights(calm, tmp_path / "run")


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    with begin(tmp_path, "--epochs", "50") as process:
        process.send_signal(signal.SIGINT)
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        _, errors = end(process)
    assert process.returncode in (130, -signal.SIGINT)
    assert "Finishing the current step" in errors
    assert (tmp_path / "run" / "checkpoints" / "step-00000000.npz").exists()


def test_a_closed_terminal_stops_the_run_and_loses_nothing(tmp_path):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--epochs", "50", "--out", "run"], cwd=tmp_path, stdin=slave, stdout=slave,
        stderr=slave, start_new_session=True, preexec_fn=make_controlling_terminal,
    )  # fmt: skip
    os.close(slave)
    seen = b""
    while b"first loss" not in seen:
        seen += os.read(master, 1000)
    os.close(master)
    assert process.wait(timeout=60) == 130
    assert (tmp_path / "run" / "model.npz").exists()
    assert len(list((tmp_path / "run" / "checkpoints").iterdir())) == 2


def make_controlling_terminal():
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.slow
def test_under_nohup_a_closed_terminal_does_not_matter(tmp_path):
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    with begin(tmp_path, *SETTINGS, preexec_fn=ignore) as process:
        process.send_signal(signal.SIGHUP)
        output, _ = end(process)
    assert process.returncode == 0
    assert "Done after 2 of 2 epochs" in output


@pytest.mark.slow
def test_nobody_needs_to_read_what_is_printed(calm, tmp_path):
    with begin(tmp_path, *SETTINGS) as process:
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(timeout=60)
    assert "Traceback" not in errors
    assert same_weights(calm, tmp_path / "run")


def test_a_finished_run_says_so(calm):
    done = train(calm.parent, "--resume", "run")
    assert done.returncode == 0
    assert done.stdout.startswith("run is finished: 2 of 2 epochs, test accuracy ")
    assert done.stdout.endswith("%; there is nothing left to do\n")


def test_a_finish_that_was_cut_off_is_finished(calm, tmp_path):
    shutil.copytree(calm, tmp_path / "run")
    before = (tmp_path / "run" / "model.npz").read_bytes()
    for name in ("result.json", "report.html", "confusion.png"):
        (tmp_path / "run" / name).unlink()
    done = train(tmp_path, "--resume", "run")
    assert done.returncode == 0, done.stderr
    assert "after 2 of 2 epochs" in done.stdout
    for name in ("result.json", "report.html", "confusion.png"):
        assert (tmp_path / "run" / name).exists()
    assert (tmp_path / "run" / "model.npz").read_bytes() == before
    assert json.loads((tmp_path / "run" / "result.json").read_text())["epochs"] == 2


def test_a_damaged_checkpoint_is_said_and_the_one_before_is_used(calm, interrupted):
    *_, before, newest = sorted((interrupted / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-100])
    done = train(interrupted.parent, "--resume", "run")
    assert done.returncode == 0, done.stderr
    assert f"run/checkpoints/{newest.name}: not a readable .npz file" in done.stderr
    assert f"; the one before it, {before.name}, is used instead" in done.stderr
    assert f"Going on from run/checkpoints/{before.name}" in done.stdout
    assert same_weights(calm, interrupted)


@pytest.mark.slow
def test_a_run_without_a_checkpoint_begins_from_the_start(calm, interrupted):
    shutil.rmtree(interrupted / "checkpoints")
    done = train(interrupted.parent, "--resume", "run")
    assert "run has no checkpoint yet: beginning from the start" in done.stdout
    assert same_weights(calm, interrupted)


def sentence_of(done):
    """The one sentence that a failed command ends with."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    *_, last, more = done.stderr.splitlines()
    assert last.startswith("mydl: ")
    assert more.startswith("More: mydl help ")
    return last


@pytest.mark.parametrize(
    ("flags", "flag"),
    [
        (["--epochs", "3"], "--epochs"),
        (["--lr", "0.1"], "--lr"),
        (["--no-augment"], "--augment"),
        (["--freeze", "features"], "--freeze"),
        (["--out", "other"], "--out"),
        (["--config", "run/config.toml"], "--config"),
        (["--preset", "cifar10-best"], "--preset"),
    ],
)
def test_other_settings_are_refused(interrupted, flags, flag):
    said = sentence_of(train(interrupted.parent, "--resume", "run", *flags))
    assert f"{flag} cannot go with --resume" in said
    assert "begin a new run with --config run/config.toml" in said


def test_what_cannot_go_on_is_said(interrupted):
    cwd = interrupted.parent
    assert "nothing: there is no such folder" in sentence_of(train(cwd, "--resume", "nothing"))
    assert "it has no config.toml" in sentence_of(train(cwd, "--resume", "."))
    config = interrupted / "config.toml"
    config.write_text(config.read_text().replace("lr = 0.01", "lr = 0.02"))
    said = sentence_of(train(cwd, "--resume", "run"))
    assert "a run with lr = 0.01, but config.toml says 0.02" in said
    assert "no other checkpoint is left" in said


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    with begin(tmp_path, "--epochs", "50") as process:
        said = sentence_of(train(tmp_path, "--resume", "run"))
        process.kill()
    assert f"run: another process, number {process.pid}, is training here" in said


def limit_files(size):
    """No file of this process may become larger: what a full disk is like, without one."""
    import resource

    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_disk_that_is_full_from_the_start_is_said_before_the_training(tmp_path):
    done = train(tmp_path, *SETTINGS, "--out", "run", preexec_fn=limit_files(100_000))
    said = sentence_of(done)
    assert "run/checkpoints: this cannot be written (File too large)" in said
    assert "epoch" not in done.stdout
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_disk_that_gets_full_leaves_the_checkpoints_before(calm, interrupted):
    before = {path.name: path.read_bytes() for path in (interrupted / "checkpoints").iterdir()}
    done = train(interrupted.parent, "--resume", "run", preexec_fn=limit_files(100_000))
    said = sentence_of(done)
    assert "run/checkpoints: this cannot be written (File too large); training goes on" in (
        done.stdout
    )
    assert "the training is over, but its results are not written: make room" in said
    assert f"`mydl train --resume run` goes on from run/checkpoints/{max(before)}" in said
    assert before == {p.name: p.read_bytes() for p in (interrupted / "checkpoints").iterdir()}
    assert train(interrupted.parent, "--resume", "run").returncode == 0
    assert same_weights(calm, interrupted)


@pytest.mark.slow
def test_a_folder_that_vanishes_is_said(tmp_path):
    with begin(tmp_path, *SETTINGS) as process:
        shutil.rmtree(tmp_path / "run")
        output, errors = end(process)
    assert process.returncode == 1
    assert "this cannot be written (No such file or directory); training goes on" in output
    assert "run/model.npz: this cannot be written (No such file or directory)" in errors
    assert not (tmp_path / "run").exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    said = sentence_of(train(tmp_path, *SETTINGS, "--out", "file/run"))
    assert "file/run: this cannot be written (Not a directory): choose another place" in said
    said = sentence_of(train(tmp_path, *SETTINGS, "--out", "file"))
    assert "file: this cannot be written (File exists): choose another place with --out" in said


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the root user can write all")
def test_a_folder_that_is_read_only_is_said(tmp_path, interrupted):
    interrupted.chmod(0o500)
    try:
        said = sentence_of(train(tmp_path, "--resume", "run"))
    finally:
        interrupted.chmod(0o700)
    assert "run: this cannot be written (Permission denied)" in said


@pytest.mark.slow
def test_training_that_diverges_names_the_checkpoint_before(tmp_path):
    done = train(
        tmp_path, "--epochs", "3", "--lr", "1e30", "--no-batch-norm", "--clip-norm", "0",
        "--out", "run",
    )  # fmt: skip
    said = sentence_of(done)
    assert "; the checkpoint before it is run/checkpoints/step-00000000.npz" in said
