"""``mydl summary --graph`` as it is typed."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from mydl.cli.summary import summary
from mydl.cli.summary_graph import Drawing
from mydl.models import build_model
from mydl.models.saved import ModelCard, save_model

app = typer.Typer()
app.command()(summary)

CARD = ModelCard(
    model="squeezenet_tiny",
    options={"num_classes": 3},
    data="imagefolder",
    image_shape=(40, 40, 3),
    class_names=("rose", "tulip", "daisy"),
    mean=(0.4, 0.5, 0.6),
    std=(0.2, 0.3, 0.4),
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def weights(folder):
    """A network that somebody trained, for photographs of 40x40 pixels."""
    network = build_model("squeezenet_tiny", num_classes=3, seed=5)
    save_model(folder / "flowers.npz", network, CARD)
    return "flowers.npz"


@pytest.fixture
def photograph(folder):
    pixels = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "photo.png")
    return "photo.png"


def run(*arguments):
    result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def drawn(folder, name="model.svg"):
    """The picture's text, after a check that it is well-formed."""
    return "\n".join(ElementTree.parse(folder / name).getroot().itertext())


def test_it_draws_instead_of_printing_the_table(folder):
    output = run("squeezenet_tiny", "--bypass", "simple", "--graph", "model.svg")
    assert output == "Wrote model.svg: open it in a browser\n"
    text = drawn(folder)
    assert "squeezenet_tiny" in text
    assert "inner + x" in text
    assert "gradients" not in text
    assert [path.name for path in folder.iterdir()] == ["model.svg"]


def test_the_shape_is_that_of_the_input(folder):
    run("squeezenet_tiny", "--graph", "model.svg", "--input", "3x48x40")
    assert "48x40x64" in drawn(folder)


def test_backward_without_an_image_says_that_the_pixels_are_random(folder):
    output = run("squeezenet_tiny", "--graph", "model.svg", "--backward", "--label", "7")
    loss, pixels, _ = output.splitlines()
    assert re.fullmatch(r"gradients of the loss \d\.\d+ for class 7", loss)
    assert pixels == "random pixels, as there is no --image; initial weights"
    text = drawn(folder)
    assert loss in text
    assert pixels in text
    assert "‖dW‖" in text
    assert "the answer" not in text


def test_the_same_command_draws_the_same_picture(folder):
    for name in ("a.svg", "b.svg"):
        run("squeezenet_tiny", "--graph", name, "--backward")
    assert (folder / "a.svg").read_bytes() == (folder / "b.svg").read_bytes()


def test_a_photograph_goes_into_a_trained_network_as_in_training(folder, weights, photograph):
    arguments = (weights, "--graph", "model.svg", "--backward", "--image", photograph)
    output = run(*arguments, "--label", "tulip")
    assert re.match(r"gradients of the loss \d\.\d+ for tulip\nphoto.png\n", output)
    text = drawn(folder)
    assert "40x40x3" in text
    assert "initial" not in text
    assert re.search("for (rose|tulip|daisy), the answer\n", run(*arguments))


def test_random_pixels_have_the_shape_of_the_training_s_images(folder, weights):
    run(weights, "--graph", "model.svg", "--backward")
    assert "40x40x3" in drawn(folder)


def test_a_photograph_goes_into_an_untrained_network(folder, photograph):
    arguments = ("--graph", "model.svg", "--backward", "--image", photograph)
    assert "photo.png; initial weights" in run("squeezenet_tiny", *arguments)
    assert "32x32x3" in drawn(folder)


def test_the_table_of_a_trained_network(weights):
    output = run(weights)
    assert "121,187 parameters" in output
    assert re.search(r"conv1 +Conv2d +40x40x64", output)
    assert run("pretrained").splitlines()[-3:] == run("squeezenet1_1").splitlines()[-3:]


@pytest.mark.slow
def test_the_embedded_network_and_a_photograph(folder, photographs_folder):
    photograph = str(photographs_folder / "n02099601.jpg")
    output = run("pretrained", "--graph", "model.svg", "--backward", "--image", photograph)
    assert "for golden retriever, the answer\nn02099601.jpg\n" in output
    assert "227x227x3" in drawn(folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--graph model.png", "--graph draws SVG: name a file that ends in .svg, got model.png"),
        ("--graph there/model.svg", "--graph: there is no folder there"),
        ("--backward", "add --graph model.svg"),
        ("--graph m.svg --label 3", "add --backward"),
        ("--graph m.svg --image photo.png", "add --backward"),
        ("--graph m.svg --json", "leave out --compare and --json"),
        ("--graph m.svg --compare", "leave out --compare and --json"),
        ("--graph m.svg --backward --label 10", "a number from 0 to 9, got '10'"),
        ("--graph m.svg --backward --image none.png", "none.png: there is no such file"),
    ],
)
def test_what_does_not_go_together(folder, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        run("squeezenet_tiny", *arguments.split())
    assert not list(folder.iterdir())


def test_a_photograph_has_one_size(weights, photograph):
    arguments = ("--graph", "m.svg", "--backward", "--image", photograph, "--input", "3x32x32")
    with pytest.raises(ValueError, match=r"photo\.png goes into .* as 3x40x40: leave out --input"):
        run(weights, *arguments)


def test_a_trained_network_cannot_be_built_in_another_way(weights):
    with pytest.raises(ValueError, match="built already: leave out --num-classes"):
        run(weights, "--num-classes", "4")


def test_a_file_that_is_there_already_is_replaced_whole(folder):
    (folder / "model.svg").write_text("x" * 10**6)
    run("squeezenet_tiny", "--graph", "model.svg")
    assert drawn(folder)


def test_a_drawing_checks_its_options_before_any_work(folder):
    drawing = Drawing(folder / "m.SVG", backward=True, label="3")
    with pytest.raises(ValueError, match="add --backward"):
        replace(drawing, backward=False)
