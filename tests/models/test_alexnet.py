"""Both networks that are called AlexNet, layer by layer."""

import numpy as np
import pytest

from mydl.gradcheck import gradcheck
from mydl.layer import LayerError
from mydl.layers import GroupedConv2d, LocalResponseNorm
from mydl.models import AlexNet, alexnet, alexnet_torchvision

# Output shape and parameters of each layer that has any, and of the pools.
ORIGINAL = {
    "conv1": ((55, 55, 96), 34_944),
    "pool1": ((27, 27, 96), 0),
    "conv2": ((27, 27, 256), 307_456),
    "pool2": ((13, 13, 256), 0),
    "conv3": ((13, 13, 384), 885_120),
    "conv4": ((13, 13, 384), 663_936),
    "conv5": ((13, 13, 256), 442_624),
    "pool5": ((6, 6, 256), 0),
    "fc6": ((4096,), 37_752_832),
    "fc7": ((4096,), 16_781_312),
    "fc8": ((1000,), 4_097_000),
}
TORCHVISION = {
    "conv1": ((55, 55, 64), 23_296),
    "pool1": ((27, 27, 64), 0),
    "conv2": ((27, 27, 192), 307_392),
    "pool2": ((13, 13, 192), 0),
    "conv3": ((13, 13, 384), 663_936),
    "conv4": ((13, 13, 256), 884_992),
    "conv5": ((13, 13, 256), 590_080),
    "pool5": ((6, 6, 256), 0),
    "fc6": ((4096,), 37_752_832),
    "fc7": ((4096,), 16_781_312),
    "fc8": ((1000,), 4_097_000),
}


@pytest.fixture(scope="module", params=["original", "torchvision"])
def full(request):
    """A network of full size, which takes a second to draw."""
    return AlexNet(request.param)


def small(version="original", **options):
    return AlexNet(version, 5, image_pixels=67, hidden=6, **options)


def test_layer_by_layer(full):
    expected, total = {
        "original": (ORIGINAL, 60_965_224),
        "torchvision": (TORCHVISION, 61_100_840),
    }[full.version]
    shape, found = (1, *full.image_shape), {}
    for layer in full.layers:
        shape = layer.output_shape(shape)
        name = layer.path.rpartition(".")[2]
        if name.startswith(("conv", "pool", "fc")):
            found[name] = (shape[1:], layer.num_parameters())
    assert found == expected
    assert full.num_parameters() == total
    assert sum(parameters for _, parameters in expected.values()) == total


def test_multiply_adds(full):
    expected = {"original": 724_406_816, "torchvision": 714_188_480}[full.version]
    assert full.multiply_adds((1, *full.image_shape)) == expected


def test_most_parameters_are_in_the_fully_connected_layers(full):
    assert full.classifier.num_parameters() / full.num_parameters() == pytest.approx(0.96, abs=5e-3)


def test_what_the_original_alone_has():
    kinds = {layer.path: layer for layer in small().layers}
    grouped = [path for path, layer in kinds.items() if isinstance(layer, GroupedConv2d)]
    assert grouped == ["features.conv2", "features.conv4", "features.conv5"]
    norms = [path for path, layer in kinds.items() if isinstance(layer, LocalResponseNorm)]
    assert norms == ["features.norm1", "features.norm2"]
    assert not any(
        isinstance(layer, GroupedConv2d | LocalResponseNorm)
        for layer in small("torchvision").layers
    )


def test_dropout_where_each_has_it():
    def order(network):
        return [layer.path.rpartition(".")[2] for layer in network.classifier.children().values()]

    assert order(small()) == [
        "flatten", "fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8",
    ]  # fmt: skip
    assert order(small("torchvision")) == [
        "flatten", "drop6", "fc6", "relu6", "drop7", "fc7", "relu7", "fc8",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("version", ["original", "torchvision"])
def test_gradients(version):
    network = small(version, dtype=np.float64)
    rng = np.random.default_rng(3)
    for parameter in network.parameters():  # off the kinks
        if parameter.data.ndim == 1:
            parameter.data = rng.uniform(0.1, 0.5, parameter.shape)
    report = gradcheck(network, rng.normal(size=(1, 67, 67, 3)), samples=1)
    assert report, str(report)


@pytest.mark.parametrize("version", ["original", "torchvision"])
def test_a_step_lowers_the_loss(version):
    network = small(version, dropout=0.0)
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(4, 67, 67, 3)).astype(np.float32), np.arange(4)
    before = network.loss(images, labels)
    network.backward()
    for parameter in network.parameters():
        assert parameter.grad.any()
        parameter.data = parameter.data - 1e-3 * parameter.grad
    assert network.loss(images, labels) < before


def test_the_least_image():
    assert small().output_shape((1, 67, 67, 3)) == (1, 5)
    tiny = AlexNet("torchvision", 5, image_pixels=63, hidden=6)
    assert tiny.output_shape((1, 63, 63, 3)) == (1, 5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"version": "caffe"}, "version must be one of 'original', 'torchvision', got 'caffe'"),
        ({"image_pixels": 66}, "image_pixels must be at least 67, got 66"),
        ({"version": "torchvision", "image_pixels": 62}, "image_pixels must be at least 63"),
        ({"hidden": 0}, "hidden must be at least 1, got 0"),
        ({"num_classes": 0}, "num_classes must be at least 1, got 0"),
        ({"dropout": 2}, "from 0 to 1, got 2"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        AlexNet(**options)


def test_images_of_another_size():
    with pytest.raises(
        LayerError, match=r"^classifier\.fc6 \(Linear\): expected .* \(N, 256\), got \(1, 1024\)"
    ):
        small().forward(np.zeros((1, 99, 99, 3), np.float32))


def test_the_functions_and_repr():
    options = {"num_classes": 3, "image_pixels": 67, "hidden": 2}
    assert alexnet(**options).version == "original"
    assert alexnet_torchvision(**options).version == "torchvision"
    assert repr(alexnet(**options)).startswith("AlexNet(version='original')")
