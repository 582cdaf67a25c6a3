"""``mydl export`` as it is typed."""

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mydl.cli.main import app
from mydl.data import load_dataset
from mydl.data.dataset import normalise
from mydl.models import build_model, load_weights
from mydl.models.saved import ModelCard, load_model, save_model

needs_onnx = pytest.mark.skipif(find_spec("onnx") is None, reason="needs the package onnx")
needs_runtime = pytest.mark.skipif(
    find_spec("onnx") is None or find_spec("onnxruntime") is None,
    reason="needs the packages onnx and onnxruntime",
)

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "export.md"
OPTIONS = {"num_classes": 4, "batch_norm": True, "bypass": "simple"}


@pytest.fixture
def run_folder(tmp_path):
    """What `mydl train` leaves behind, as far as it is exported."""
    card = ModelCard(
        model="squeezenet_tiny",
        options=OPTIONS,
        data="drawings",
        image_shape=(20, 24, 3),
        class_names=("north", "east", "south", "west"),
        mean=(0.5, 0.5, 0.5),
        std=(0.2, 0.2, 0.2),
    )
    folder = tmp_path / "run"
    folder.mkdir()
    save_model(folder / "model.npz", build_model("squeezenet_tiny", **OPTIONS), card)
    return folder


def run(*arguments):
    result = CliRunner().invoke(app, ["export", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@needs_runtime
def test_a_trained_model_goes_to_onnx_runtime(run_folder, tmp_path):
    path = tmp_path / "model.onnx"
    first, *others = run(run_folder, path).splitlines()
    size = path.stat().st_size
    assert first == f"{path}: squeezenet_tiny trained on drawings, {size:,} bytes"
    assert others[:2] == [
        "input   images: float32 (N, 3, 20, 24)",
        "output  logits: float32 (N, 4)",
    ]
    assert "the logits of 4 random images are mydl's, up to " in others[2]


@needs_onnx
def test_the_file_itself_and_an_ending_in_capitals(run_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    output = run(run_folder / "model.npz", "MODEL.ONNX")
    assert "not run in ONNX Runtime, which is not installed: pip install 'mydl[onnx]'" in output
    assert (tmp_path / "MODEL.ONNX").is_file()


@needs_runtime
def test_logits_that_are_all_zero_agree(run_folder, tmp_path):
    model, card = load_model(run_folder)
    model.classifier["conv10"].weight.data[...] = 0
    save_model(run_folder / "model.npz", model, card)
    assert "are mydl's, up to 0.0e+00" in run(run_folder, tmp_path / "model.onnx")


@needs_runtime
def test_logits_that_differ_are_no_success(run_folder, tmp_path, monkeypatch):
    def load_another(path):
        model, card = load_model(path)
        forward = model.forward
        model.forward = lambda x: forward(x) + np.float32(1)
        return model, card

    monkeypatch.setattr("mydl.models.saved.load_model", load_another)
    with pytest.raises(ValueError, match="computes other logits than mydl, a relative diff"):
        run(run_folder, tmp_path / "model.onnx")


@needs_runtime
def test_the_example_of_the_documentation_runs(tmp_path, monkeypatch, capsys):
    digits = load_dataset("digits")
    card = ModelCard(
        model="squeezenet_tiny",
        options={},
        data="digits",
        image_shape=(32, 32, 3),
        class_names=digits.class_names,
        mean=tuple(digits.mean.tolist()),
        std=tuple(digits.std.tolist()),
    )
    model = build_model("squeezenet_tiny")
    monkeypatch.chdir(tmp_path)
    save_model(tmp_path / "model.npz", model, card)
    run("model.npz", "digits.onnx")
    Image.fromarray(digits.test_images[0]).save("seven.png")
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENTATION.read_text(), re.DOTALL)
    exec(example, {})
    image = normalise(digits.test_images[:1], digits.mean, digits.std)
    assert capsys.readouterr().out.strip() == digits.class_names[model.predict(image)[0]]


@pytest.mark.parametrize("ending", [".npz", ".pth", ".PT", ".safetensors"])
def test_weights_alone_for_pytorch_and_for_mydl(run_folder, tmp_path, ending):
    path = tmp_path / f"weights{ending}"
    size = f"{path}: squeezenet_tiny trained on drawings, "
    assert run(run_folder, path).startswith(size)
    model, _ = load_model(run_folder)
    other = build_model("squeezenet_tiny", **OPTIONS, seed=1)
    load_weights(other, path)
    for name, values in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], values)


def test_an_npz_is_a_model_as_train_writes_it(run_folder, tmp_path):
    run(run_folder, tmp_path / "copy.npz")
    assert (tmp_path / "copy.npz").read_bytes() == (run_folder / "model.npz").read_bytes()


@pytest.mark.parametrize("name", ["model", "model.txt", "onnx"])
def test_an_ending_that_says_no_format(run_folder, tmp_path, name):
    with pytest.raises(ValueError, match=r"the ending must be one of .*\.onnx"):
        run(run_folder, tmp_path / name)


def test_a_folder_that_is_missing(run_folder, tmp_path):
    with pytest.raises(ValueError, match=r"model\.onnx: there is no folder .*nowhere"):
        run(run_folder, tmp_path / "nowhere" / "model.onnx")


def test_a_model_that_is_missing(tmp_path):
    with pytest.raises(ValueError, match="there is no such file"):
        run(tmp_path, tmp_path / "model.onnx")


def test_without_the_package_a_sentence_says_how_to_get_it(run_folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match=r"pip install 'mydl\[onnx\]'"):
        run(run_folder, tmp_path / "model.onnx")
    assert os.listdir(tmp_path) == ["run"]
