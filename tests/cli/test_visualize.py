"""``mydl visualize`` as it is typed, on a small network and the embedded digits."""

import signal

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mydl.cli.visualize import visualize
from mydl.cli.visualize_options import steps_of
from mydl.data import load_dataset
from mydl.models import squeezenet_tiny
from mydl.models.saved import ModelCard, save_model

COMMANDS = {
    "filters": [],
    "activations": ["--layer", "fire3", "--maps", "9"],
    "saliency": ["--label", "3"],
    "smooth": ["--samples", "2"],
    "guided": ["--index", "5"],
    "cam": [],
    "grad-cam": ["--layer", "fire2"],
    "occlusion": ["--window", "16", "--stride", "16"],
    "compare": ["--index", "1", "--index", "2", "--show", "filters,cam"],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with the weights of a network for the digits, in which commands run."""
    digits = load_dataset("digits")
    mean, std = tuple(digits.mean.tolist()), tuple(digits.std.tolist())
    card = ModelCard("squeezenet_tiny", {}, "digits", (32, 32, 3), digits.class_names, mean, std)
    save_model(tmp_path / "model.npz", squeezenet_tiny(), card)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(visualize, [*map(str, arguments)])


def fault(*arguments):
    """The sentence that a command ends with."""
    return str(run(*arguments).exception)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_writes_a_picture(folder, name):
    result = run(name, "--model", "model.npz", *COMMANDS[name])
    assert result.exit_code == 0, result.exception
    assert result.stdout == f"Wrote {name}.png\n"
    with Image.open(folder / f"{name}.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert min(pixels.shape[:2]) > 300
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50


def test_every_command_is_tried_or_belongs_to_others():
    from mydl.cli import visualize_attribution

    own = {
        c.name
        for c in visualize.registered_commands
        if c.callback.__module__ == visualize_attribution.__name__
    }
    assert own == set(COMMANDS)


def test_a_photograph_and_another_kind_of_file(folder):
    pixels = np.random.default_rng(0).integers(0, 256, (50, 60, 3)).astype(np.uint8)
    Image.fromarray(pixels).save("photo.png")
    result = run("cam", "photo.png", "--model", "model.npz", "--out", "map.svg")
    assert result.stdout == "Wrote map.svg\n"
    assert (folder / "map.svg").read_text().lstrip().startswith("<?xml")


def test_the_embedded_network_needs_a_photograph(folder):
    assert "name one to look at, such as cat.jpg" in fault("saliency")


def test_two_networks_side_by_side(folder):
    result = run("compare", "--model", "model.npz", "--model", "model.npz", "--show", "saliency")
    assert result.exit_code == 0, result.exception
    with Image.open("compare.png") as picture:
        width, height = picture.size
    assert 0.9 < width / height < 1.1  # two rows of two


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("cam", "cat.jpg", "--model", "model.npz"), "cat.jpg: there is no such file"),
        (("cam", "--model", "model.npz", "--out", "cam.html"), "--out must end in one of "),
        (("cam", "--model", "model.npz", "--out", "no/cam.png"), "there is no folder no"),
        (("cam", "--model", "runs/1"), "there is no run or file of weights runs/1"),
        (("cam", "--model", "model.npz", "--label", "ten"), "--label must be the name of a class"),
        (("cam", "--model", "model.npz", "--index", "-1"), "--index is the number of a test image"),
        (("grad-cam", "--model", "model.npz", "--layer", "fire9"), "there is no layer 'fire9'"),
        (("grad-cam", "--model", "model.npz", "--layer", "pool10"), "has no rows and columns"),
        (("activations", "--model", "model.npz", "--layer", "pool10"), "has no rows and columns"),
        (
            ("filters", "--model", "model.npz", "--layer", "relu1"),
            "relu1 is a ReLU and has no filters",
        ),
        (("occlusion", "--model", "model.npz", "--window", "99"), "from 1 to 32 pixels, got 99"),
        (("occlusion", "--model", "model.npz", "--stride", "9"), "from 1 to 6, the window's side"),
        (("compare", "--model", "model.npz"), "needs from 2 to 6 rows"),
        (("compare", "--show", "sailency"), "did you mean 'saliency'?"),
    ],
)
def test_bad_input_gets_one_sentence(folder, arguments, words):
    message = fault(*arguments)
    assert words in message
    assert "\n" not in message


def test_ctrl_c_ends_the_work_with_what_there_is(capsys):
    done = []
    for step in steps_of("work")(5):
        done.append(step)
        if step == 1:
            signal.raise_signal(signal.SIGINT)
    assert done == [0, 1]
    assert "Stopped after 2 of 5 steps, with what there is" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_stops_at_once():
    previous = signal.getsignal(signal.SIGINT)
    steps = steps_of("work")(5)
    assert next(iter(steps)) == 0
    signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    steps.close()
    assert signal.getsignal(signal.SIGINT) is previous
