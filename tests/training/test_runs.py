"""Runs that are read again: finished, cut off, of an earlier version, damaged."""

import dataclasses
import json
import math

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from mydl.training.config import TrainingConfig
from mydl.training.lock import Lock
from mydl.training.progress import EpochReport
from mydl.training.runs import (
    Result,
    RunError,
    read_metrics,
    read_result,
    read_run,
    read_runs,
    write_result,
)

HEADER = ",".join(field.name for field in dataclasses.fields(EpochReport))
ROW = "{},10.5,0.1,2,0.5,1.5,{},900,0.1,0.001"
RESULT = Result(
    test_loss=0.9,
    test_accuracy=0.75,
    test_top5=0.99,
    epochs=3,
    seconds=31.5,
    parameters=12_345,
    stopped_early=False,
)


def write_run(folder, rows=(), config=None):
    folder.mkdir(parents=True)
    settings = (config or TrainingConfig(epochs=3)).to_dict()
    (folder / "config.toml").write_text(tomli_w.dumps(settings))
    (folder / "metrics.csv").write_text("\n".join([HEADER, *rows, ""]))
    return folder


@pytest.fixture
def metrics(tmp_path):
    """Write a metrics.csv and read it."""

    def read(data):
        path = tmp_path / "metrics.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return read_metrics(path)

    return read


def test_every_column_is_read(metrics):
    rows, judged_by = metrics(f"{HEADER}\r\n{ROW.format(1, 0.25)}\r\n")
    assert judged_by == "validation"
    assert rows == [EpochReport(1, 10.5, 0.1, 2.0, 0.5, 1.5, 0.25, 900.0, 0.1, 0.001)]


def test_blank_cells_are_not_known(metrics):
    ((row,), _) = metrics(f"{HEADER}\n1,10.5,0.1,2,0.5,,,900,0.1,\n")
    assert math.isnan(row.validation_loss)
    assert math.isnan(row.validation_accuracy)
    assert math.isnan(row.update_ratio)
    assert row.train_loss == 2


@pytest.mark.parametrize("kept", range(len(ROW)))
def test_a_last_line_that_was_cut_off_anywhere_is_left_out(metrics, kept):
    rows, _ = metrics(f"{HEADER}\n{ROW.format(1, 0.25)}\n" + ROW.format(2, 0.5)[:kept])
    assert [row.epoch for row in rows] == [1]


@pytest.mark.parametrize("rest", [b"\0\0\0\0\n", b"2,\xff\xfe\n", b"2,1,2\n", b'2,"10\n'])
def test_what_a_power_cut_leaves_in_the_last_line_is_left_out(metrics, rest):
    rows, _ = metrics(f"{HEADER}\n{ROW.format(1, 0.25)}\n".encode() + rest)
    assert [row.epoch for row in rows] == [1]


def test_a_line_that_is_damaged_elsewhere_is_named(metrics):
    with pytest.raises(RunError, match=r"metrics\.csv: line 2 is damaged"):
        metrics(f"{HEADER}\n1,oops\n{ROW.format(2, 0.5)}\n")


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "\x00\n", "epoch\n1\n"])
def test_another_table_is_refused(metrics, text):
    with pytest.raises(RunError, match="its first line must name columns"):
        metrics(text)


@pytest.mark.parametrize("text", ["", "epoch,sec"])
def test_a_table_without_its_first_line_has_no_rows(metrics, text):
    assert metrics(text) == ([], "validation")


def test_epochs_that_were_trained_again_count_once(metrics):
    lines = [ROW.format(epoch, share) for epoch, share in ((1, 0.1), (2, 0.2), (3, 0.3), (2, 0.9))]
    rows, _ = metrics("\n".join([HEADER, *lines, ""]))
    assert [(row.epoch, row.validation_accuracy) for row in rows] == [(1, 0.1), (2, 0.9)]


def test_runs_of_the_first_version_were_judged_by_test_images(metrics):
    rows, judged_by = metrics(
        "epoch,seconds,lr,train_loss,train_accuracy,test_loss,test_accuracy,images_per_second\n"
        "1,72.8,0.0056,1.9,0.31,1.55,0.42,707\n"
    )
    assert judged_by == "test"
    assert rows[0].validation_accuracy == 0.42
    assert rows[0].images_per_second == 707
    assert math.isnan(rows[0].dead_units)


