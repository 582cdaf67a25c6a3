"""Line charts as SVG: that they are drawn right, and said in words."""

import math
import re
import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from mydl.training.charts import BOTTOM, LEFT, RIGHT, TOP, Line, line_chart


def parse(svg):
    root = ElementTree.fromstring(svg)
    paths = [path.get("d") for path in root.iter("path") if path.get("class") == "line"]
    places = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", paths[-1])]
    return root, paths, places


def test_a_line_goes_from_corner_to_corner():
    svg = line_chart("Loss", [1, 2, 3], [Line("training", "train", [0, 1, 2])])
    root, _, places = parse(svg)
    assert places == [(LEFT, BOTTOM), ((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2), (RIGHT, TOP)]
    assert root.get("aria-label") == "Loss: training 0 after epoch 1, 2 after epoch 3"
    texts = [text.text for text in root.iter("text")]
    assert texts == ["Loss", "0", "0.5", "1", "1.5", "2", "1", "2", "3", "epoch"]


def test_what_is_not_known_leaves_a_gap():
    values = [math.nan, 1.0, 2.0, math.nan, 4.0, math.nan]
    _, paths, places = parse(line_chart("Loss", range(1, 7), [Line("loss", "train", values)]))
    assert len(places) == 3
    assert re.sub(r"[\d. ]", "", paths[-1]) == "MLM"


def test_a_line_without_numbers_is_left_out():
    known, unknown = Line("training", "train", [1.0]), Line("validation", "validation", [math.nan])
    svg = line_chart("Loss", [1], [known, unknown])
    assert "validation" not in svg
    assert line_chart("Loss", [1], [unknown]) == ""
    assert line_chart("Loss", [], []) == ""


def test_several_lines_are_named_and_markup_is_escaped():
    lines = [Line("<i>a", "train", [0.5]), Line("b", "validation", [0.25])]
    root, _, _ = parse(line_chart("a & b", [7], lines, percent=True))
    texts = [text.text for text in root.iter("text")]
    assert {"<i>a", "b", "a & b", "50%"} <= set(texts)
    assert root.get("aria-label") == "a & b: <i>a 50% after epoch 7; b 25% after epoch 7"


@given(
    st.lists(st.floats(-1e12, 1e12) | st.just(math.nan) | st.just(math.inf), min_size=1),
    st.integers(1, 1000),
    st.booleans(),
)
def test_any_numbers_stay_in_the_picture(values, first, percent):
    epochs = range(first, first + len(values))
    svg = line_chart("Loss", epochs, [Line("loss", "train", values)], percent)
    if not any(map(math.isfinite, values)):
        assert svg == ""
        return
    _, _, places = parse(svg)
    assert len(places) == sum(map(math.isfinite, values))
    for across, down in places:
        assert LEFT <= across <= RIGHT
        assert TOP <= down <= BOTTOM
