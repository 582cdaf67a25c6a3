"""One file of each kind: its content says what it is, and damage is an error and nothing worse."""

import contextlib
import copy
import pickle
import shutil
import struct
from importlib.util import find_spec

import numpy as np
import pytest

from mydl.models import SqueezeNet, load_weights, network_of, save_weights
from mydl.models.storing import torch_state
from mydl.weights import WeightsError, torch_files
from mydl.weights.any_file import kind_of

MODEL = SqueezeNet("tiny", 3, "cifar", base_e=16, incr_e=16, final_relu=False, dropout=0.0)
CHECKED = {  # what is damaged here, and which checksum must notice
    "mydl": "CRC-32",
    "npz": "CRC-32",
    "torch": "CRC-32",
    "torch-legacy": None,
    "safetensors": "SHA-256",
    "safetensors, foreign": None,
    "onnx": "SHA-256",
    "onnx, foreign": None,
    "onnx, no names": None,
    "tensorflow": "CRC-32C",
    "deep-compression": "SHA-256",
}


def legacy(state):
    """A state dict as PyTorch wrote it before version 1.6."""
    keys = [str(key) for key in range(len(state))]
    machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    before = [pickle.dumps(what, 2) for what in (0x1950A86A20F9469CFC6C, 1001, machine)]
    numbers = [struct.pack("<q", a.size) + a.astype("<f4").tobytes() for a in state.values()]
    return b"".join([*before, torch_files._program(state), pickle.dumps(keys, 2), *numbers])


def onnx(wire, state, rename=str):
    """The weights of an ONNX file, and as its graph the convolutions that use them."""
    graph = b""
    for name, array in state.items():
        axes = b"".join(wire.integer(1, size) for size in array.shape)
        values = wire.bytes(9, array.astype("<f4").tobytes())
        graph += wire.bytes(5, axes + wire.integer(2, 1) + wire.bytes(8, rename(name)) + values)
    names = list(state)
    for weight, bias in zip(names[::2], names[1::2], strict=True):
        inputs = [wire.bytes(1, name) for name in ("x", rename(weight), rename(bias))]
        graph += wire.bytes(1, b"".join(inputs) + wire.bytes(4, "Conv"))
    return wire.integer(1, 8) + wire.bytes(2, "test") + wire.bytes(7, graph)


@pytest.fixture(scope="module")
def put(wire, request, tmp_path_factory):
    """A function that puts a file of a kind in a new folder.

    It returns the path to load, the files to damage, and a network that fits.
    """

    def put(kind):
        folder = tmp_path_factory.mktemp("file")
        path = folder / "weights"
        state = torch_state(MODEL)
        ending = {"mydl": ".npz", "torch": ".pth", "safetensors": ".safetensors", "onnx": ".onnx"}
        if kind == "onnx" and find_spec("onnx") is None:
            pytest.skip("needs the package onnx")
        if kind in ending:
            save_weights(MODEL, folder / f"weights{ending[kind]}")
            (folder / f"weights{ending[kind]}").rename(path)
        elif kind == "npz":
            np.savez(folder / "weights.npz", **state)
            (folder / "weights.npz").rename(path)
        elif kind == "torch-legacy":
            path.write_bytes(legacy(state))
        elif kind == "safetensors, foreign":
            from safetensors.numpy import save

            path.write_bytes(save({k: np.ascontiguousarray(v) for k, v in state.items()}))
        elif kind == "onnx, foreign":
            path.write_bytes(onnx(wire, state))
        elif kind == "onnx, no names":
            path.write_bytes(
                onnx(wire, state, {n: f"onnx::Conv_{k}" for k, n in enumerate(state)}.get)
            )
        else:
            real = request.getfixturevalue("real_weights")
            pattern = "squeezenet.ckpt.*" if kind == "tensorflow" else "*_deep_compression.net"
            files = [folder / file.name for file in sorted(real.glob(pattern))]
            for file in files:
                shutil.copyfile(real / file.name, file)
            path = folder / "squeezenet.ckpt" if kind == "tensorflow" else files[0]
            return path, files, network_of(path)
        return path, [path], MODEL

    return put


@pytest.mark.parametrize("kind", CHECKED)
def test_the_content_says_what_it_is(put, kind):
    path, _, model = put(kind)
    assert kind_of(path) == kind.split(",")[0].replace("mydl", "npz")
    other = network_of(path, "cifar" if model is MODEL else None)
    loaded = load_weights(other, path)
    assert (loaded.kind, loaded.checksum) == (kind.split(",")[0], CHECKED[kind])
    for name, values in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], values, strict=True)


def test_an_onnx_file_without_names_fits_by_the_order_of_its_graph(put):
    path, _, _ = put("onnx, no names")
    with pytest.raises(WeightsError, match="no tensor has a name of this network"):
        load_weights(SqueezeNet("1.1", 3), path)
    with pytest.raises(WeightsError, match=r"'onnx::Conv_\d+' has shape"):
        load_weights(SqueezeNet("tiny", 3), path)


def damage_and_load(put, damaged, kind, count, monkeypatch):
    """Damaged files raise the one error, or have a checksum that says the numbers are right."""
    for name in ("loads", "load", "Unpickler"):
        monkeypatch.setattr(pickle, name, None)  # whoever calls it crashes
    path, files, model = put(kind)
    contents = [file.read_bytes() for file in files]
    right = model.state_dict()
    blank = {name: np.full_like(values, 0.5) for name, values in right.items()}
    other = copy.deepcopy(model)
    rng = np.random.default_rng(len(kind))
    outcomes = {"refused": 0, "right": 0, "unchecked": 0}
    for k in range(count):
        file, content = files[k % len(files)], contents[k % len(files)]
        file.unlink()
        file.write_bytes(damaged(content, rng))
        other.load_state_dict(blank)
        outcome, wanted, message = "refused", blank, ""
        try:
            checksum = load_weights(other, path).checksum
        except WeightsError as error:
            message = str(error)
        else:
            outcome, wanted = ("right", right) if checksum else ("unchecked", other.state_dict())
        outcomes[outcome] += 1
        assert len(message.splitlines()) == (outcome == "refused")
        for name, values in other.state_dict().items():
            assert values.tobytes() == wanted[name].tobytes()
            assert np.isfinite(values).all()
        if k % 10 == 0:
            with contextlib.suppress(WeightsError):
                network_of(path)
        file.unlink()
        file.write_bytes(content)
    assert outcomes["refused"] > 0
    return outcomes


@pytest.mark.parametrize("kind", CHECKED)
def test_damaged_files(put, damaged, kind, monkeypatch):
    damage_and_load(put, damaged, kind, 10, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHECKED)
def test_a_thousand_damaged_files(put, damaged, kind, monkeypatch):
    outcomes = damage_and_load(put, damaged, kind, 100, monkeypatch)
    print(kind, outcomes)
    if CHECKED[kind]:
        assert outcomes["unchecked"] <= 2  # where the checksum itself lost its name
