"""Pictures of runs: that they are drawn whatever is missing, and whatever names there are."""

import dataclasses
import math

import numpy as np
import pytest
from PIL import Image

from mydl.training.evaluation import judge
from mydl.training.progress import EpochReport
from mydl.training.report import (
    draw_comparison,
    draw_confusion,
    draw_curves,
    draw_mistakes,
    worst_mistakes,
)

KNOWN = EpochReport(1, 10.0, 0.1, 2.0, 0.25, 1.5, 0.5, 900.0, 0.0, 1e-3)
BLANK = dataclasses.replace(KNOWN, validation_loss=math.nan, validation_accuracy=math.nan)


def colours(path):
    with Image.open(path) as image:
        return {colour for _, colour in image.convert("RGB").getcolors(image.width * image.height)}


def rgb(colour):
    return tuple(bytes.fromhex(colour[1:]))


TRAIN, VALIDATION, THIRD = rgb("#0072B2"), rgb("#D55E00"), rgb("#009E73")


def test_curves_without_validation_show_training_alone(tmp_path):
    for rows, shown in (([KNOWN] * 2, True), ([BLANK, KNOWN], True), ([BLANK] * 2, False)):
        rows = [{**dataclasses.asdict(row), "epoch": i + 1} for i, row in enumerate(rows)]
        draw_curves(tmp_path / "curves.png", rows)
        found = colours(tmp_path / "curves.png")
        assert TRAIN in found
        assert (VALIDATION in found) == shown


def test_each_run_of_a_comparison_has_its_colour(tmp_path):
    path = tmp_path / "compare.png"
    two = (KNOWN, dataclasses.replace(KNOWN, epoch=2, seconds=20.0, validation_loss=1.0))
    draw_comparison(path, {"first": two, "second": two[:1], "third": (BLANK,), "fourth": ()})
    assert {TRAIN, VALIDATION, THIRD} <= colours(path)  # the third is in the legend alone
    draw_comparison(path, {f"{i}": two for i in range(20)})


def test_the_surest_wrong_answers_come_first():
    labels = np.array([0, 1, 0, 1])
    logits = np.array([[0, 1], [3, 0], [5, 0], [2, 0]], np.float32)
    evaluation = judge(logits, labels, 2)
    assert worst_mistakes(evaluation, labels, 5).tolist() == [1, 3, 0]
    assert worst_mistakes(evaluation, labels, 1).tolist() == [1]


@pytest.mark.parametrize("logits", [np.eye(3)[[0, 1, 2] * 10], np.ones((30, 3))])
def test_class_names_are_no_formulas(stripes, tmp_path, logits):
    dataset = dataclasses.replace(stripes, class_names=("$x_$", r"\frac{", "<b>"))
    evaluation = judge(logits.astype(np.float32), dataset.test_labels, 3)
    for draw in (draw_confusion, draw_mistakes):
        draw(tmp_path / "picture.png", evaluation, dataset)
        assert len(colours(tmp_path / "picture.png")) > 20


def test_a_thousand_classes_have_a_picture_that_can_be_written(stripes, tmp_path):
    names = tuple(f"class {i}" for i in range(1000))
    dataset = dataclasses.replace(stripes, class_names=names)
    logits = np.zeros((len(dataset.test_labels), 1000), np.float32)
    draw_confusion(tmp_path / "confusion.png", judge(logits, dataset.test_labels, 1000), dataset)
    with Image.open(tmp_path / "confusion.png") as image:
        assert max(image.size) < 5000
