"""A run's report: what it says, that nothing is loaded, that names are no markup."""

import dataclasses
import math
from html.parser import HTMLParser

import numpy as np
import pytest

from mydl.models import build_model
from mydl.training.config import TrainingConfig
from mydl.training.evaluation import judge
from mydl.training.html_report import write_report
from mydl.training.progress import EpochReport

CONFIG = TrainingConfig(data="stripes", epochs=2, data_dir='/a/<b>&"c"', freeze=("features",))
HISTORY = [
    EpochReport(1, 61.0, 0.1, 2.0, 0.25, 1.75, 0.5, 900.0, 0.125, 2e-3),
    EpochReport(2, 125.0, 0.05, 1.0, 0.5, 1.25, 0.75, 1100.0, 0.125, 1e-3),
]


class Page(HTMLParser):
    """What a page consists of; fails where an element is not closed as it was opened."""

    VOID = ("meta", "img", "br", "path", "circle")

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self._open = [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("style",):
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def report(stripes, tmp_path):
    """Write a report with some things changed and read it."""

    def write(logits=None, names=None, **changes):
        dataset = dataclasses.replace(stripes, class_names=names or stripes.class_names)
        classes = len(dataset.class_names)
        if logits is None:
            logits = np.random.default_rng(0).normal(size=(len(dataset.test_labels), classes))
        given = {
            "config": CONFIG,
            "history": HISTORY,
            "evaluation": judge(logits.astype(np.float32), dataset.test_labels, classes),
            "dataset": dataset,
            "model": build_model("squeezenet_tiny", num_classes=classes),
            "command": "mydl train --data-dir '/a/<b>'",
            **changes,
        }
        path = tmp_path / "my run" / "report.html"
        path.parent.mkdir(exist_ok=True)
        write_report(path, **given)
        text = path.read_text(encoding="utf-8")
        return Page(text), text, given["evaluation"]

    return write


def test_it_says_how_the_run_went(report):
    page, _, evaluation = report()
    text = "".join(page.text)
    assert f"{evaluation.accuracy:.2%}" in text
    assert "75.00%epoch 2" in text  # the best validation
    assert "1,000" in text  # images per second, the median
    assert "2 min 05 s" in text
    assert "my run" in text
    assert "mydl train --data-dir '/a/<b>'" in text
    labels = [svg["aria-label"] for svg in page.all("svg")]
    assert [label.split(":")[0] for label in labels] == [
        "Loss", "Accuracy", "Learning rate", "Update ratio", "Dead units",
    ]  # fmt: skip
    assert labels[0] == (
        "Loss: training 2 after epoch 1, 1 after epoch 2; "
        "validation 1.75 after epoch 1, 1.25 after epoch 2"
    )


def test_the_browser_is_given_everything_and_may_load_nothing(report):
    page, text, _ = report()
    assert any("default-src 'none'" in meta.get("content", "") for meta in page.all("meta"))
    for tag, attributes in page.elements:
        assert tag not in ("script", "link", "iframe", "object", "embed")
        for name, value in attributes.items():
            assert name not in ("href", "srcset", "action")
            assert not name.startswith("on")
            if name == "src":
                assert value.startswith("data:image/png;base64,")
    assert "@import" not in text
    assert "url(" not in text
    for image in page.all("img"):
        assert image["alt"]


def test_names_and_paths_are_no_markup(report):
    names = ("<script>alert(1)</script>", '"><img src=http://x>', "a & b")
    page, text, _ = report(names=names)
    assert "<script" not in text
    assert "<img src=http" not in text
    said = "".join(page.text)
    for name in (*names, CONFIG.data_dir):
        assert name in said


def test_the_numbers_of_the_confusion_matrix_are_all_there(report):
    _, text, evaluation = report()
    matrix = text.split('class="confusion"')[1].split("</table>")[0]
    found = Page(f"<table>{matrix.split('>', 1)[1]}</table>")
    numbers = [int(cell) for cell in found.text if cell.isdigit()]
    assert numbers == [count for count in evaluation.confusion.ravel() if count]


def test_settings_that_differ_from_the_defaults_are_marked(report):
    _, text, _ = report()
    marked = [row.split("</td>")[0] for row in text.split("<tr class=changed><td>")[1:]]
    assert marked == ["data", "data_dir", "freeze", "epochs"]
    assert "instead of 15" in text


def test_the_most_confident_mistakes_come_first(report, stripes):
    logits = np.zeros((len(stripes.test_labels), 3))
    logits[np.arange(len(logits)), stripes.test_labels] = 9
    page, text, _ = report(logits)
    assert "There are none" in text
    for place, size in ((3, 12.0), (5, 15.0)):
        logits[place, (stripes.test_labels[place] + 1) % 3] = size
    page, _, _ = report(logits)
    alts = [image["alt"] for image in page.all("img") if "taken for" in image["alt"]]
    names = stripes.class_names
    truths = [stripes.test_labels[place] for place in (5, 3)]
    assert alts == [f"A test image of {names[t]}, taken for {names[(t + 1) % 3]}" for t in truths]


def test_a_run_without_validation_and_one_without_epochs(report):
    blank = {"validation_loss": math.nan, "validation_accuracy": math.nan}
    page, _, _ = report(history=[dataclasses.replace(row, **blank) for row in HISTORY])
    assert "validation" not in page.all("svg")[0]["aria-label"]
    assert "Best validation" not in "".join(page.text)
    page, _, _ = report(history=[])
    assert page.all("svg") == []
    assert "stopped before its first epoch" in "".join(page.text)


@pytest.mark.parametrize("classes", [100, 101])
def test_many_classes(report, classes):
    page, text, evaluation = report(names=tuple(f"class {i}" for i in range(classes)))
    assert ('class="confusion"' in text) == (classes == 100)
    wrong = evaluation.confusion * ~np.eye(classes, dtype=bool)
    true, said = np.argwhere(wrong == wrong.max())[0]
    if classes > 100:
        assert f"<td>class {true}</td><td>class {said}</td>" in text
    assert "In the first five" in "".join(page.text)
