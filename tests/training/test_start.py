"""Fine-tuning starts from the weights of all kinds of files, and from all but their last layer."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.data import normalise
from mydl.data.preprocess import CAFFE_MEAN, MEAN, STD
from mydl.layers import Conv2d
from mydl.models import save_weights, squeezenet1_1, squeezenet_tiny
from mydl.models.saved import ModelCard, save_model
from mydl.training.config import TrainingConfig
from mydl.training.start import caffe_to_rgb, read_start
from mydl.training.trainer import Trainer
from mydl.weights import WeightsError


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3]))
def test_converted_filters_make_the_same_of_normalised_images(seed, kernel_size):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (1, 6, 6, 3))
    of_caffe = Conv2d(3, 4, kernel_size, dtype=np.float64, rng=rng)
    wanted = of_caffe.forward(image[..., ::-1] - CAFFE_MEAN)
    ours = Conv2d(3, 4, kernel_size, dtype=np.float64, rng=rng)
    ours.weight.data = caffe_to_rgb(of_caffe.weight.data)
    got = ours.forward((image / 255 - CAFFE_MEAN[::-1] / 255) / STD)
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Random weights of SqueezeNet 1.1 for a thousand classes, as PyTorch's users have them."""
    network = squeezenet1_1(seed=3)
    path = tmp_path_factory.mktemp("weights") / "squeezenet1_1.pth"
    save_weights(network, path)
    return path, network.state_dict()


def test_weights_of_imagenet(release):
    path, state = release
    start = read_start(False, str(path), "")
    assert start.settings == {
        "model": "squeezenet1_1", "bypass": "none", "squeeze_ratio": 0.0, "batch_norm": False,
    }  # fmt: skip
    assert (start.mean == MEAN).all()
    assert (start.std == STD).all()
    network = squeezenet1_1(num_classes=3, final_relu=False)
    before = network.state_dict()
    start.give_to(network)
    for name, values in network.state_dict().items():
        taken = state if name.startswith("features") else before
        assert np.array_equal(values, taken[name])


def test_weights_for_caffes_images_are_converted(release):
    path, state = release
    start = read_start(False, str(path), "caffe")
    assert (start.mean * 255 == [123, 117, 104]).all()
    first = "features.conv1.weight"
    assert np.array_equal(start.state[first], caffe_to_rgb(state[first]))
    others = [name for name in state if name != first]
    assert all(np.array_equal(start.state[name], state[name]) for name in others)


def test_the_embedded_weights_give_the_same_logits_for_normalised_images():
    start = read_start(True, "", "")
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.float32)
    wanted = (
        squeezenet1_1(pretrained=True).eval().forward(image[..., ::-1] - CAFFE_MEAN.astype("f"))
    )
    network = squeezenet1_1()
    network.load_state_dict(start.state)
    got = network.eval().forward(normalise(image.astype(np.uint8), start.mean, start.std))
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-3)
    assert start.settings["model"] == "squeezenet1_1"


def card(**options):
    return ModelCard(
        model="squeezenet_tiny",
        options=options,
        data="stripes",
        image_shape=(16, 16, 3),
        class_names=("a", "b"),
        mean=(0.1, 0.2, 0.3),
        std=(0.4, 0.5, 0.6),
    )


def test_the_squeeze_ratio_of_weights_is_read_off_them(tmp_path):
    options = {"num_classes": 2, "squeeze_ratio": 0.25}
    save_model(tmp_path / "model.npz", squeezenet_tiny(**options), card(**options))
    start = read_start(False, str(tmp_path / "model.npz"), "")
    assert start.settings["squeeze_ratio"] == 0.25


@pytest.mark.parametrize("name", ["", "model.npz"])
def test_a_run_of_ones_own_says_how_its_images_go_in(tmp_path, stripes, name):
    options = {"num_classes": 2, "batch_norm": True, "bypass": "complex", "seed": 7}
    network = squeezenet_tiny(**options)
    save_model(tmp_path / "model.npz", network, card(**options))
    weights = str(tmp_path / name)
    start = read_start(False, weights, "")
    assert start.settings == {
        "model": "squeezenet_tiny", "bypass": "complex", "squeeze_ratio": 0.0, "batch_norm": True,
    }  # fmt: skip
    config = TrainingConfig(weights=weights, bypass="complex", shard_size=4)
    trainer = Trainer(config, stripes)
    assert trainer.dataset.mean.tolist() == [0.1, 0.2, 0.3]
    assert trainer.card().mean == (0.1, 0.2, 0.3)
    state = trainer.model.state_dict()
    assert state["classifier.conv10.weight"].shape[-1] == 3
    for path, values in network.state_dict().items():
        if "conv10" not in path:
            assert np.array_equal(state[path], values)
    with pytest.raises(
        ValueError, match=r"of another network: features\.\S+ needs .* have nothing"
    ):
        Trainer(dataclasses.replace(config, model="squeezenet1_1_cifar"), stripes)


def test_no_weights_are_no_start():
    assert read_start(False, "", "") is None


@pytest.mark.parametrize(
    ("weights", "preprocess", "error", "message"),
    [
        ("nothing.npz", "", WeightsError, "nothing.npz: there is no such file"),
        ("notes.txt", "", WeightsError, "notes.txt: this is no weight file of a known kind"),
        ("notes.txt", "cafe", ValueError, "no preprocessing 'cafe': did you mean 'caffe'"),
    ],
)
def test_wrong_starts(tmp_path, monkeypatch, weights, preprocess, error, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("no weights")
    with pytest.raises(error, match=re.escape(message)):
        read_start(False, weights, preprocess)
