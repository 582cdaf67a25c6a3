"""Folders of photographs are matched with a network's classes, and tested to the last one."""

import numpy as np
import pytest
from PIL import Image

from mydl.classifier import Classifier, ImageClass
from mydl.data import DataError
from mydl.data.imagefolder import read_centre
from mydl.layers import GlobalAvgPool2d, Sequential
from mydl.models import Network
from mydl.training import labelled
from mydl.training.labelled import Labelled, evaluate_labelled, find_labelled

# As ImageNet has them, where "crane" stands for a bird and a machine.
CLASSES = [
    ImageClass("red fox, Vulpes vulpes", "n01"),
    ImageClass("crane", "n02"),
    ImageClass("crane", "n03"),
]


def paint(path, colour):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (24, 20), colour).save(path)


@pytest.mark.parametrize("name", ["n01", "N01", "red fox", "Red_Fox", "red fox, Vulpes vulpes"])
def test_folders_are_found_by_each_name(tmp_path, name):
    paint(tmp_path / name / "1.png", (1, 1, 1))
    paint(tmp_path / "n03" / "2.png", (1, 1, 1))
    found = find_labelled(tmp_path, CLASSES)
    by_name = dict(zip([path.name for path in found.paths], found.labels, strict=True))
    assert by_name == {"1.png": 0, "2.png": 2}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("crane", "'crane' may be of the classes n02 and n03: use one of these names"),
        ("red fxo", "none of the network's 3 classes: did you mean 'red fox'?"),
        ("teapot", "none of the network's 3 classes: name the folders after these"),
    ],
)
def test_folders_of_no_class_are_refused(tmp_path, name, message):
    paint(tmp_path / name / "1.png", (1, 1, 1))
    with pytest.raises(DataError, match=message):
        find_labelled(tmp_path, CLASSES)


@pytest.fixture
def classifier():
    """A network whose logits are the means of red, green and blue."""

    def prepare(path):
        return read_centre(path, 16).astype(np.float32) / 255

    network = Network(Sequential(), Sequential(GlobalAvgPool2d()))
    return Classifier(network, CLASSES, prepare, "from 0 to 1", threads=2)


def test_every_photograph_counts_and_unreadable_ones_do_not(tmp_path, classifier, monkeypatch):
    monkeypatch.setattr(labelled, "AT_ONCE", 2)
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 255, 255), (0, 200, 0)]
    labels = [0, 1, 2, 2, 0]  # the fourth is a tie, which counts as green, and the last is wrong
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for path, colour in zip(paths, colours, strict=True):
        paint(path, colour)
    broken = tmp_path / "broken.png"
    broken.write_text("no photograph")
    everything = Labelled([broken, *paths, broken], [1, *labels, 1])
    result, notes = evaluate_labelled(classifier, everything)
    assert result.accuracy == 3 / 5
    assert result.top5 == 1
    assert result.confusion.tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 1]]
    assert result.class_accuracy.tolist() == [0.5, 1, 0.5]
    (note,) = notes
    assert note.startswith("left out 2 of 7 files that cannot be read: ")


def test_nothing_to_test_on(tmp_path, classifier):
    (tmp_path / "broken.png").write_text("no photograph")
    with pytest.raises(DataError, match="no photograph is left to test on: left out 1 of 1 files"):
        evaluate_labelled(classifier, Labelled([tmp_path / "broken.png"], [0]))
