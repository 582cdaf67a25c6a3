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
from mydl.cli.classify import classify as classify_command
from mydl.cli.classify import find_photographs
from mydl.data.preprocess import preprocess, read_photograph
from mydl.models import save_weights, squeezenet1_1, squeezenet_tiny
from mydl.models.saved import ModelCard, save_model


def classify(*arguments, cwd=None, encoding="utf-8"):
    command = [sys.executable, "-m", "mydl", "classify", *map(str, arguments)]
    environment = os.environ | {"PYTHONIOENCODING": encoding, "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment, encoding=encoding
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


def test_the_answer_for_a_drawing_stays_the_same():
    """A red disc on blue; PyTorch gives the same with the authors' weights in full precision."""
    rows, columns = np.ogrid[:256, :256]
    pixels = np.full((256, 256, 3), (40, 90, 200), np.uint8)
    pixels[(rows - 128) ** 2 + (columns - 128) ** 2 < 80**2] = (220, 30, 20)
    classifier = Classifier.pretrained(threads=1)
    x = preprocess(Image.fromarray(pixels), "caffe")
    (row,) = classifier.probabilities([x])
    best = row.argsort()[::-1][:3]
    labels = [classifier.classes[i].label for i in best]
    assert labels == ["balloon", "ping-pong ball", "jellyfish"]
    np.testing.assert_allclose(row[best], [0.977, 0.0157, 0.0052], rtol=0.01)


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


def test_which_files_names_stand_for(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "photos" / "._a.jpg").write_bytes(b"kept by another system")
    inside = [Path("photos/a.jpg"), Path("photos/b.png")]
    assert find_photographs(["photos"]) == (inside, [])
    assert find_photographs(["ph*", "**/*.p?g"]) == ([*inside, inside[1]], [])
    (folder / "b*.jpg").write_bytes(b"")  # a name that looks like a pattern is a name
    assert find_photographs(["b*.jpg"]) == ([Path("b*.jpg")], [])


def test_a_terminal_that_cannot_show_the_bars_or_the_name(folder):
    Image.new("RGB", (50, 50), "white").save(folder / "żółw.png")
    run = classify("żółw.png", "--top", 1, cwd=folder, encoding="cp1252")
    assert run.returncode == 0, run.stderr
    name, line, *_ = run.stdout.splitlines()
    assert name == r"\u017có\u0142w.png"
    assert "%  #" in line
    run = classify("żółw.png", "--json", cwd=folder, encoding="ascii")
    assert json.loads(run.stdout)[0]["file"] == "żółw.png"


def test_a_person_who_waits_is_told_why(folder, monkeypatch, capsys):
    monkeypatch.setattr("mydl.cli.classify.PATIENCE", 0.0)
    classify_command([str(folder / "photos" / "a.jpg")])
    assert capsys.readouterr().err == ""  # not a terminal
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    classify_command([str(folder / "photos" / "a.jpg")])
    told = capsys.readouterr()
    assert told.err == "compiling the kernels, which only the first run on a machine does\n"
    assert "a.jpg" in told.out


def test_what_cannot_be_read_is_reported_and_skipped(folder):
    raw = (folder / "photos" / "a.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(raw[: len(raw) // 2])
    (folder / "nothing").mkdir()
    names = ["cut.jpg", "photos/a.jpg", "photos/notes.txt", "none.jpg", "nothing", "*.gif"]
    run = classify(*names, cwd=folder)
    assert run.returncode == 1
    assert "a.jpg" in run.stdout
    assert "cut.jpg" not in run.stdout
    *told, more = run.stderr.splitlines()
    assert len(told) == 5
    assert more == "More: mydl help classify"
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


def test_the_authors_own_weights_are_recognised(folder):
    save_weights(squeezenet1_1(pretrained=True), folder / "caffe.safetensors")
    run = classify("photos/a.jpg", "--weights", "caffe.safetensors", "--json", cwd=folder)
    assert run.stderr == "caffe.safetensors: images go in caffe\n"
    assert json.loads(run.stdout) == json.loads(
        classify("photos/a.jpg", "--json", cwd=folder).stdout
    )


def test_weights_for_small_images_that_do_not_say_how_these_go_in(folder):
    save_weights(squeezenet1_1(num_classes=10), folder / "ten.pth")
    run = classify("photos/a.jpg", "--weights", "ten.pth", cwd=folder)
    assert (run.returncode, run.stdout) == (1, "")
    assert "seems to be for 32x32 pixels: give the folder of its run, or if" in run.stderr
    arguments = ["--weights", "ten.pth", "--preprocess", "torchvision", "--json", "--top", 20]
    run = classify("photos/a.jpg", *arguments, cwd=folder)
    (result,) = json.loads(run.stdout)
    labels = {p["label"] for p in result["predictions"]}
    assert labels == {f"class {number}" for number in range(10)}


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
        ([], "name at least one photograph, folder or pattern: mydl classify cat.jpg"),
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
    _, more = run.stderr.splitlines()
    assert more.startswith("More: mydl help ")
    assert run.stdout == ""
