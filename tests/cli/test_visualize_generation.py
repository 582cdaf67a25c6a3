"""The commands of ``mydl visualize`` that make pictures, as they are typed, on a small network."""

import signal

import numpy as np
import pytest
from PIL import Image

from mydl.cli import visualize_generation
from mydl.cli.visualize import visualize
from mydl.visualize import deepdream

from .test_visualize import fault, folder, run

__all__ = ["folder"]  # a fixture

COMMANDS = {
    "fool": ["--to", "3", "--iterations", "5", "--limit", "60"],
    "fgsm": ["--step", "4"],
    "class": ["3", "7", "--iterations", "3"],
    "dream": ["--iterations", "2", "--octaves", "1"],
    "invert": ["--layer", "fire2", "--iterations", "3"],
    "style": ["--iterations", "3"],
}


def test_every_command_is_tried():
    module = visualize_generation.__name__
    registered = visualize.registered_commands
    assert {c.name for c in registered if c.callback.__module__ == module} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_writes_a_picture(folder, name):
    result = run(name, *COMMANDS[name], "--model", "model.npz")
    assert result.exit_code == 0, result.exception
    assert result.stdout.endswith(f"Wrote {name}.png\n")
    with Image.open(folder / f"{name}.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50


def test_fooling_says_what_it_did(folder):
    lines = run("fool", *COMMANDS["fool"], "--model", "model.npz").stdout.splitlines()
    assert lines[0].startswith("test image 0 of digits: ")
    assert "of 255 grey levels on average, at most " in lines[1]
    lines = run("fgsm", *COMMANDS["fgsm"], "--model", "model.npz").stdout.splitlines()
    assert lines[0] == "Each value changed by 4 of 255 grey levels"


def test_a_change_that_is_too_small_is_called_so(folder):
    lines = run("fgsm", "--step", "0", "--model", "model.npz").stdout.splitlines()
    assert "The network's answer is the same: allow a larger change with --step" in lines


def test_a_dream_and_a_painting_have_the_size_that_one_asks_for(folder):
    pixels = np.random.default_rng(0).integers(0, 256, (50, 100, 3)).astype(np.uint8)
    Image.fromarray(pixels).save("photo.png")
    Image.fromarray(pixels[:, :70]).save("painting.png")
    small = ["--size", "40", "--iterations", "2", "--model", "model.npz"]
    assert run("dream", "photo.png", *small).exit_code == 0
    result = run("style", "photo.png", "--like", "painting.png", *small, "--out", "painted.jpg")
    assert result.stdout.startswith("Distance from the style: ")
    for name in ("dream.png", "painted.jpg"):
        with Image.open(name) as picture:
            assert picture.size == (40, 20)


def test_ctrl_c_keeps_the_dream_so_far(folder, monkeypatch):
    seen = []
    real = deepdream._towards_more

    def interrupted(*arguments):
        seen.append(1)
        if len(seen) == 2:
            signal.raise_signal(signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(deepdream, "_towards_more", interrupted)
    result = run("dream", "--iterations", "9", "--octaves", "1", "--model", "model.npz")
    assert result.exit_code == 0, result.exception
    assert "Stopped after 2 of 9 steps, with what there is" in result.stderr
    assert len(seen) == 2
    assert (folder / "dream.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fool", "--to", "ten"), "--to must be the name of a class, such as '0', or a number"),
        (("class", "ten"), "CLASS must be the name of a class"),
        (("fgsm", "--label", "10"), "--label must be the name of a class"),
        (("dream", "--layer", "fire9"), "there is no layer 'fire9'"),
        (("invert", "--layer", "fire9"), "there is no layer 'fire9'"),
        (("dream", "cat.jpg", "--size", "64"), "cat.jpg: there is no such file"),
        (("style", "--like", "starry.jpg"), "starry.jpg: there is no such file"),
        (("style", "--out", "style"), "--out must end in one of "),
    ],
)
def test_bad_input_gets_one_sentence(folder, arguments, words):
    message = fault(*arguments, "--model", "model.npz")
    assert words in message
    assert "\n" not in message
