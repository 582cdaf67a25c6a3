"""The fused network computes what the layers it replaces compute."""

import copy

import numpy as np
import pytest

from mydl.fused import FusedAverageConv, FusedConvReluPool, FusedFire, FusedMaxPool, Scratch, fuse
from mydl.layer import LayerError
from mydl.layers import BatchNorm2d, Conv2d, Fire, Flatten, MaxPool2d, Sequential
from mydl.losses import SoftmaxCrossEntropy
from mydl.models import SqueezeNet, squeezenet_tiny

NETWORKS = {
    "tiny": lambda: squeezenet_tiny(),
    "1.1": lambda: SqueezeNet("1.1", 10, "cifar", final_relu=False, dropout=0.5),
    "1.0": lambda: SqueezeNet("1.0", 10, "cifar"),
    "imagenet": lambda: SqueezeNet("1.1", 7, "imagenet"),
    "simple bypass": lambda: squeezenet_tiny(bypass="simple"),
    "complex bypass": lambda: squeezenet_tiny(bypass="complex"),
    "batch norm": lambda: squeezenet_tiny(batch_norm=True),
}


def with_random_biases(network):
    """Zero biases would put a ReLU on its kink, where rounding decides which way it goes."""
    rng = np.random.default_rng(5)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.data = rng.normal(0, 0.1, parameter.shape).astype(np.float32)
    return network


def gradients(network, parameters, x, labels):
    loss = SoftmaxCrossEntropy()
    for layer_name, layer in network.named_layers():
        if layer_name.endswith("dropout9"):
            layer.rng = np.random.default_rng(3)
    outputs = network.forward(x)
    value = loss.forward(outputs, labels)
    network.backward(loss.backward())
    return outputs, value, [parameter.grad.copy() for parameter in parameters]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [32, 37])
def test_a_network_gives_the_same_loss_and_gradients(name, size):
    plain = with_random_biases(NETWORKS[name]())
    exact = plain.astype(np.float64)
    replica = copy.deepcopy(plain)
    parameters = replica.parameters()
    fused = fuse(replica)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, size, size, 3)).astype(np.float32)
    labels = rng.integers(0, 7, 3)
    expected = gradients(exact, exact.parameters(), x.astype(np.float64), labels)
    ours = gradients(fused, parameters, x, labels)
    theirs = gradients(plain, plain.parameters(), x, labels)
    assert ours[1] == pytest.approx(expected[1], rel=1e-4)
    for mine, other, right in zip(
        [ours[0], *ours[2]], [theirs[0], *theirs[2]], [expected[0], *expected[2]], strict=True
    ):
        scale = np.linalg.norm(right)
        error = np.linalg.norm(mine - right) / scale if scale > 1e-6 else 0
        rounding = np.linalg.norm(other - right) / scale if scale > 1e-6 else 0
        # Rounding may send a value over a kink in the one and not in the other.
        assert error < max(1e-4, 20 * rounding)


def test_what_is_fused():
    network = fuse(SqueezeNet("1.1", 10, "cifar", final_relu=False))
    kinds = {name: type(layer) for name, layer in network.features.children().items()}
    assert kinds["conv1"] is FusedConvReluPool
    assert kinds["pool3"] is FusedMaxPool
    assert {kinds[f"fire{i}"] for i in range(2, 10)} == {FusedFire}
    assert type(network.classifier["conv10"]) is FusedAverageConv
    assert "relu1" not in kinds


def test_what_stays_as_it_is():
    double = squeezenet_tiny(dtype=np.float64)
    assert fuse(double) is double
    assert type(double.features["fire2"]) is Fire
    norm = fuse(squeezenet_tiny(batch_norm=True))
    assert type(norm.features["fire2"]) is Fire
    chain = fuse(Sequential(Flatten(), Conv2d(2, 3, 3), BatchNorm2d(3), MaxPool2d(17)))
    assert [type(layer) for layer in chain.children().values()] == [
        Flatten, Conv2d, BatchNorm2d, MaxPool2d,
    ]  # fmt: skip


def test_batches_of_other_sizes_reuse_the_memory():
    plain = with_random_biases(squeezenet_tiny())
    fused = fuse(copy.deepcopy(plain))
    x = np.random.default_rng(1).normal(size=(8, 32, 32, 3)).astype(np.float32)
    for n in (3, 8, 1, 5):
        np.testing.assert_allclose(fused.forward(x[:n]), plain.forward(x[:n]), rtol=1e-4, atol=1e-5)


def test_evaluation_keeps_nothing():
    fused = fuse(squeezenet_tiny()).eval()
    fused.forward(np.zeros((1, 32, 32, 3), np.float32))
    with pytest.raises(LayerError, match="call train"):
        fused.backward(np.zeros((1, 10), np.float32))


def test_errors_name_the_layer_that_was_replaced():
    fire = Fire(8, 4, 8, 8)
    Sequential({"fire4": fire})
    with pytest.raises(LayerError, match=r"^fire4\.squeeze \(Conv2d\): .*expected 8 channels"):
        fuse(Sequential({"fire4": fire})).forward(np.zeros((1, 6, 6, 9), np.float32))


def test_scratch_gives_dx_another_place_than_dy():
    scratch = Scratch()
    first = scratch.gradient(np.zeros(4, np.float32), (2, 2))
    second = scratch.gradient(first, (2, 2))
    assert not np.shares_memory(first, second)
    assert np.shares_memory(first, scratch.gradient(second, (2, 2)))
