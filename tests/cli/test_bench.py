"""``mydl bench`` as it is typed."""

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mydl.cli import bench as module
from mydl.cli.bench import bench

pytestmark = pytest.mark.slow  # each starts processes of its own

app = typer.Typer()
app.command()(bench)

DOCS = Path(__file__).parents[2] / "docs" / "benchmarking.md"
QUICK = ["--batch", "1", "--rounds", "2", "--seconds", "0", "--threads", "1", "--no-startup"]
TINY = ["--input", "3x16x16", "--only", "mydl", *QUICK]


def run(*arguments):
    result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def as_json():
    names = ["--only", "onnxruntime", "--only", "numpy-course"]
    return run(*TINY, *names, "--json")


def test_json_and_nothing_else_on_standard_output(as_json):
    whole = json.loads(as_json.stdout)
    assert whole["threads"] == 1
    assert whole["sgemm_gflops"] > 0
    assert whole["startup"] is None
    assert "preparing mydl" in as_json.stderr
    for row in whole["results"]:
        low, high = row["spread"]
        assert low <= row["images_per_second"] <= high
        assert row["share_of_limit"] > 0
        assert (row["input"], row["batch"]) == ("3x16x16", 1)
    measured = {(row["implementation"], row["mode"]) for row in whole["results"]}
    assert {("mydl", "train"), ("mydl", "infer"), ("numpy-course", "train")} <= measured
    assert ("onnxruntime", "train") not in measured
    assert "ONNX Runtime" in whole["missing"]["onnxruntime"]


def test_every_key_is_described_in_the_documentation(as_json):
    """The page lists the keys, and what a program reads does not change unnoticed."""

    def keys(values):
        if isinstance(values, dict):
            for key, value in values.items():
                yield key
                yield from keys(value)
        elif isinstance(values, list):
            for value in values:
                yield from keys(value)

    whole = json.loads(as_json.stdout)
    missing = whole.pop("missing")  # its keys are names of implementations
    assert missing
    text = DOCS.read_text()
    for key in {*keys(whole), "missing", "against", "ratio", "import_mydl", "first_step_cold"}:
        assert f"`{key}`" in text, f"docs/benchmarking.md does not say what {key} is"
    assert set(whole) == {
        "machine",
        "threads",
        "sgemm_gflops",
        "sgemm_gflops_best",
        "cases",
        "results",
        "ratios",
        "startup",
    }
    for row in whole["results"]:
        assert set(row) == {
            "model",
            "input",
            "batch",
            "mode",
            "implementation",
            "images_per_second",
            "spread",
            "rounds",
            "ratio_to_mydl",
            "peak_memory_mb",
            "share_of_limit",
        }


def test_a_table_and_a_picture(tmp_path):
    picture = tmp_path / "bench.svg"
    result = run(*TINY, "--mode", "infer", "--plot", str(picture))
    lines = result.stdout.splitlines()
    assert "1 thread for each" in result.stdout
    assert "squeezenet1_1_cifar 3x16x16, batch 1, infer" in lines
    assert any(line.startswith("mydl ") and "%" in line for line in lines)
    assert "\x1b" not in result.stdout
    assert "<svg" in picture.read_text()


def test_profile():
    result = run("--profile", "--input", "3x16x16", "--batch", "1", "--mode", "train")
    assert "fire9" in result.stdout
    whole = json.loads(
        run("--profile", "--input", "3x16x16", "--batch", "1", "--mode", "infer", "--json").stdout
    )
    assert len(whole["profiles"]) == 1
    assert whole["machine"]["cpu"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "32"], "--input must be channels x rows x columns"),
        (["--input", "1x32x32"], "expected 3 channels, got 1"),
        (["--mode", "both"], "--mode must be train or infer, got 'both'"),
        (["--batch", "0"], "--batch must be at least 1, got 0"),
        (["--only", "torch"], "no implementation 'torch': did you mean 'torch-eager'"),
        (["--rounds", "0"], "--rounds must be at least 1, got 0"),
        (["--seconds", "-1"], "--seconds must be from 0 to 60, got -1"),
        (["--seconds", "nan"], "--seconds must be from 0 to 60, got nan"),
        (["--threads", "0"], "--threads must be at least 1, got 0"),
        (["--plot", "bench.txt"], "--plot must end in one of"),
        (["--profile", "--only", "mydl"], "leave --only and --plot out"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        run(*arguments)


def test_a_run_that_measures_nothing_fails():
    with pytest.raises(ValueError, match="nothing could be measured"):
        run(*QUICK, "--input", "3x16x16", "--only", "onnxruntime", "--mode", "train")


def test_progress_on_a_terminal_is_one_line_that_changes(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with module._progress() as tell:
        tell("preparing")
        tell("measuring")
        time.sleep(0.6)  # two frames a second
    assert "measuring" in terminal.getvalue()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_one_that_is_stopped(number):
    size = "3x37x41"  # of no other test, to know the processes by
    command = [sys.executable, "-m", "mydl", "bench", "--input", size, "--no-startup"]
    command += ["--only", "mydl", "--only", "numpy-course", "--rounds", "1000"]
    command += ["--batch", "1", "--threads", "1"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs in the background ignores Ctrl-C, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        while "measuring" not in process.stderr.readline():
            assert process.poll() is None
        assert workers("[37, 41, 3]")
        process.send_signal(number)
        _, messages = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "Traceback" not in messages
    else:
        assert process.returncode == -number
    deadline = time.monotonic() + 30
    while workers("[37, 41, 3]") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers("[37, 41, 3]") == []


def workers(image):
    """Processes that measure images of a size."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_text() if folder.name.isdigit() else ""
        except OSError:
            continue  # it has just ended
        if "mydl.bench.worker" in command and image in command:
            found.append(int(folder.name))
    return found
