"""Real weight files, on real photographs: the logits are those that PyTorch computed."""

import numpy as np
import pytest

from mydl.data.preprocess import preprocess, read_photograph
from mydl.models import load_weights, network_of, save_weights, squeezenet1_1
from mydl.parallel import ShardedModel

CAFFE, TORCHVISION = "caffe", "torchvision"
FILES = {
    "squeezenet1_1_caffe.npz": (CAFFE, "squeezenet1_1_caffe", (68.5, 88.0)),
    "squeezenet1_0_deep_compression.net": (CAFFE, "squeezenet1_0_deep_compression", (61.0, 85.0)),
    "squeezenet1_1_torchvision_fp16.pth": (
        TORCHVISION,
        "squeezenet1_1_torchvision_fp16",
        (68.0, 86.0),
    ),
    "squeezenet.ckpt": (TORCHVISION, "squeezenet1_1_torchvision_fp16", (68.0, 86.0)),
}


@pytest.fixture(scope="module")
def data(test_data, real_weights, photographs_folder):
    return test_data


@pytest.fixture(scope="module")
def reference(data):
    with np.load(data / "reference" / "imagenet_sample_logits.npz") as file:
        return dict(file)


def assert_logits_are_pytorch_s(data, reference, name, photographs):
    """Returns the logits, after comparing each photograph's with the largest of them."""
    way, column, _ = FILES[name]
    network = ShardedModel(network_of(data / "weights" / name))
    paths = [data / "imagenet-sample" / name for name in reference["names"][photographs]]
    logits = network.outputs(
        len(paths),
        lambda start, end: np.stack(
            [preprocess(read_photograph(p), way) for p in paths[start:end]]
        ),
    )
    wanted = reference[column][photographs]
    assert (np.abs(logits - wanted).max(axis=1) <= 1e-3 * np.abs(wanted).max(axis=1)).all()
    return logits


@pytest.mark.parametrize("name", FILES)
def test_a_few_photographs(data, reference, name):
    assert_logits_are_pytorch_s(data, reference, name, slice(0, 200, 67))


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_two_hundred_photographs(data, reference, name):
    logits = assert_logits_are_pytorch_s(data, reference, name, slice(None))
    labels = reference["labels"][:, None]
    ranking = np.argsort(-logits, axis=1)
    shares = [100 * (ranking[:, :k] == labels).any(axis=1).mean() for k in (1, 5)]
    assert tuple(shares) == pytest.approx(FILES[name][2])


def test_all_four_files_of_torchvision_s_weights_agree(data, tmp_path):
    model = squeezenet1_1(save_path=data / "weights" / "squeezenet.ckpt")
    other = squeezenet1_1(save_path=data / "weights" / "squeezenet1_1_torchvision_fp16.pth")
    third = squeezenet1_1()
    save_weights(other, tmp_path / "copy.safetensors")
    load_weights(third, tmp_path / "copy.safetensors")
    for path, values in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[path], values)
        np.testing.assert_array_equal(third.state_dict()[path], values)
