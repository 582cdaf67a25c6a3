"""ONNX files: ONNX Runtime computes what the layers compute, for every layer and network."""

import json
import os
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mydl.layer import LayerError
from mydl.layers import (
    AvgPool2d,
    BatchNorm2d,
    Bypass,
    Concat,
    Conv2d,
    Dropout,
    Fire,
    Flatten,
    GlobalAvgPool2d,
    GroupedConv2d,
    Linear,
    LocalResponseNorm,
    LogSoftmax,
    MaxPool2d,
    ReLU,
    Sequential,
    Softmax,
)
from mydl.models import AlexNet, Network, NiN, SqueezeNet, build_model
from mydl.models.onnx_export import export_onnx, onnx_model
from mydl.models.onnx_graph import Graph, Tensor
from mydl.models.saved import ModelCard

needs_onnx = pytest.mark.skipif(
    find_spec("onnx") is None or find_spec("onnxruntime") is None,
    reason="needs the packages onnx and onnxruntime",
)


def channels_first(x):
    return np.moveaxis(x, -1, 1)


def session(content):
    import onnxruntime

    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def assert_same(model, image_shape, batch=2):
    """ONNX Runtime's output is the model's in evaluation mode, of images with every sign."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, *image_shape)).astype(np.float32)
    runtime = session(onnx_model(model, image_shape).SerializeToString())
    (theirs,) = runtime.run(["logits"], {"images": np.ascontiguousarray(channels_first(x))})
    ours = channels_first(model.astype(np.float32).eval().forward(x))
    assert theirs.shape == ours.shape
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-4 * np.abs(ours).max())


def with_random_state(model):
    """Biases, norms and running statistics as after some training, not all zeros and ones."""
    rng = np.random.default_rng(1)
    for path, buffer in [*model.named_parameters(), *model.named_buffers()]:
        if path.endswith(("norm.weight", "running_var")):
            buffer.data = rng.uniform(0.5, 2, buffer.shape).astype(np.float32)
        elif path.endswith(("bias", "running_mean")):
            buffer.data = rng.normal(0, 0.2, buffer.shape).astype(np.float32)
    return model


# ---- networks -----------------------------------------------------------------------------------


@needs_onnx
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("bypass", [None, "simple", "complex"])
@pytest.mark.parametrize("version", ["1.0", "1.1", "tiny"])
def test_every_squeezenet(version, bypass, batch_norm):
    model = SqueezeNet(version, 7, "imagenet", bypass, batch_norm=batch_norm, final_relu=False)
    assert_same(with_random_state(model), (45, 38, 3))


@needs_onnx
@pytest.mark.parametrize("version", ["original", "torchvision"])
def test_both_alexnets(version):
    model = AlexNet(version, 7, image_pixels=99, hidden=10)
    assert_same(with_random_state(model), (99, 99, 3))


@needs_onnx
@pytest.mark.parametrize(("input_size", "pixels"), [("imagenet", 70), ("cifar", 19)])
def test_network_in_network(input_size, pixels):
    assert_same(with_random_state(NiN(7, input_size)), (pixels, pixels + 3, 3))


@needs_onnx
@pytest.mark.parametrize("size", range(17, 25))
def test_pools_hang_over_the_edge_of_odd_images(size):
    model = SqueezeNet("1.1", 5, "cifar", final_relu=False)
    assert_same(with_random_state(model), (size, 41 - size, 3))


@needs_onnx
def test_any_batch_and_the_network_s_own_image_shape():
    model = build_model("squeezenet_tiny")
    written = onnx_model(model)
    (images,), (logits,) = written.graph.input, written.graph.output
    assert [d.dim_param or d.dim_value for d in images.type.tensor_type.shape.dim] == [
        "N",
        3,
        32,
        32,
    ]
    assert [d.dim_param or d.dim_value for d in logits.type.tensor_type.shape.dim] == ["N", 10]
    runtime = session(written.SerializeToString())
    x = np.random.default_rng(0).normal(size=(5, 3, 32, 32)).astype(np.float32)
    (together,) = runtime.run(None, {"images": x})
    alone = [runtime.run(None, {"images": x[i : i + 1]})[0] for i in range(5)]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-4, atol=1e-6)


@needs_onnx
def test_the_model_stays_as_it_is():
    model = build_model("squeezenet_tiny", batch_norm=True)
    before = model.state_dict()
    onnx_model(model)
    assert all(layer.training for _, layer in model.named_layers())
    for path, values in model.state_dict().items():
        np.testing.assert_array_equal(values, before[path])


# ---- layers, one at a time ----------------------------------------------------------------------

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
strides = st.tuples(st.integers(1, 3), st.integers(1, 3))
images = st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(2))


def assert_same_if_it_fits(layer, image_shape):
    try:
        layer.output_shape((1, *image_shape))
    except LayerError:
        assume(False)
    assert_same(layer, image_shape)


@needs_onnx
@given(
    kernel_size=pairs,
    stride=strides,
    padding=st.one_of(
        st.just("same"), st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2)
    ),
    bias=st.booleans(),
    image_shape=images,
)
def test_conv(kernel_size, stride, padding, bias, image_shape):
    layer = Conv2d(2, 3, kernel_size, stride, padding, bias, rng=np.random.default_rng(0))
    assert_same_if_it_fits(with_random_state(layer), image_shape)


@st.composite
def pool_arguments(draw):
    kernel_size = draw(pairs)
    sides = [st.tuples(st.integers(0, k // 2), st.integers(0, k // 2)) for k in kernel_size]
    padding = draw(st.one_of(st.just("same"), st.tuples(*sides)))
    return kernel_size, draw(strides), padding, draw(st.booleans())


@needs_onnx
@given(arguments=pool_arguments(), image_shape=images)
def test_max_pool(arguments, image_shape):
    assert_same_if_it_fits(MaxPool2d(*arguments), image_shape)


@needs_onnx
@given(arguments=pool_arguments(), count_include_pad=st.booleans(), image_shape=images)
def test_avg_pool(arguments, count_include_pad, image_shape):
    assert_same_if_it_fits(AvgPool2d(*arguments, count_include_pad), image_shape)


ALONE = {
    "global average": GlobalAvgPool2d(),
    "relu": ReLU(),
    "dropout": Dropout(0.5),
    "softmax": Softmax(),
    "log softmax": LogSoftmax(),
    "batch norm": with_random_state(Sequential({"norm": BatchNorm2d(2, eps=0.1)})),
    "grouped": with_random_state(GroupedConv2d(2, 4, 3, 2, "same", groups=2)),
    "grouped without bias": GroupedConv2d(2, 2, (1, 3), padding=(0, 1), bias=False, groups=2),
    "local response norm": LocalResponseNorm(3, alpha=2.0, beta=0.5, k=1.5),
    "local response norm of more channels": Sequential(
        Conv2d(2, 9, 1), LocalResponseNorm(5, alpha=1.0)
    ),
    "fire": with_random_state(Fire(2, 3, 4, 5)),
    "fire with batch norm": with_random_state(Fire(2, 3, 4, 5, batch_norm=True)),
    "simple bypass": Bypass(ReLU()),
    "complex bypass": Bypass(Fire(2, 3, 4, 5), Conv2d(2, 9, 1)),
    "bypass of nothing": Bypass(Dropout()),
    "concat": Concat({"one": ReLU(), "two": Conv2d(2, 3, 1), "three": Dropout()}),
    "nothing": Sequential(),
    "relu, then nothing": Sequential(ReLU(), Dropout()),
    "flatten": Flatten(),
    "linear": Sequential(Flatten(), Linear(5 * 4 * 2, 6), ReLU(), Dropout(), Linear(6, 3)),
    "linear without bias": Sequential(Flatten(), Linear(5 * 4 * 2, 6, bias=False), Softmax()),
    "flatten twice": Sequential(Conv2d(2, 3, 3), Flatten(), Flatten(), LogSoftmax()),
    "norm of parts": Sequential(Concat(ReLU(), ReLU()), GlobalAvgPool2d(), Concat(ReLU(), ReLU())),
}


@needs_onnx
@pytest.mark.parametrize("name", ALONE)
def test_layer(name):
    assert_same(ALONE[name], (5, 4, 2), batch=3)


@needs_onnx
def test_float64_is_written_as_float32():
    assert_same(Conv2d(2, 3, 3, dtype=np.float64), (5, 4, 2))


@needs_onnx
def test_a_sequential_by_another_name_is_a_sequential():
    class Stage(Sequential):
        def __init__(self):
            super().__init__({"conv": Conv2d(2, 3, 1), "relu": ReLU()})

    assert_same(Stage(), (5, 4, 2))


# ---- what stands in the file --------------------------------------------------------------------


@needs_onnx
def test_names_and_layouts():
    from onnx import numpy_helper

    model = Sequential(
        {
            "fire": Fire(2, 3, 4, 5, batch_norm=True),
            "flatten": Flatten(),
            "linear": Linear(5 * 4 * 9, 6),
        }
    )
    written = onnx_model(model, (5, 4, 2))
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in written.graph.initializer}
    state = model.state_dict()
    assert weights.keys() == state.keys()
    np.testing.assert_array_equal(
        weights["fire.expand3x3.conv.weight"],
        state["fire.expand3x3.conv.weight"].transpose(3, 2, 0, 1),
    )
    np.testing.assert_array_equal(weights["linear.weight"], state["linear.weight"].T)
    np.testing.assert_array_equal(weights["linear.bias"], state["linear.bias"])
    nodes = {node.name: node for node in written.graph.node}
    assert nodes["fire.squeeze.conv"].op_type == "Conv"
    assert nodes["fire.squeeze.conv"].output[0] == "fire.squeeze.conv"
    assert nodes["linear"].output[0] == "logits"
    assert written.ir_version == 8
    assert [(opset.domain, opset.version) for opset in written.opset_import] == [("", 15)]
    assert written.producer_name == "mydl"


@needs_onnx
def test_groups_are_written_as_one_weight():
    from onnx import numpy_helper

    model = Sequential({"conv2": GroupedConv2d(4, 6, 3, groups=2)})
    written = onnx_model(model, (5, 4, 4))
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in written.graph.initializer}
    assert {name: array.shape for name, array in weights.items()} == {
        "conv2.weight": (6, 2, 3, 3),
        "conv2.bias": (6,),
    }
    second = model["conv2"].convolutions[1].weight.data
    np.testing.assert_array_equal(weights["conv2.weight"][3:], second.transpose(3, 2, 0, 1))
    assert [node.op_type for node in written.graph.node] == ["Conv"]


CARD = ModelCard(
    model="squeezenet_tiny",
    options={},
    data="drawings",
    image_shape=(20, 24, 3),
    class_names=("été", "hiver"),
    mean=(0.5, 0.25, 0.125),
    std=(0.2, 0.3, 0.4),
)


@needs_onnx
def test_the_card_goes_along(tmp_path):
    path = tmp_path / "model.onnx"
    export_onnx(build_model("squeezenet_tiny", num_classes=2), path, card=CARD)
    runtime = session(path)
    said = runtime.get_modelmeta().custom_metadata_map
    assert json.loads(said["class_names"]) == ["été", "hiver"]
    assert json.loads(said["mean"]) == [0.5, 0.25, 0.125]
    assert json.loads(said["std"]) == [0.2, 0.3, 0.4]
    assert (said["model"], said["data"]) == ("squeezenet_tiny", "drawings")
    assert runtime.get_inputs()[0].shape == ["N", 3, 20, 24]


@needs_onnx
def test_the_same_model_gives_the_same_bytes(tmp_path):
    model = build_model("squeezenet_tiny", num_classes=2)
    for name in ("one", "two"):
        export_onnx(model, tmp_path / name, card=CARD)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@needs_onnx
def test_a_failed_write_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    export_onnx(ReLU(), path, (5, 4, 2))
    before = path.read_bytes()

    def full_disk(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        export_onnx(Dropout(), path, (5, 4, 2))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.onnx"]


# ---- what cannot be written ---------------------------------------------------------------------


class Square(ReLU):
    def forward(self, x):
        return x * x


def test_an_unknown_layer_is_named():
    model = Sequential({"stage": Sequential({"square": Square(), "conv": Conv2d(2, 3, 1)})})
    with pytest.raises(LayerError, match=r"^stage\.square \(Square\): .* a Square may compute any"):
        Graph().add(model, "", Tensor("images", (1, 5, 4, 2)))


def test_a_network_with_a_forward_pass_of_its_own_is_unknown():
    class Doubled(Network):
        def forward(self, x):
            return 2 * super().forward(x)

    model = Doubled(Sequential(ReLU()), Sequential(GlobalAvgPool2d()))
    with pytest.raises(LayerError, match="a Doubled may compute anything"):
        Graph().add(model, "", Tensor("images", (1, 5, 4, 2)))


@pytest.mark.parametrize("value", [np.nan, 1e300])
def test_weights_that_are_not_finite_in_float32(value):
    model = Sequential({"conv": Conv2d(2, 3, 1, dtype=np.float64)})
    model["conv"].weight.data[0, 0, 1, 2] = value
    with pytest.raises(LayerError, match=r"conv \(Conv2d\): weight has values that are not finite"):
        Graph().add(model, "", Tensor("images", (1, 5, 4, 2)))


@needs_onnx
@pytest.mark.parametrize(
    ("model", "image_shape", "message"),
    [
        (Sequential(Square()), (5, 4, 2), r"^0 \(Square\)"),
        (Sequential({"conv": Conv2d(2, 3, 1)}), (5, 4, 3), r"conv \(Conv2d\): expected 2 channels"),
        (Conv2d(2, 3, 1), None, r"image_shape must be \(H, W, C\).* got None"),
        (Conv2d(2, 3, 1), (5, 2), r"image_shape must be \(H, W, C\).* got \(5, 2\)"),
        (Conv2d(2, 3, 1), (5, 0, 2), r"each size of image_shape must be at least 1, got 0"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(tmp_path, model, image_shape, message):
    with pytest.raises(ValueError, match=message):
        export_onnx(model, tmp_path / "model.onnx", image_shape)
    assert not os.listdir(tmp_path)


def test_without_the_package_a_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"the package onnx: pip install 'mydl\[onnx\]'"):
        export_onnx(ReLU(), tmp_path / "model.onnx", (5, 4, 2))
    assert not os.listdir(tmp_path)
