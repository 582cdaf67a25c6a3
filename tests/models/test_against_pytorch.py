"""AlexNet and Network in Network against PyTorch, stored by make_network_references.py."""

from pathlib import Path

import numpy as np
import pytest

from mydl.models import AlexNet, NiN

REFERENCES = np.load(Path(__file__).parents[1] / "references" / "networks.npz")

SMALL = {"num_classes": 7, "dropout": 0.0}
CASES = {
    "alexnet": lambda dtype: AlexNet(image_pixels=67, hidden=20, dtype=dtype, **SMALL),
    "alexnet_torchvision": lambda dtype: AlexNet(
        "torchvision", image_pixels=63, hidden=20, dtype=dtype, **SMALL
    ),
    "nin": lambda dtype: NiN(dtype=dtype, **SMALL),
    "nin_cifar": lambda dtype: NiN(input_size="cifar", final_relu=False, dtype=dtype, **SMALL),
}
PIXELS = {"alexnet": 67, "alexnet_torchvision": 63, "nin": 68, "nin_cifar": 18}
TOLERANCE = {"float32": 1e-4, "float64": 1e-8}


def seeded_numbers(model, pixels, seed):
    """Parameters by path, two images (N, H, W, 3) and their labels, in float64."""
    random = np.random.RandomState(seed)
    numbers = {
        path: random.standard_normal(parameter.shape)
        * (np.sqrt(2 / np.prod(parameter.shape[:-1])) if len(parameter.shape) > 1 else 0.1)
        for path, parameter in sorted(model.named_parameters())
    }
    images = random.standard_normal((2, pixels, pixels, 3))
    return numbers, images, random.randint(0, model.num_classes, 2)


def sampled_entries(array, samples=12):
    """The root mean square of an array and some of its entries."""
    entries = np.random.RandomState(0).randint(0, array.size, samples)
    return np.concatenate([[np.sqrt(np.mean(array**2))], array.ravel()[entries]])


def near(actual, expected, tolerance, what):
    scale = np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale, err_msg=what)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("case", CASES)
def test_logits_and_gradients_equal_pytorch(case, dtype):
    network = CASES[case](dtype)
    seed = int(REFERENCES[f"{case}/seed"])
    numbers, images, labels = seeded_numbers(network, PIXELS[case], seed)
    for path, parameter in network.named_parameters():
        parameter.data = numbers[path].astype(dtype)
    images, tolerance = images.astype(dtype), TOLERANCE[dtype]

    loss = network.loss(images, labels)
    gradients = {"images": network.backward()}
    gradients |= {path: parameter.grad for path, parameter in network.named_parameters()}
    assert loss == pytest.approx(float(REFERENCES[f"{case}/{dtype}/loss"]), rel=tolerance)
    near(network.forward(images), REFERENCES[f"{case}/{dtype}/logits"], tolerance, "logits")
    assert sorted(gradients) == REFERENCES[f"{case}/names"].tolist()
    for path, expected in zip(
        sorted(gradients), REFERENCES[f"{case}/{dtype}/gradients"], strict=True
    ):
        near(sampled_entries(gradients[path]), expected, tolerance, path)
