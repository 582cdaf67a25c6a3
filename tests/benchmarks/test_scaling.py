"""The scaling curves: which points they have, and one tiny point measured for real."""

import csv
import importlib.util
import json
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "scaling.py"


@pytest.fixture(scope="module")
def scaling():
    """The script as a module, which its dataclasses look for under its name."""
    spec = importlib.util.spec_from_file_location("benchmarks_scaling", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_one_tiny_point(scaling, tmp_path, capsys):
    files = {kind: tmp_path / f"tiny.{kind}" for kind in ("csv", "json", "svg")}
    scaling.main(
        ["--over", "image", "--values", "33", "--mode", "infer", "--only", "mydl", "--threads", "1",
         "--rounds", "2", "--seconds", "0", "--csv", str(files["csv"]),
         "--json", str(files["json"]), "--plot", str(files["svg"])]
    )  # fmt: skip
    (row,) = json.loads(files["json"].read_text())["results"]
    assert row["images_per_second"] > 0
    assert {key: row[key] for key in ("over", "value", "threads", "input", "batch", "mode")} == {
        "over": "image", "value": 33, "threads": 1, "input": "3x33x33", "batch": 8, "mode": "infer",
    }  # fmt: skip
    with files["csv"].open() as file:
        (line,) = csv.DictReader(file)
    assert float(line["images_per_second"]) == row["images_per_second"]
    assert [float(line["low"]), float(line["high"])] == row["spread"]
    assert files["svg"].read_text().startswith("<?xml")
    assert capsys.readouterr().out.startswith("image 33   infer  mydl")


def test_the_usual_curves(scaling):
    def values(over):
        return scaling.usual_values(over, cores=3)

    assert (values("batch")[0], values("batch")[-1]) == (1, 256)
    assert (values("image")[0], values("image")[-1]) == (32, 224)
    assert values("threads") == [1, 2, 3]
    for over in scaling.LABELS:
        points = [scaling.make_point(over, value, "train", cores=3) for value in values(over)]
        assert [point.threads for point in points] == (
            [1, 2, 3] if over == "threads" else [3] * len(points)
        )
        changing = {
            "batch": [point.case.batch for point in points],
            "image": [point.case.image[0] for point in points],
            "threads": [point.threads for point in points],
        }
        assert changing.pop(over) == values(over)
        assert all(len(set(others)) == 1 for others in changing.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--values", "1"], "--values needs one --over"),
        (["--over", "batch", "--values", "1,x"], "numbers with commas between"),
        (["--over", "batch", "--values", "0"], "--values for batch must be at least 1, got 0"),
        (["--over", "image", "--values", "8"], "a window of 3x3 pixels is larger than the image"),
        (["--only", "tensorflow"], "tensorflow"),
        (["--threads", "0"], "--threads must be at least 1, got 0"),
        (["--plot", "curves.txt"], "--plot must end in one of"),
        (["--csv", "/nowhere/at/all.csv"], "there is no folder /nowhere/at"),
        (["--rounds", "0"], "--rounds must be at least 1, got 0"),
    ],
)
def test_bad_input_is_told_before_anything_is_measured(scaling, arguments, message, capsys):
    with pytest.raises(SystemExit):
        scaling.main(arguments)
    assert message in capsys.readouterr().err
