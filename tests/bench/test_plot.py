"""The picture of a run."""

from pathlib import Path

import pytest
from PIL import Image

from mydl.bench.cases import CASES
from mydl.bench.compare import Comparison
from mydl.bench.implementations import IMPLEMENTATIONS
from mydl.bench.plot import draw
from mydl.figure_files import check_picture


def comparisons(names, cases):
    speeds = {name: [90.0 + i, 100.0 + i, 120.0 + i] for i, name in enumerate(names)}
    return [Comparison(case, speeds, dict.fromkeys(names), [100.0], {}) for case in cases]


@pytest.mark.parametrize(
    ("names", "cases"),
    [(IMPLEMENTATIONS, CASES), (["mydl"], CASES[:1]), ([], CASES[:2]), (["mydl"], CASES[1:3])],
)
def test_pictures(tmp_path, names, cases):
    path = tmp_path / "bench.png"
    draw(path, comparisons(names, cases))
    with Image.open(path) as image:
        assert image.width > 500
        assert len(image.convert("RGB").getcolors(2**20)) > 2


def test_the_ending_says_the_kind(tmp_path):
    path = tmp_path / "bench.svg"
    check_picture(path, "--plot")
    draw(path, comparisons(["mydl"], CASES[:1]))
    assert "<svg" in path.read_text()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("bench", "--plot must end in one of .*png.*, got bench"),
        ("bench.txt", "got bench.txt"),
        ("no/such/folder/bench.png", "there is no folder"),
    ],
)
def test_a_wrong_file_is_told_before_anything_is_measured(path, message):
    with pytest.raises(ValueError, match=message):
        check_picture(Path(path), "--plot")
