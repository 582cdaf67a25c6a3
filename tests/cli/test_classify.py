"""The command that says what is on a photograph."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mydl.classifier import Classifier
from mydl.data.preprocess import preprocess, read_photograph
from mydl.models import save_weights, squeezenet1_1, squeezenet_tiny
from mydl.models.saved import ModelCard, save_model


def classify(*arguments, cwd=None):
    command = [sys.executable, "-m", "mydl", "classify", *map(str, arguments)]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment, encoding="utf-8"
    )


@pytest.fixture
def folder(tmp_path):
    """Two pictures and a text."""
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for name, low in (("a.jpg", 0), ("b.png", 200)):
        pixels = rng.integers(low, low + 50, (90, 120, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / name)
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    return tmp_path


def test_a_photograph_offline_at_the_first_try(folder):
    path = folder / "photos" / "a.jpg"
    run = classify(path, cwd=folder)
    assert run.returncode == 0
    assert run.stderr == ""
    first, *lines = run.stdout.splitlines()
    assert first == str(path)
    assert len([line for line in lines if "%" in line]) == 5
    classifier = Classifier.pretrained(threads=1)
    x = preprocess(read_photograph(path), "caffe")
    best = int(classifier.probabilities([x])[0].argmax())
    assert lines[0].endswith(classifier.classes[best].label)


def test_json_of_a_folder_and_a_pattern(folder):
    run = classify("photos", "photos/*.png", "--json", "--top", 3, "--threads", 1, cwd=folder)
    assert run.returncode == 0
    results = json.loads(run.stdout)
    assert [Path(r["file"]).name for r in results] == ["a.jpg", "b.png", "b.png"]
    for result in results:
        predictions = result["predictions"]
        assert len(predictions) == 3
        chances = [p["probability"] for p in predictions]
        assert chances == sorted(chances, reverse=True)
        assert all(set(p) == {"index", "synset", "label", "probability"} for p in predictions)
        assert all(p["synset"].startswith("n") for p in predictions)
    assert results[1] == results[2]


def test_what_cannot_be_read_is_reported_and_skipped(folder):
    raw = (folder / "photos" / "a.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(raw[: len(raw) // 2])
    (folder / "nothing").mkdir()
    names = ["cut.jpg", "photos/a.jpg", "photos/notes.txt", "none.jpg", "nothing", "*.gif"]
    run = classify(*names, cwd=folder)
    assert run.returncode == 1
    assert "a.jpg" in run.stdout
    assert "cut.jpg" not in run.stdout
    told = run.stderr.splitlines()
    assert len(told) == 5
    for word in ("cut.jpg: the picture cannot be read", "notes.txt: this is no picture",
                 "none.jpg: there is no such file", "nothing: the folder has no pictures",
                 "*.gif: no file fits this pattern"):  # fmt: skip
        assert any(word in line for line in told), word


def test_weights_of_another_file_need_no_name_of_a_model(folder):
    network = squeezenet1_1(seed=3)
    save_weights(network, folder / "mine.pth")
    run = classify("photos/a.jpg", "--weights", "mine.pth", "--json", cwd=folder)
    assert run.returncode == 0
    assert "mine.pth: images go in torchvision" in run.stderr
    x = preprocess(read_photograph(folder / "photos" / "a.jpg"), "torchvision")
    logits = network.eval().forward(x[None])[0]
    best = json.loads(run.stdout)[0]["predictions"][0]
    assert best["index"] == logits.argmax()
    caffe = classify("photos/a.jpg", "--weights", "mine.pth", "--preprocess", "caffe", cwd=folder)
    assert "images go in caffe" in caffe.stderr


def test_a_network_that_was_trained_here_has_its_own_classes(folder):
    names = tuple("abcdefghij")
    card = ModelCard(
        "squeezenet_tiny", {}, "cifar10", (32, 32, 3), names, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)
    )
    save_model(folder / "model.npz", squeezenet_tiny(), card)
    run = classify("photos/a.jpg", "--weights", "model.npz", "--json", "--top", 99, cwd=folder)
    assert run.returncode == 0
    predictions = json.loads(run.stdout)[0]["predictions"]
    assert sorted(p["label"] for p in predictions) == list(names)
    assert {p["synset"] for p in predictions} == {None}
    both = classify("photos/a.jpg", "--weights", "model.npz", "--preprocess", "caffe", cwd=folder)
    assert (both.returncode, both.stdout) == (1, "")
    assert "says itself how images go in: leave out --preprocess" in both.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.jpg", "--top", 0], "--top must be at least 1, got 0"),
        (["a.jpg", "--preprocess", "torchvision"], "the embedded weights need --preprocess caffe"),
        (["a.jpg", "--weights", "none.pth"], "none.pth"),
        (["a.jpg", "--weights", "a.jpg"], "a.jpg"),
        (["a.jpg", "--threads", 0], "threads must be at least 1, got 0"),
    ],
)
def test_wrong_arguments_get_one_sentence(folder, arguments, sentence):
    run = classify(*arguments, cwd=folder)
    assert run.returncode == 1
    assert sentence in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert run.stdout == ""
