"""The engine trains every network, also those with layers that it does not rewrite."""

import numpy as np
import pytest

from mydl.models import AlexNet, NiN, SqueezeNet, squeezenet_general
from mydl.parallel import ShardedModel

SMALL = {"num_classes": 5, "dropout": 0.0}
CIFAR = {**SMALL, "input_size": "cifar"}
CASES = {
    "alexnet": (lambda: AlexNet(image_pixels=67, hidden=16, **SMALL), 67),
    "alexnet_torchvision": (
        lambda: AlexNet("torchvision", image_pixels=67, hidden=16, **SMALL),
        67,
    ),
    "nin": (lambda: NiN(**SMALL), 68),
    "nin without final ReLU": (lambda: NiN(final_relu=False, **SMALL), 68),
    "nin_cifar": (lambda: NiN(**CIFAR), 17),
    "general": (
        lambda: squeezenet_general(16, 8, 0.25, 3, squeeze_ratio=0.5, bypass="simple", **CIFAR),
        32,
    ),
    "conv10 padded": (lambda: SqueezeNet("1.0", conv10_padding=1, **SMALL), 67),
    "conv10 padded, no final ReLU": (
        lambda: SqueezeNet("tiny", conv10_padding=1, final_relu=False, **CIFAR),
        32,
    ),
}


def network(name):
    """With biases as after some training: zeros would hide what padding adds."""
    model, rng = CASES[name][0](), np.random.default_rng(1)
    for path, parameter in model.named_parameters():
        if path.endswith("bias"):
            parameter.data = rng.normal(0, 0.1, parameter.shape).astype(np.float32)
    return model


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_the_layers(name):
    pixels, rng = CASES[name][1], np.random.default_rng(0)
    images = rng.normal(size=(6, pixels, pixels, 3)).astype(np.float32)
    labels = rng.integers(0, 5, 6)
    plain, model = network(name), network(name)
    loss = plain.loss(images, labels)
    plain.backward()
    engine = ShardedModel(model, threads=2, shard_size=2)
    for _ in range(2):  # the second time in memory that is used again
        engine.vector.grad[...] = 0
        result = engine.gradient(6, lambda lo, hi: (images[lo:hi], labels[lo:hi]))
    outputs = engine.outputs(6, lambda lo, hi: images[lo:hi])
    engine.close()
    assert result.loss == pytest.approx(loss, rel=1e-5)
    expected = dict(plain.named_parameters())
    for path, parameter in model.named_parameters():
        # As a whole: where rounding moves one number across a kink, some entries differ.
        difference = np.linalg.norm(parameter.grad - expected[path].grad)
        assert difference < 1e-2 * np.linalg.norm(expected[path].grad), path
    logits = plain.eval().forward(images)
    np.testing.assert_allclose(outputs, logits, rtol=0, atol=1e-4 * np.abs(logits).max())
