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
