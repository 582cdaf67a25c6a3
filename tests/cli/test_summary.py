"""``mydl summary`` as it is typed."""

import io
import json
import sys

import pytest
import typer
from typer.testing import CliRunner

from mydl.cli.summary import parse_image_shape, summary
from mydl.models import MODEL_NAMES

app = typer.Typer()
app.command()(summary)


def run(*arguments):
    result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_without_arguments_it_shows_version_1_1():
    output = run().stdout
    assert "fire9" in output
    assert "1,235,496 parameters take 4,941,984 bytes in float32" in output
    assert "\x1b" not in output, "no colours where the output is no terminal"


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_every_model(name):
    output = run(name).stdout
    assert ("fire5" in output) == name.startswith("squeezenet")
    assert ("fc8" in output) == name.startswith("alexnet")
    assert ("cccp6" in output) == name.startswith("nin")


@pytest.mark.parametrize("name", [n for n in MODEL_NAMES if n.startswith("squeezenet")])
@pytest.mark.parametrize("bypass", ["none", "simple", "complex"])
def test_every_squeezenet_with_every_bypass(name, bypass):
    assert ("Bypass" in run(name, "--bypass", bypass).stdout) == (bypass != "none")


def test_json_for_programs():
    values = json.loads(run("squeezenet1_0", "--json", "--input", "3x227x227").stdout)
    assert values["model"] == "squeezenet1_0"
    assert values["parameters"] == 1_248_424
    assert values["input_shape"] == [227, 227, 3]
    assert values["layers"][0]["output_shape"] == [111, 111, 96]
    assert values["layers"][-1]["output_shape"] == [1000]


def test_options_reach_the_network():
    def parameters(*arguments):
        return json.loads(run(*arguments, "--json").stdout)["parameters"]

    assert parameters("squeezenet1_0", "--bypass", "complex") == 1_589_672
    assert parameters("squeezenet1_0", "--bypass", "none") == 1_248_424
    assert parameters("squeezenet_tiny") == 122_986
    assert parameters("squeezenet_tiny", "--num-classes", "11") == 122_986 + 257
    assert parameters("squeezenet1_1_cifar", "--batch-norm") > parameters("squeezenet1_1_cifar")


def test_the_general_form():
    def values(*arguments):
        return json.loads(run("squeezenet_general", *arguments, "--json").stdout)

    assert values()["parameters"] == 1_248_424
    assert values("--squeeze-ratio", "0.75")["parameters"] == 4_841_704
    assert values("--squeeze-ratio", "0.5", "--pct-3x3", "0.99")["parameters"] == 5_330_536
    layers = values("--base-e", "64", "--incr-e", "32", "--freq", "4")["layers"]
    channels = {
        row["path"].removeprefix("features."): row["output_shape"][-1]
        for row in layers
        if row["kind"] == "Fire"
    }
    assert channels == {f"fire{i}": 64 if i < 6 else 96 for i in range(2, 10)}


def test_the_padding_of_conv10():
    values = json.loads(run("squeezenet1_0", "--conv10-padding", "1", "--json").stdout)
    assert values["multiply_adds"] == 861_339_936


def test_networks_side_by_side():
    names = ["squeezenet1_0", "squeezenet1_1", "nin"]
    output = run("--compare", *names).stdout
    lines = output.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == names
    assert lines[3].split() == [
        "nin", "224x224x3", "1000", "7,595,176", "6.08", "30,380,704", "1,100,188,800", "1.32",
    ]  # fmt: skip
    assert lines[-1] == "bytes: of the parameters in float32; ratio: to squeezenet1_0"
    assert max(map(len, lines)) < 100


def test_without_names_the_paper_s_networks_are_compared():
    values = json.loads(run("--compare", "--json").stdout)
    assert [network["name"] for network in values["networks"]] == [
        "squeezenet1_0", "squeezenet1_1", "nin", "alexnet",
    ]  # fmt: skip


def test_options_reach_every_compared_network():
    arguments = (
        "squeezenet1_0_cifar",
        "squeezenet_tiny",
        "--num-classes",
        "3",
        "--input",
        "3x40x48",
    )
    values = json.loads(run("--compare", *arguments, "--bypass", "complex", "--json").stdout)
    for network in values["networks"]:
        assert network["input_shape"] == [40, 48, 3]
        assert network["output_shape"] == [3]


def test_input_is_channels_rows_columns():
    values = json.loads(run("squeezenet_tiny", "--input", "3x32x64", "--json").stdout)
    assert values["input_shape"] == [32, 64, 3]
    assert values["layers"][0]["output_shape"] == [32, 64, 64]


def test_expanded():
    assert "fire2.squeeze" not in run("squeezenet_tiny").stdout
    assert "fire2.expand3x3" in run("squeezenet_tiny", "--expand").stdout


def test_a_terminal_gets_a_drawn_table(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    summary()
    text = terminal.getvalue()
    assert "──" in text
    assert "…" not in text, "nothing is cut off"
    assert "349,151,936" in text
    assert "1,235,496 parameters take 4,941,984 bytes in float32" in text


def test_a_terminal_of_80_columns_fits_the_comparison(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    summary(["squeezenet1_0", "squeezenet1_1", "nin"], compare=True)
    text = terminal.getvalue()
    for words in ("1,100,188,800", "multiply-adds", "squeezenet1_1", "ratio: to squeezenet1_0"):
        assert words in text
    assert "…" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["squeezenet"], "no model 'squeezenet': did you mean"),
        (["squeezenet1_0", "nin"], "one network at a time, got 2: add --compare to see several"),
        (["--compare", "squeezenet1_0", "nim"], r"no model 'nim': did you mean 'nin'\?"),
        (["--compare", "nin", "--bypass", "simple"], "no option of nin 'bypass': there are"),
        (["nin", "--squeeze-ratio", "0.5"], "no option of nin 'squeeze_ratio': there are"),
        (["--pct-3x3", "50"], "pct_3x3 must be a fraction from 0 to 1, got 50"),
        (["--bypass", "both"], "bypass must be one of"),
        (["--num-classes", "0"], "num_classes must be at least 1, got 0"),
        (["--input", "224"], "--input must be channels x rows x columns .* got '224'"),
        (["--input", "3x0x5"], "got '3x0x5'"),
        (["--input", "1x224x224"], r"features\.conv1 \(Conv2d\): expected 3 channels, got 1"),
        (["--input", "3x4x4"], r"features\.pool1 \(MaxPool2d\): a window of 3x3 pixels"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        run(*arguments)


@pytest.mark.parametrize("text", ["", "x", "3x32", "3x32x32x1", "axbxc", "-3x32x32", "3x3.5x3"])
def test_input_that_is_no_size(text):
    with pytest.raises(ValueError, match="--input must be"):
        parse_image_shape(text)


def test_input_may_be_typed_with_a_capital_x():
    assert parse_image_shape("3X224X112") == (224, 112, 3)
