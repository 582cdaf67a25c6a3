"""Weights for other programs: PyTorch's names, shapes and layouts, and files that are whole."""

import os
from importlib.util import find_spec

import numpy as np
import pytest

from mydl.models import SqueezeNet, load_weights, network_of, save_weights, squeezenet1_1
from mydl.models.naming import flattened, positions, to_path, torch_names
from mydl.models.storing import torch_state
from mydl.weights import load_npz

# torchvision's fire modules: position, channels of the input, squeeze and expand filters.
FIRES = {
    "1.0": """3 96 16 64, 4 128 16 64, 5 128 32 128, 7 256 32 128, 8 256 48 192, 9 384 48 192,
              10 384 64 256, 12 512 64 256""",
    "1.1": """3 64 16 64, 4 128 16 64, 6 128 32 128, 7 256 32 128, 9 256 48 192, 10 384 48 192,
              11 384 64 256, 12 512 64 256""",
}
FIRES = {v: [tuple(map(int, fire.split())) for fire in f.split(",")] for v, f in FIRES.items()}
FIRST = {"1.0": (96, 3, 7, 7), "1.1": (64, 3, 3, 3)}


def torchvision_shapes(version):
    shapes = {"features.0.weight": FIRST[version], "features.0.bias": FIRST[version][:1]}
    for position, channels, squeeze, expand in FIRES[version]:
        place = f"features.{position}"
        shapes[f"{place}.squeeze.weight"] = (squeeze, channels, 1, 1)
        shapes[f"{place}.squeeze.bias"] = (squeeze,)
        for size in (1, 3):
            shapes[f"{place}.expand{size}x{size}.weight"] = (expand, squeeze, size, size)
            shapes[f"{place}.expand{size}x{size}.bias"] = (expand,)
    return {**shapes, "classifier.1.weight": (1000, 512, 1, 1), "classifier.1.bias": (1000,)}


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_names_shapes_and_order_are_torchvision_s(version):
    state = torch_state(SqueezeNet(version))
    assert [(name, values.shape) for name, values in state.items()] == list(
        torchvision_shapes(version).items()
    )


def test_filters_are_those_that_pytorch_would_slide():
    model = squeezenet1_1(num_classes=3)
    theirs = torch_state(model)["features.3.expand3x3.weight"]
    ours = model.features["fire2"].expand3x3.weight.data
    assert theirs[5, 7, 0, 2] == ours[0, 2, 7, 5]


def test_pytorch_loads_what_is_written_and_computes_the_same(tmp_path):
    torch = pytest.importorskip("torch")
    from torch import nn

    class Fire(nn.Module):
        def __init__(self, channels, squeeze, expand):
            super().__init__()
            self.squeeze = nn.Conv2d(channels, squeeze, 1)
            self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
            self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

        def forward(self, x):
            s = self.squeeze(x).relu()
            return torch.cat([self.expand1x1(s), self.expand3x3(s)], 1).relu()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            layers = [nn.Conv2d(3, 64, 3, 2), nn.ReLU()]
            for position, *sizes in FIRES["1.1"]:
                if position > len(layers):
                    layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
                layers.append(Fire(*sizes))
            self.features = nn.Sequential(*layers)
            self.classifier = nn.Sequential(
                nn.Dropout(), nn.Conv2d(512, 1000, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
            )

        def forward(self, x):
            return self.classifier(self.features(x)).flatten(1)

    model = squeezenet1_1(seed=5)
    images = np.random.default_rng(0).normal(size=(2, 65, 70, 3)).astype(np.float32)
    wanted = model.eval().forward(images)
    save_weights(model, tmp_path / "model.pth")
    save_weights(model, tmp_path / "model.safetensors")
    states = [torch.load(tmp_path / "model.pth", weights_only=True)]
    if find_spec("safetensors"):
        from safetensors.torch import load_file

        states.append(load_file(tmp_path / "model.safetensors"))
    for state in states:
        net = Net().eval()
        assert str(net.load_state_dict(state, strict=True)) == "<All keys matched successfully>"
        logits = net(torch.tensor(images.transpose(0, 3, 1, 2))).detach().numpy()
        np.testing.assert_allclose(logits, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.skipif(find_spec("onnx") is None, reason="needs the package onnx")
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("bypass", [None, "simple", "complex"])
def test_an_onnx_file_comes_back_exactly(bypass, batch_norm, tmp_path):
    path = tmp_path / "model.onnx"
    options = {"num_classes": 10, "bypass": bypass, "batch_norm": batch_norm}
    model = SqueezeNet("tiny", **options, seed=5)
    save_weights(model, path)
    other = SqueezeNet("tiny", **options, seed=6)
    loaded = load_weights(other, path)
    assert (loaded.kind, loaded.checksum) == ("onnx", "SHA-256")
    for network in (other, network_of(path)):
        for name, values in model.state_dict().items():
            np.testing.assert_array_equal(network.state_dict()[name], values)


def test_an_ending_that_says_no_format(tmp_path):
    for name in ("weights", "weights.h5", "pth"):
        with pytest.raises(ValueError, match=r"the ending must be one of \.npz, \.pth, "):
            save_weights(squeezenet1_1(num_classes=2), tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_failed_write_leaves_the_earlier_file(tmp_path, monkeypatch):
    model = SqueezeNet("tiny", 2)
    for ending in (".npz", ".pth", ".safetensors"):
        path = tmp_path / f"weights{ending}"
        save_weights(model, path)
        before = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
            with pytest.raises(OSError, match="full"):
                save_weights(SqueezeNet("tiny", 2, seed=1), path)
        assert path.read_bytes() == before
    assert len(os.listdir(tmp_path)) == 3


def test_an_npz_without_a_card_describes_nothing(tmp_path):
    save_weights(SqueezeNet("tiny", 2), tmp_path / "weights.npz")
    assert load_npz(tmp_path / "weights.npz")[1] == {}


def test_names_go_both_ways():
    model = SqueezeNet("1.1", 3, bypass="complex", batch_norm=True)
    names = torch_names(model)
    assert names["features.fire2.projection.conv.weight"] == "features.3.projection.conv.weight"
    assert names["features.fire3.inner.squeeze.norm.bias"] == "features.4.inner.squeeze.norm.bias"
    assert {to_path(name, positions(model)): name for name in names.values()} == names
    assert flattened(model) == {}
    for name in ("features.99.weight", "features", "features.", "x.y.z", "", "features.0"):
        assert to_path(name, positions(model)) == name
