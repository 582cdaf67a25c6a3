"""SqueezeNet against the paper's table 1 and against PyTorch."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydl.layer import LayerError
from mydl.layers import Bypass, Conv2d, Fire, Sequential
from mydl.models import (
    SqueezeNet,
    squeezenet1_0,
    squeezenet1_0_cifar,
    squeezenet1_1,
    squeezenet1_1_cifar,
    squeezenet_tiny,
)

REFERENCES = np.load(Path(__file__).parents[1] / "references" / "squeezenet.npz")

# ---- the architecture ---------------------------------------------------------------------------

# Table 1 of the paper: output size and parameters before pruning.
PAPER = {
    "conv1": ((111, 111, 96), 14_208),
    "pool1": ((55, 55, 96), 0),
    "fire2": ((55, 55, 128), 11_920),
    "fire3": ((55, 55, 128), 12_432),
    "fire4": ((55, 55, 256), 45_344),
    "pool4": ((27, 27, 256), 0),
    "fire5": ((27, 27, 256), 49_440),
    "fire6": ((27, 27, 384), 104_880),
    "fire7": ((27, 27, 384), 111_024),
    "fire8": ((27, 27, 512), 188_992),
    "pool8": ((13, 13, 512), 0),
    "fire9": ((13, 13, 512), 197_184),
    "conv10": ((13, 13, 1000), 513_000),
    "pool10": ((1000,), 0),
}
VERSION_1_1 = {
    "conv1": ((111, 111, 64), 1_792),
    "pool1": ((55, 55, 64), 0),
    "fire2": ((55, 55, 128), 11_408),
    "fire3": ((55, 55, 128), 12_432),
    "pool3": ((27, 27, 128), 0),
    "fire4": ((27, 27, 256), 45_344),
    "fire5": ((27, 27, 256), 49_440),
    "pool5": ((13, 13, 256), 0),
    "fire6": ((13, 13, 384), 104_880),
    "fire7": ((13, 13, 384), 111_024),
    "fire8": ((13, 13, 512), 188_992),
    "fire9": ((13, 13, 512), 197_184),
    "conv10": ((13, 13, 1000), 513_000),
    "pool10": ((1000,), 0),
}


def stages(network, shape):
    """Output shape and parameters of each layer, by name, without those that change neither."""
    found = {}
    for stage in (network.features, network.classifier):
        for name, layer in stage.children().items():
            shape = layer.output_shape(shape)
            if not name.startswith(("relu", "dropout")):
                found[name] = (shape[1:], layer.num_parameters())
    return found


def test_version_1_0_is_the_paper_s_table_1():
    network = squeezenet1_0()
    assert stages(network, (1, 227, 227, 3)) == PAPER
    assert sum(parameters for _, parameters in PAPER.values()) == 1_248_424  # the table's total
    assert network.num_parameters() == 1_248_424


def test_table_1_s_224_pixels_do_not_give_its_111():
    sizes = stages(squeezenet1_0(), (1, 224, 224, 3))
    assert (sizes["conv1"][0], sizes["pool1"][0]) == ((109, 109, 96), (54, 54, 96))


def test_fire_modules_have_the_filters_of_table_1():
    filters = {
        name: [layer.out_channels for layer in (fire.squeeze, fire.expand1x1, fire.expand3x3)]
        for name, fire in squeezenet1_0().features.children().items()
        if name.startswith("fire")
    }
    assert filters == {
        "fire2": [16, 64, 64],
        "fire3": [16, 64, 64],
        "fire4": [32, 128, 128],
        "fire5": [32, 128, 128],
        "fire6": [48, 192, 192],
        "fire7": [48, 192, 192],
        "fire8": [64, 256, 256],
        "fire9": [64, 256, 256],
    }


def test_version_1_1_layer_by_layer():
    assert stages(squeezenet1_1(), (1, 224, 224, 3)) == VERSION_1_1
    assert sum(parameters for _, parameters in VERSION_1_1.values()) == 1_235_496


@pytest.mark.parametrize(
    ("padding", "multiply_adds", "pixels"), [(0, 832_667_936, 13), (1, 861_339_936, 15)]
)
def test_the_published_1_72_gflop_need_the_padding_of_conv10(padding, multiply_adds, pixels):
    network = squeezenet1_0(conv10_padding=padding)
    assert network.multiply_adds((1, 227, 227, 3)) == multiply_adds
    assert (round(2 * multiply_adds / 1e9, 2) == 1.72) == (padding == 1)
    assert stages(network, (1, 227, 227, 3))["conv10"] == ((pixels, pixels, 1000), 513_000)
    assert network.num_parameters() == 1_248_424


@pytest.mark.parametrize("final_relu", [True, False])
def test_the_padding_of_conv10_adds_its_bias_to_the_average(final_relu):
    options = {"dropout": 0.0, "final_relu": final_relu, "dtype": np.float64}
    plain = squeezenet1_0_cifar(**options)
    padded = squeezenet1_0_cifar(**options, conv10_padding=1)
    bias = np.linspace(-0.4, 0.5, 10)
    for network in (plain, padded):
        network.classifier["conv10"].bias.data = bias
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 3))
    border = np.maximum(bias, 0) if final_relu else bias
    # 4x4 pixels become 6x6, of which 20 see zeros only.
    np.testing.assert_allclose(
        padded.forward(x), (16 * plain.forward(x) + 20 * border) / 36, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (squeezenet1_0(), 1_248_424),
        (squeezenet1_1(), 1_235_496),
        (squeezenet1_0(bypass="simple"), 1_248_424),
        (squeezenet1_0(bypass="complex"), 1_589_672),
        (squeezenet1_1(bypass="simple"), 1_235_496),
        (squeezenet1_1(bypass="complex"), 1_572_648),
        (squeezenet_tiny(), 122_986),
        (squeezenet1_0_cifar(), 740_554),
        (squeezenet1_1_cifar(), 727_626),
    ],
)
def test_parameter_counts(network, parameters):
    assert network.num_parameters() == parameters


@pytest.mark.parametrize("build", [squeezenet1_0_cifar, squeezenet1_1_cifar])
def test_small_images_are_halved_three_times(build):
    shape, sizes = (2, 32, 32, 3), []
    network = build()
    for name, layer in network.features.children().items():
        shape = layer.output_shape(shape)
        if name == "conv1" or name.startswith("pool"):
            sizes.append(shape[1:3])
    assert sizes == [(32, 32), (16, 16), (8, 8), (4, 4)]
    assert network.output_shape((2, 32, 32, 3)) == (2, 10)


def test_the_tiny_network_as_it_is_described():
    network = squeezenet_tiny()
    assert list(network.features.children()) == [
        "conv1", "relu1", "pool1", "fire2", "fire3", "pool3", "fire4", "fire5",
    ]  # fmt: skip
    assert list(network.classifier.children()) == ["dropout9", "conv10", "pool10"]


@pytest.mark.parametrize("version", ["1.0", "1.1", "tiny"])
def test_bypass_goes_around_the_fires_of_the_paper_s_figure_2(version):
    fires = [f"fire{i}" for i in range(2, 6 if version == "tiny" else 10)]
    simple = SqueezeNet(version, bypass="simple").features
    complex_ = SqueezeNet(version, bypass="complex").features
    for name in fires:
        same_channels = name in ("fire3", "fire5", "fire7", "fire9")
        assert isinstance(simple[name], Bypass if same_channels else Fire)
        assert isinstance(complex_[name], Bypass)
        assert (complex_[name].projection is None) == same_channels
        if not same_channels:
            assert complex_[name].projection.window.kernel_size == (1, 1)


def test_parameters_have_the_paper_s_names():
    names = [name for name, _ in squeezenet1_1().named_parameters()]
    assert names[:4] == [
        "features.conv1.weight",
        "features.conv1.bias",
        "features.fire2.squeeze.weight",
        "features.fire2.squeeze.bias",
    ]
    assert "features.fire4.expand3x3.weight" in names
    assert names[-1] == "classifier.conv10.bias"
    assert len(names) == 52


@pytest.mark.parametrize("bypass", [None, "simple", "complex"])
def test_batch_norm_follows_every_convolution_but_conv10(bypass):
    network = squeezenet1_1_cifar(batch_norm=True, bypass=bypass)
    convolutions = {path for path, layer in network.named_layers() if isinstance(layer, Conv2d)}
    convolutions.remove("classifier.conv10")
    pairs = {
        path
        for path, layer in network.named_layers()
        if isinstance(layer, Sequential) and list(layer.children()) == ["conv", "norm"]
    }
    assert convolutions == {f"{path}.conv" for path in pairs}
    layers = dict(network.named_layers())
    assert all(layers[path].bias is None for path in convolutions)
    assert layers["classifier.conv10"].bias is not None


def test_the_last_relu_can_be_left_out():
    with_relu, without = squeezenet1_1(), squeezenet1_1(final_relu=False)
    assert list(with_relu.classifier.children()) == ["dropout9", "conv10", "relu10", "pool10"]
    assert list(without.classifier.children()) == ["dropout9", "conv10", "pool10"]


# ---- the initial weights -------------------------------------------------------------------------


def test_initial_weights():
    network = squeezenet1_0(bypass="complex")
    for path, parameter in network.named_parameters():
        if path.endswith("bias"):
            assert not parameter.data.any(), path
            continue
        fan_in = np.prod(parameter.shape[:-1])
        expected = 0.01 if path == "classifier.conv10.weight" else np.sqrt(2 / fan_in)
        # The standard error of a standard deviation of n values is about 1 / sqrt(2 n) of it.
        tolerance = 5 / np.sqrt(2 * parameter.size)
        np.testing.assert_allclose(parameter.data.std(), expected, rtol=tolerance)
        assert abs(parameter.data.mean()) < 5 * expected / np.sqrt(parameter.size)


def test_both_dtypes_start_from_the_same_weights():
    single = squeezenet1_1_cifar(seed=3).state_dict()
    double = squeezenet1_1_cifar(seed=3, dtype=np.float64).state_dict()
    for path, values in double.items():
        assert (single[path].dtype, values.dtype) == (np.float32, np.float64)
        np.testing.assert_array_equal(single[path], values.astype(np.float32))


def test_the_seed_fixes_weights_and_dropout():
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    first, again, other = (squeezenet1_1_cifar(seed=seed) for seed in (1, 1, 2))
    y = first.forward(images)
    np.testing.assert_array_equal(y, again.forward(images))
    assert not np.array_equal(y, first.forward(images)), "dropout draws anew"
    path = "features.fire2.squeeze.weight"
    assert not np.array_equal(first.state_dict()[path], other.state_dict()[path])


def test_no_seed_is_unpredictable():
    first, second = (squeezenet_tiny(seed=None) for _ in range(2))
    weights = [network.features["conv1"].weight.data for network in (first, second)]
    assert not np.array_equal(*weights)


# ---- PyTorch -------------------------------------------------------------------------------------

SMALL = {"input_size": "cifar", "num_classes": 10, "dropout": 0.0}
CASES = {
    "tiny": {**SMALL, "version": "tiny", "final_relu": False},
    "tiny complex, batch norm": {
        **SMALL, "version": "tiny", "bypass": "complex", "batch_norm": True
    },
    "1.1": {**SMALL, "version": "1.1"},
    "1.1 without final ReLU": {**SMALL, "version": "1.1", "final_relu": False},
    "1.1 simple": {**SMALL, "version": "1.1", "bypass": "simple"},
    "1.1 complex": {**SMALL, "version": "1.1", "bypass": "complex"},
    "1.1 batch norm": {**SMALL, "version": "1.1", "batch_norm": True},
    "1.0": {**SMALL, "version": "1.0"},
    "1.0 simple": {**SMALL, "version": "1.0", "bypass": "simple"},
    "1.0 complex, batch norm": {
        **SMALL, "version": "1.0", "bypass": "complex", "batch_norm": True
    },
}  # fmt: skip
TOLERANCE = {"float32": 1e-4, "float64": 1e-8}


def seeded_numbers(model, seed):
    """Parameters by path, two images (N, H, W, 3) and their labels, as the references have them."""
    random = np.random.RandomState(seed)
    numbers = {}
    for path, parameter in sorted(model.named_parameters()):
        values = random.standard_normal(parameter.shape)
        if len(parameter.shape) == 4:
            numbers[path] = values * np.sqrt(2 / np.prod(parameter.shape[:-1]))
        else:
            numbers[path] = 0.1 * values + path.endswith("norm.weight")
    images = random.standard_normal((2, *model.image_shape))
    return numbers, images, random.randint(0, model.num_classes, 2)


def sampled_entries(array, samples=12):
    """The root mean square of an array and some of its entries."""
    entries = np.random.RandomState(0).randint(0, array.size, samples)
    return np.concatenate([[np.sqrt(np.mean(array**2))], array.ravel()[entries]])


def seeded_network(options, seed, dtype):
    network = SqueezeNet(**options, dtype=dtype)
    numbers, images, labels = seeded_numbers(network, seed)
    for path, parameter in network.named_parameters():
        parameter.data = numbers[path].astype(dtype)
    return network, images.astype(dtype), labels


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_gradients_equal_pytorch(case, dtype):
    network, images, labels = seeded_network(CASES[case], int(REFERENCES[f"{case}/seed"]), dtype)
    loss = network.loss(images, labels)
    gradients = {"images": network.backward()}
    gradients |= {path: parameter.grad for path, parameter in network.named_parameters()}

    tolerance = TOLERANCE[dtype]
    assert loss == pytest.approx(float(REFERENCES[f"{case}/{dtype}/loss"]), rel=tolerance)
    assert sorted(gradients) == REFERENCES[f"{case}/names"].tolist()
    references = REFERENCES[f"{case}/{dtype}/gradients"]
    # Some true gradients are zero: what the next batch norm subtracts again. Rounding is not.
    floor = 0.1 * np.median(references[:, 0])
    for path, reference in zip(sorted(gradients), references, strict=True):
        assert gradients[path].dtype == dtype
        np.testing.assert_allclose(
            sampled_entries(gradients[path]),
            reference,
            rtol=0,
            atol=tolerance * max(np.abs(reference).max(), floor),
            err_msg=path,
        )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_logits_equal_pytorch(case, dtype):
    network, images, _ = seeded_network(CASES[case], int(REFERENCES[f"{case}/seed"]), dtype)
    expected = REFERENCES[f"{case}/{dtype}/logits"]
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        network.forward(images), expected, rtol=0, atol=TOLERANCE[dtype] * scale
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_full_size_logits_equal_pytorch(dtype):
    options = {"version": "1.1", "dropout": 0.0, "final_relu": False}
    network, images, _ = seeded_network(options, 0, dtype)
    logits = network.eval().forward(images[:1])
    assert logits.shape == (1, 1000)
    expected = REFERENCES["full size/logits"]
    np.testing.assert_allclose(
        sampled_entries(logits, 100), expected, rtol=0, atol=TOLERANCE[dtype] * expected[0]
    )


def test_repr_draws_the_tree():
    lines = repr(squeezenet1_1(bypass="simple")).splitlines()
    assert lines[0].startswith("SqueezeNet(version='1.1', input_size='imagenet'")
    assert "    conv1: Conv2d(3, 64, kernel_size=3, stride=2)" in lines
    assert "    pool3: MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)" in lines
    assert "    fire3: Bypass()" in lines
    assert "    dropout9: Dropout(p=0.5)" in lines


@settings(max_examples=20, deadline=None)
@given(st.integers(17, 40), st.integers(17, 40), st.integers(1, 3))
def test_images_of_other_sizes_work(h, w, n):
    network = squeezenet_tiny()
    images = np.ones((n, h, w, 3), np.float32)
    assert network.forward(images).shape == network.output_shape(images.shape) == (n, 10)
    assert network.backward(np.ones((n, 10), np.float32)).shape == images.shape


# ---- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"version": "2.0"}, r"version must be one of '1.0', '1.1', 'late', 'tiny', got '2.0'"),
        ({"version": 1.1}, r"version must be one of '1.0', '1.1', 'late', 'tiny', got 1.1"),
        ({"bypass": "both"}, r"bypass must be one of None, 'simple', 'complex', got 'both'"),
        ({"input_size": 32}, r"input_size must be one of 'imagenet', 'cifar', got 32"),
        ({"num_classes": 0}, "num_classes must be at least 1, got 0"),
        ({"num_classes": 2.5}, "num_classes must be a whole number, got 2.5"),
        ({"dropout": 1.5}, "from 0 to 1, got 1.5"),
        ({"dtype": np.int32}, "dtype must be float32 or float64, got int32"),
        ({"squeeze_ratio": 2}, "squeeze_ratio must be a fraction from 0 to 1, got 2"),
        ({"conv10_padding": -1}, "conv10_padding must be at least 0, got -1"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        SqueezeNet(**options)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            np.zeros((1, 32, 32, 1), np.float32),
            r"^features\.conv1 \(Conv2d\): expected 3 channels, got 1",
        ),
        (
            np.zeros((1, 3, 224, 224), np.float32),
            r"^features\.conv1 \(Conv2d\): expected 3 channels, got 224",
        ),
        (
            np.zeros((1, 2, 2, 3), np.float32),
            r"^features\.conv1 \(Conv2d\): a window of 3x3 pixels is larger",
        ),
        (
            np.zeros((1, 8, 8, 3), np.float32),
            r"^features\.pool3 \(MaxPool2d\): a window of 3x3 pixels is larger",
        ),
        (
            np.zeros((224, 224, 3), np.float32),
            r"^features\.conv1 \(Conv2d\): expected an input of shape \(N, H, W, C\)",
        ),
        (
            np.zeros((1, 32, 32, 3), np.uint8),
            r"^SqueezeNet: expected float32 or float64 values in x, got uint8",
        ),
        (
            np.zeros((1, 64, 64, 3), np.float64),
            r"^features\.conv1 \(Conv2d\): x is float64 but weight is float32",
        ),
        ([[1.0]], r"^SqueezeNet: x must be a NumPy array, got list"),
    ],
)
def test_images_that_do_not_fit_name_the_layer(images, message):
    with pytest.raises(LayerError, match=message):
        squeezenet1_1().forward(images)


def test_errors_inside_a_fire_module_have_its_path():
    network = squeezenet_tiny(bypass="complex")
    network.features["fire4"].inner.expand3x3 = Conv2d(16, 128, 3, padding=1)
    with pytest.raises(
        LayerError,
        match=r"^features\.fire4\.inner\.expand3x3 \(Conv2d\): expected 16 channels, got 32",
    ):
        network.forward(np.zeros((1, 32, 32, 3), np.float32))