def test_a_result_comes_back(tmp_path):
    assert read_result(tmp_path) is None
    for result in (RESULT, dataclasses.replace(RESULT, stopped_early=True, test_accuracy=0.0)):
        write_result(tmp_path, result)
        assert read_result(tmp_path) == result
    write_result(tmp_path, dataclasses.replace(RESULT, test_loss=math.nan))
    assert json.loads((tmp_path / "result.json").read_text())["test_loss"] is None
    assert math.isnan(read_result(tmp_path).test_loss)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"test_loss": 1}',
        "nonsense",
        "[" * 100_000,
        json.dumps({**dataclasses.asdict(RESULT), "epochs": math.inf}),
        json.dumps({**dataclasses.asdict(RESULT), "seconds": 10**400}),
        json.dumps({**dataclasses.asdict(RESULT), "epochs": "x"}),
    ],
    ids=range(9),
)
def test_a_damaged_result_is_named(tmp_path, text):
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(RunError, match=r"result\.json: this is not the result of a run"):
        read_result(tmp_path)


@pytest.mark.parametrize(
    ("epochs", "stopped_early", "state"),
    [(3, False, "finished"), (2, True, "ended early"), (2, False, "stopped")],
)
def test_the_state_of_a_run_with_a_result(tmp_path, epochs, stopped_early, state):
    folder = write_run(tmp_path / "run", [ROW.format(1, 0.25), ROW.format(2, 0.125)])
    write_result(folder, dataclasses.replace(RESULT, epochs=epochs, stopped_early=stopped_early))
    run = read_run(folder)
    assert run.state == state
    assert run.test_accuracy == 0.75
    assert run.seconds == 31.5
    assert run.best.epoch == 1


def test_a_run_without_a_result_is_running_or_interrupted(tmp_path):
    folder = write_run(tmp_path / "run")
    lock = Lock(folder)
    try:
        assert read_run(folder).state == "running"
    finally:
        lock.release()
    run = read_run(folder)
    assert run.state == "interrupted"
    assert run.best is None
    assert run.seconds == 0
    assert math.isnan(run.test_accuracy)


@pytest.mark.parametrize(
    "text", ["data = 1", "not toml", "epochs = 0", "nonsense = 3", 'lr = "much"']
)
def test_a_damaged_configuration_is_named(tmp_path, text):
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(RunError, match=r"config\.toml: "):
        read_run(tmp_path)


@given(
    name=st.sampled_from(["config.toml", "metrics.csv", "result.json"]),
    start=st.floats(0, 1),
    put=st.binary(max_size=8),
    removed=st.integers(0, 8),
)
def test_whatever_is_damaged_is_said_in_a_sentence(tmp_path_factory, name, start, put, removed):
    folder = write_run(tmp_path_factory.mktemp("runs") / "run", [ROW.format(1, 0.25)] * 2)
    write_result(folder, RESULT)
    path = folder / name
    data = path.read_bytes()
    place = int(start * len(data))
    path.write_bytes(data[:place] + put + data[place + removed :])
    runs, problems = read_runs(folder.parent)
    assert len(runs) + len(problems) == 1
    for problem in problems:
        assert problem.startswith(str(folder))
        assert "\n" not in problem


def test_folders_that_are_no_runs_are_said_in_words(tmp_path):
    write_run(tmp_path / "good", [ROW.format(1, 0.25)])
    (tmp_path / "foreign").mkdir()
    broken = write_run(tmp_path / "broken")
    (broken / "config.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "file.txt").write_text("no folder")
    runs, problems = read_runs(tmp_path)
    assert [run.path.name for run in runs] == ["good"]
    assert len(problems) == 2
    assert "config.toml" in problems[0]
    assert problems[1].endswith("foreign: no run, it has no config.toml")
    assert read_runs(tmp_path / "good")[0] == runs
    with pytest.raises(ValueError, match=r"there is no folder .*nowhere"):
        read_runs(tmp_path / "nowhere")
