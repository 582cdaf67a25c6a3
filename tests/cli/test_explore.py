"""The command that shows every number of a network."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import numpy as np
import pytest
from PIL import Image

from mydl.cli import explore as command
from mydl.cli.explore import explore
from mydl.cli.subject import find_subject, newest_run
from mydl.data import load_dataset
from mydl.models import save_weights, squeezenet_tiny
from mydl.models.saved import ModelCard, save_model

NAMES = ("cat", "dog", "red fox")


def write_run(folder, data="digits", classes=None):
    """A run's folder, as far as it takes to use its network."""
    folder.mkdir(parents=True)
    digits = load_dataset("digits")
    classes = classes or digits.class_names
    card = ModelCard(
        model="squeezenet_tiny",
        options={"num_classes": len(classes)},
        data=data,
        image_shape=(32, 32, 3),
        class_names=tuple(classes),
        mean=tuple(digits.mean.tolist()),
        std=tuple(digits.std.tolist()),
    )
    save_model(folder / "model.npz", squeezenet_tiny(len(classes)), card)
    return folder


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run on digits in the current folder."""
    monkeypatch.chdir(tmp_path)
    return write_run(tmp_path / "runs" / "one")


@pytest.fixture
def photograph(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "cat.png")
    return str(tmp_path / "cat.png")


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script>', text)[1])


def test_the_newest_run_here_and_its_first_test_image(run, tmp_path, capsys):
    newer = write_run(tmp_path / "runs" / "another")
    os.utime(run / "model.npz", (1, 1))
    assert newest_run().resolve() == newer.resolve()
    explore()
    data = data_of(tmp_path / "explorer.html")
    digits = load_dataset("digits")
    assert data["title"] == "squeezenet_tiny, test image 0 of digits"
    assert data["label"] == digits.test_labels[0]
    assert data["classes"] == list(digits.class_names)
    said = capsys.readouterr().out
    assert f"loss {data['loss']:.4f} for the class '{digits.test_labels[0]}'" in said
    assert "Wrote explorer.html, " in said


def test_an_image_goes_in_as_in_training(run):
    subject = find_subject(str(run), None, index=7)
    digits = load_dataset("digits")
    np.testing.assert_array_equal(subject.pixels, digits.test_images[7])
    np.testing.assert_allclose(subject.inputs, digits.inputs(digits.test_images[7:8])[0], rtol=1e-6)


def test_a_photograph_and_a_class(run, photograph, tmp_path):
    explore(str(run), photograph, label="5", size=40, out=tmp_path / "page.html")
    data = data_of(tmp_path / "page.html")
    assert data["values"][0]["shape"] == [40, 40, 3]
    assert data["label"] == 5
    assert not (tmp_path / "explorer.html").exists()


def test_without_a_class_the_loss_is_about_the_network_s_answer(run, photograph, tmp_path):
    explore(str(run), photograph)
    data = data_of(tmp_path / "explorer.html")
    subject = find_subject(str(run), photograph)
    answer = subject.trained.network.predict(subject.inputs[None])[0]
    assert data["label"] == answer


def test_the_embedded_network_where_there_is_no_run(photograph, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert newest_run() is None
    subject = find_subject(photograph, None)  # a picture alone
    assert subject.network_name == "SqueezeNet 1.1"
    assert subject.picture_name == "cat.png"
    assert subject.pixels.shape == (227, 227, 3)
    assert subject.scaled(64).pixels.shape == (64, 64, 3)
    assert subject.class_of("n01440764") == subject.class_of("Tench") == subject.class_of("0") == 0
    with pytest.raises(ValueError, match=r"SqueezeNet 1\.1 knows photographs: name one"):
        find_subject(None, None)


def test_a_picture_may_not_be_grey_or_square(run, tmp_path):
    Image.new("L", (50, 20), 128).save(tmp_path / "grey.png")
    subject = find_subject(str(run), str(tmp_path / "grey.png"))
    assert subject.pixels.shape == (32, 32, 3)
    assert (subject.pixels == 128).all()


def test_what_is_wrong_is_told(run, photograph, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    of_photographs = write_run(tmp_path / "photographs", "imagefolder", NAMES)
    plain = tmp_path / "plain.npz"
    save_weights(squeezenet_tiny(), plain)
    name = str(run)
    for options, message in (
        ({"network": "nowhere"}, "there is no run or file of weights nowhere"),
        ({"network": "empty"}, "empty: there are no weights in this folder yet"),
        ({"network": str(plain)}, "plain.npz does not say how images go into its network"),
        ({"network": str(of_photographs)}, "knows photographs: name one to look at"),
        ({"network": name, "image": "nowhere.png"}, "nowhere.png: there is no such file"),
        ({"network": name, "image": "text.png"}, "text.png: this is no picture"),
        ({"network": name, "image": photograph, "index": 3}, "and --index each name an image"),
        ({"network": name, "index": 360}, "--index is the number of a test image .* 0 to 359"),
        ({"network": name, "index": -1}, "--index is the number of a test image"),
        ({"network": name, "label": "ten"}, "--label must be the name of a class"),
        ({"network": name, "size": 257}, "--size must be from 1 to 256 pixels, got 257"),
        ({"network": name, "size": 0}, "--size must be from 1 to 256 pixels, got 0"),
        ({"network": name, "size": 1}, r"features\.pool1 .* is larger than the image"),
        ({"network": name, "out": tmp_path}, "is a folder: name a file in it with --out"),
        ({"network": name, "out": tmp_path / "no" / "x.html"}, "there is no folder"),
    ):
        with pytest.raises(ValueError, match=message):
            explore(**options)
    assert not (tmp_path / "explorer.html").exists()


def test_a_class_that_is_nearly_named(tmp_path, photograph):
    of_photographs = write_run(tmp_path / "photographs", "imagefolder", NAMES)
    with pytest.raises(ValueError, match=r"from 0 to 2, got 'red fux': did you mean 'red fox'\?"):
        explore(str(of_photographs), photograph, label="red fux")


def test_a_page_that_would_be_too_large_is_not_written(run, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "MOST_BYTES", 1_000_000)
    with pytest.raises(ValueError, match=r"the page would have \d+ MB, .* smaller --size than 32"):
        explore(str(run))
    assert not (tmp_path / "explorer.html").exists()


def test_the_page_is_opened_on_request(run, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(command.webbrowser, "open", opened.append)
    explore(str(run))
    assert opened == [], "nobody is at a terminal"
    explore(str(run), open_=True)
    assert opened == [(tmp_path / "explorer.html").resolve().as_uri()]


@pytest.mark.slow
def test_serving_until_ctrl_c(run, tmp_path):
    arguments = [sys.executable, "-m", "mydl", "explore", str(run), "--serve"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        line = next(line for line in process.stdout if line.startswith("Serving"))
        with urllib.request.urlopen(re.search(r"http://\S+", line)[0]) as response:
            assert "squeezenet_tiny" in response.read().decode()
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
        assert (process.returncode, said.strip(), errors) == (0, "Stopped", "")
    assert not (tmp_path / "explorer.html").exists()
