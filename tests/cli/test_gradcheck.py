"""``mydl gradcheck`` at the command line."""

import json

import pytest
import typer
from typer.testing import CliRunner

from mydl.cli.gradcheck import gradcheck
from mydl.gradcheck import cases
from mydl.gradcheck.cases import Case
from mydl.layers import ReLU

APP = typer.Typer()
APP.command()(gradcheck)


class WrongReLU(ReLU):
    def backward(self, dy):
        return 2 * super().backward(dy)


@pytest.fixture
def few_cases(monkeypatch):
    """A right and a wrong layer in place of everything."""
    right = Case("relu", "rows", lambda rng: ReLU(), (2, 3))
    wrong = Case("dropout", "wrong", lambda rng: WrongReLU(), (2, 3))
    monkeypatch.setattr(cases, "CASES", [right, wrong])


def run(*arguments):
    return CliRunner().invoke(APP, arguments)


def test_named_layers_only():
    result = run("ReLU", "max-pool2d")
    assert result.exit_code == 0, result.output
    header, *rows, _, last = result.output.splitlines()
    assert header.split() == ["layer", "setting", "derivatives", "kinks", "worst", "error"]
    assert {row.split()[0] for row in rows} == {"relu", "maxpool2d"}
    assert all(row.endswith("passed") for row in rows)
    assert last == "7 of 7 passed, 380 derivatives measured."


def test_all_without_a_name_and_status_1_when_one_fails(few_cases):
    result = run()
    assert result.exit_code == 1
    assert "1 of 2 passed" in result.output
    assert "dropout, wrong\nWrongReLU(): FAILED" in result.output
    assert "\nrelu, rows\n" not in result.output


def test_details_shows_every_report(few_cases):
    assert "\nrelu, rows\nReLU(): passed" in run("--details").output


def test_json(few_cases):
    result = run("--json", "--method", "complex", "--seed", "5", "--samples", "4")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert (found["passed"], found["method"], found["seed"]) == (False, "complex", 5)
    right, wrong = found["cases"]
    assert (right["layer"], right["setting"], right["passed"]) == ("relu", "rows", True)
    assert (wrong["layer"], wrong["passed"]) == ("dropout", False)
    assert right["arrays"][0]["checked"] == 4


def test_an_unknown_layer_is_answered_with_the_nearest():
    result = run("reul")
    assert isinstance(result.exception, ValueError)
    assert str(result.exception).startswith("there is no layer 'reul': did you mean 'relu'?")


@pytest.mark.parametrize("arguments", [("--method", "forward"), ("--samples", "0")])
def test_bad_options(arguments):
    assert isinstance(run("relu", *arguments).exception, ValueError)


def test_help_explains():
    output = run("--help").output
    assert "Check backward passes against derivatives measured" in output


def test_the_table_on_a_terminal(few_cases, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(typer.Exit):
        gradcheck(None)
    output = capsys.readouterr().out
    assert "worst error" in output
    assert "FAILED" in output


def test_what_is_wrong_is_explained(few_cases):
    result = run()
    assert "diagnosis: dx is 2 times too large everywhere" in result.output
    (_, wrong) = json.loads(run("--json").output)["cases"]
    (found,) = wrong["diagnoses"]
    assert (found["array"], found["kind"]) == ("x", "twice")


def test_a_picture_of_the_errors(few_cases, tmp_path):
    path = tmp_path / "errors.png"
    result = run("--plot", str(path))
    assert result.exit_code == 1
    assert result.output.endswith(f"written: {path}\n")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_no_picture_where_nothing_is_wrong(tmp_path):
    result = run("relu", "--plot", str(tmp_path / "errors.png"))
    assert result.exit_code == 0
    assert "no gradient is wrong" in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option", ["--plot", "--sweep"])
def test_pictures_that_cannot_be_written_are_refused_at_once(option, tmp_path):
    result = run("relu", option, str(tmp_path / "a.txt"))
    assert str(result.exception).startswith(f"{option} must end in one of")
    result = run("relu", option, str(tmp_path / "gone" / "a.png"))
    assert "there is no folder" in str(result.exception)


def test_a_sweep(tmp_path):
    path = tmp_path / "v.svg"
    result = run("linear", "--sweep", str(path))
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "linear, 4 to 3"
    assert lines[2].split() == ["step", "float32", "float64", "complex"]
    assert lines[-1] == f"written: {path}"
    assert "<svg" in path.read_text()
    found = json.loads(run("linear", "--sweep", str(path), "--json").output)
    assert set(found["errors"]) == {"float32", "float64", "complex"}


def test_a_sweep_of_several_layers_is_refused(tmp_path):
    result = run("relu", "linear", "--sweep", str(tmp_path / "v.png"))
    assert str(result.exception).startswith("--sweep draws one layer")


def test_a_layer_of_ones_own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "class Doubled:\n"
        "    def forward(self, x):\n        return 2 * x\n"
        "    def backward(self, dy):\n        return dy\n"
    )
    result = run(f"{path}:Doubled", "--input", "2x3")
    assert result.exit_code == 1
    assert "diagnosis: dx is 2 times too small everywhere" in result.output
    assert str(run("relu", "--input", "2x3").exception).startswith("--input is for a layer of your")
