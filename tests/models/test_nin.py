"""Network in Network, layer by layer."""

import numpy as np
import pytest

from mydl.gradcheck import gradcheck
from mydl.layer import LayerError
from mydl.models import NiN, nin, nin_cifar

# Output shape and parameters of the authors' Caffe files.
IMAGENET = {
    "conv1": ((54, 54, 96), 34_944),
    "cccp1": ((54, 54, 96), 9_312),
    "cccp2": ((54, 54, 96), 9_312),
    "pool1": ((27, 27, 96), 0),
    "conv2": ((27, 27, 256), 614_656),
    "cccp3": ((27, 27, 256), 65_792),
    "cccp4": ((27, 27, 256), 65_792),
    "pool2": ((13, 13, 256), 0),
    "conv3": ((13, 13, 384), 885_120),
    "cccp5": ((13, 13, 384), 147_840),
    "cccp6": ((13, 13, 384), 147_840),
    "pool3": ((6, 6, 384), 0),
    "conv4": ((6, 6, 1024), 3_539_968),
    "cccp7": ((6, 6, 1024), 1_049_600),
    "cccp8": ((6, 6, 1000), 1_025_000),
    "pool4": ((1000,), 0),
}
CIFAR = {
    "conv1": ((32, 32, 192), 14_592),
    "cccp1": ((32, 32, 160), 30_880),
    "cccp2": ((32, 32, 96), 15_456),
    "pool1": ((16, 16, 96), 0),
    "conv2": ((16, 16, 192), 460_992),
    "cccp3": ((16, 16, 192), 37_056),
    "cccp4": ((16, 16, 192), 37_056),
    "pool2": ((8, 8, 192), 0),
    "conv3": ((8, 8, 192), 331_968),
    "cccp5": ((8, 8, 192), 37_056),
    "cccp6": ((8, 8, 10), 1_930),
    "pool3": ((10,), 0),
}


@pytest.mark.parametrize(
    ("network", "expected", "parameters", "multiply_adds"),
    [
        (nin(), IMAGENET, 7_595_176, 1_100_188_800),
        (nin_cifar(), CIFAR, 966_986, 222_486_528),
    ],
)
def test_layer_by_layer(network, expected, parameters, multiply_adds):
    shape, found = (1, *network.image_shape), {}
    for layer in network.layers:
        shape = layer.output_shape(shape)
        name = layer.path.rpartition(".")[2]
        if not name.endswith("relu") and not name.startswith("drop"):
            found[name] = (shape[1:], layer.num_parameters())
    assert found == expected
    assert network.num_parameters() == parameters
    assert network.multiply_adds((1, *network.image_shape)) == multiply_adds


def test_a_relu_follows_every_convolution():
    names = [layer.path.rpartition(".")[2] for layer in nin_cifar().layers]
    convolutions = [name for name in names if name.startswith(("conv", "cccp")) and "_" not in name]
    for name in convolutions:
        assert names[names.index(name) + 1] == f"{name}_relu"
    assert len(convolutions) == 9
    without = [layer.path.rpartition(".")[2] for layer in nin_cifar(final_relu=False).layers]
    assert without == [name for name in names if name != "cccp6_relu"]


@pytest.mark.slow
def test_gradients():
    network = nin_cifar(dtype=np.float64)
    rng = np.random.default_rng(3)
    for parameter in network.parameters():  # off the kinks
        if parameter.data.ndim == 1:
            parameter.data = rng.uniform(0.1, 0.5, parameter.shape)
    report = gradcheck(network, rng.normal(size=(2, 10, 10, 3)), samples=1)
    assert report, str(report)


def test_a_step_lowers_the_loss():
    network = NiN(5, dropout=0.0)
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(4, 68, 68, 3)).astype(np.float32), np.arange(4)
    before = network.loss(images, labels)
    network.backward()
    for parameter in network.parameters():
        assert parameter.grad.any()
        parameter.data = parameter.data - 1e-3 * parameter.grad
    assert network.loss(images, labels) < before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_size": 32}, "input_size must be one of 'imagenet', 'cifar', got 32"),
        ({"num_classes": 0}, "num_classes must be at least 1, got 0"),
        ({"dropout": -1}, "from 0 to 1, got -1"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        NiN(**options)


def test_an_image_that_is_too_small():
    with pytest.raises(LayerError, match=r"^features\.conv1 \(Conv2d\): a window of 11x11 pixels"):
        nin().forward(np.zeros((1, 10, 10, 3), np.float32))


def test_repr():
    assert repr(nin_cifar()).startswith("NiN(input_size='cifar')")
