"""``mydl runs`` and ``mydl compare``, as a person types them."""

import dataclasses
import json

import numpy as np
import pytest
import tomli_w
from PIL import Image
from typer.testing import CliRunner

from mydl.cli.main import app
from mydl.training.config import TrainingConfig
from mydl.training.progress import EpochReport
from mydl.training.runs import Result, write_result

HEADER = ",".join(field.name for field in dataclasses.fields(EpochReport))


def write_run(folder, accuracies, test=None, **settings):
    """A run with these validation accuracies; None is blank."""
    folder.mkdir(parents=True)
    config = TrainingConfig(epochs=3, **settings)
    (folder / "config.toml").write_text(tomli_w.dumps(config.to_dict()))
    rows = [
        f"{epoch},{60 * epoch},0.1,2,0.5,{'' if share is None else 1 - share},"
        f"{'' if share is None else share},900,0,0.001"
        for epoch, share in enumerate(accuracies, start=1)
    ]
    (folder / "metrics.csv").write_text("\n".join([HEADER, *rows, ""]))
    if test is not None:
        write_result(folder, Result(0.5, test, 0.9, len(accuracies), 185.0, 1234, False))
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Some runs in ./runs."""
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    write_run(runs / "a", [0.25, 0.5, 0.375], test=0.625)
    write_run(runs / "b", [0.75], lr=0.25)
    write_run(runs / "c", [None, None, None], test=0.875, validation=0.0)
    (runs / "foreign").mkdir()
    return runs


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def names(result):
    return [line.split()[0] for line in result.output.splitlines()[1:4]]


def test_runs_are_listed_the_best_first(folder):
    result = invoke("runs")
    assert result.exit_code == 0, result.output
    assert names(result) == ["b", "a", "c"]
    lines = result.output.splitlines()
    said = [" ".join(line.split()) for line in lines]
    assert said[1] == "b interrupted digits squeezenet_tiny 1/3 75.00% 1 min 00 s"
    assert said[2] == "a finished digits squeezenet_tiny 1,234 3/3 50.00% 62.50% 3 min 05 s"
    assert lines[-1] == "runs/foreign: no run, it has no config.toml"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("best", "bac"),
        ("test", "cab"),
        ("name", "abc"),
        ("epochs", "acb"),
        ("time", "bac"),
        ("parameters", "acb"),
    ],
)
def test_runs_are_sorted(folder, order, expected):
    assert names(invoke("runs", folder, "--sort", order)) == list(expected)


def test_json_has_everything_and_null_for_what_is_not_known(folder):
    document = json.loads(invoke("runs", "--json", "--sort", "name").output)
    assert document["problems"] == ["runs/foreign: no run, it has no config.toml"]
    first, second, third = document["runs"]
    assert first["best_epoch"] == 2
    assert (first["best_accuracy"], first["test_accuracy"]) == (0.5, 0.625)
    assert (second["state"], second["test_accuracy"], second["parameters"]) == (
        "interrupted", None, None,
    )  # fmt: skip
    assert (third["best_accuracy"], third["best_epoch"]) == (None, None)


def test_a_run_can_be_named_itself(folder):
    assert invoke("runs", folder / "a").output.splitlines()[1].startswith("a ")


def test_without_runs_it_says_what_to_do(tmp_path):
    result = invoke("runs", tmp_path)
    assert result.exit_code == 0
    assert f"There are no runs in {tmp_path}: `mydl train` makes one" in result.output
    missing = invoke("runs", tmp_path / "nowhere")
    assert missing.exit_code != 0
    assert "`mydl train` makes one" in str(missing.exception)


def test_an_unknown_order_is_named(folder):
    assert "there is no order 'tme': did you mean 'time'?" in str(
        invoke("runs", "--sort", "tme").exception
    )


def test_runs_are_compared(folder, tmp_path):
    result = invoke("compare", folder / "a", folder / "b", "--out", "both.png")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[1].split()[:7] == ["1", "a", "finished", "3/3", "50.00%", "2", "0.5000"]
    assert [line.split() for line in lines if line.startswith(("setting", "lr"))] == [
        ["setting", "1", "2"],
        ["lr", "0.1", "0.25"],
    ]
    assert lines[-1] == "Wrote both.png"
    with Image.open(tmp_path / "both.png") as image:
        assert len(np.unique(np.asarray(image.convert("L")))) > 20


def test_names_that_are_the_same_are_told_apart_by_their_folders(folder):
    again = write_run(folder / "again" / "a", [0.5], seed=1)
    output = invoke("compare", folder / "a", again).output
    assert f"1  {folder / 'a'}" in output
    assert f"2  {again}" in output


def test_a_name_with_dollar_signs_is_no_formula(folder):
    write_run(folder / "$x_$_", [0.5])
    result = invoke("compare", folder / "$x_$_", folder / "b")
    assert result.exit_code == 0, result.exception


def test_runs_without_curves_are_compared_in_words(folder, tmp_path):
    write_run(folder / "d", [], validation=0.0)
    result = invoke("compare", folder / "c", folder / "d")
    assert "All settings are the same" in result.output
    assert "There is nothing to draw" in result.output
    assert not (tmp_path / "compare.png").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name at least two runs"),
        (["runs/a"], "name at least two runs"),
        (["runs/a", "runs/foreign"], "runs/foreign: no run, it has no config.toml"),
        (["runs/a", "runs/nowhere"], "runs/nowhere: there is no such folder"),
        (["runs/a", "runs/b", "--out", "x.nonsense"], "nonsense"),
        (["runs/a", "runs/b", "--out", "nowhere/x.png"], "nowhere"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(folder, arguments, sentence):
    error = invoke("compare", *arguments).exception
    assert isinstance(error, (ValueError, OSError))
    assert sentence in str(error)
