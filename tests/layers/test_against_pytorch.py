"""Outputs and gradients of the layers against PyTorch's, stored by make_layer_references.py."""

from pathlib import Path

import numpy as np
import pytest

from mydl.layers import (
    AvgPool2d,
    BatchNorm2d,
    Bypass,
    Conv2d,
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
from mydl.losses import SoftmaxCrossEntropy

STORED = np.load(Path(__file__).parents[1] / "references" / "layers.npz")
F64 = {"dtype": np.float64}

LAYERS = {
    "conv_3x3": lambda: Conv2d(3, 4, 3, **F64),
    "conv_padding": lambda: Conv2d(3, 4, 3, padding=1, **F64),
    "conv_stride": lambda: Conv2d(2, 3, 3, stride=2, **F64),
    "conv_pairs": lambda: Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 2), **F64),
    "conv_asymmetric": lambda: Conv2d(2, 3, 3, stride=2, padding=((0, 3), (2, 1)), **F64),
    "conv_same": lambda: Conv2d(2, 3, (3, 4), padding="same", **F64),
    "conv_wide_padding": lambda: Conv2d(2, 2, 2, padding=3, **F64),
    "conv_7x7": lambda: Conv2d(3, 2, 7, stride=2, **F64),
    "conv_1x1": lambda: Conv2d(5, 3, 1, **F64),
    "conv_1x1_stride": lambda: Conv2d(3, 2, 1, stride=2, **F64),
    "conv_1x1_padding": lambda: Conv2d(3, 2, 1, padding=1, **F64),
    "conv_no_bias": lambda: Conv2d(2, 2, 3, bias=False, **F64),
    "grouped": lambda: GroupedConv2d(6, 3, (3, 2), stride=2, padding=1, groups=3, **F64),
    "maxpool_2x2": lambda: MaxPool2d(2),
    "maxpool_2x2_odd": lambda: MaxPool2d(2),
    "maxpool_overlapping": lambda: MaxPool2d(3, 2),
    "maxpool_ceil_exact": lambda: MaxPool2d(3, 2, ceil_mode=True),
    "maxpool_ceil_clipped": lambda: MaxPool2d(3, 2, ceil_mode=True),
    "maxpool_ceil_small": lambda: MaxPool2d(3, 2, ceil_mode=True),
    "maxpool_padding": lambda: MaxPool2d(3, 2, padding=1),
    "maxpool_padding_ceil": lambda: MaxPool2d(3, 2, padding=1, ceil_mode=True),
    "maxpool_stride1": lambda: MaxPool2d(3, 1, padding=1),
    "maxpool_pairs": lambda: MaxPool2d((3, 2), (1, 3), padding=(1, 0), ceil_mode=True),
    "maxpool_gaps": lambda: MaxPool2d(2, 3, ceil_mode=True),
    "avgpool_2x2": lambda: AvgPool2d(2),
    "avgpool_overlapping": lambda: AvgPool2d(3, 2),
    "avgpool_ceil": lambda: AvgPool2d(3, 2, ceil_mode=True),
    "avgpool_padding": lambda: AvgPool2d(3, 2, padding=1),
    "avgpool_padding_ceil": lambda: AvgPool2d(3, 2, padding=1, ceil_mode=True),
    "avgpool_excluded": lambda: AvgPool2d(3, 2, padding=1, count_include_pad=False),
    "avgpool_excluded_ceil": lambda: AvgPool2d(
        3, 2, padding=1, ceil_mode=True, count_include_pad=False
    ),
    "avgpool_pairs": lambda: AvgPool2d((4, 2), (3, 1), padding=(2, 1), ceil_mode=True),
    "globalavgpool": GlobalAvgPool2d,
    "relu": ReLU,
    "softmax": Softmax,
    "softmax_images": Softmax,
    "logsoftmax": LogSoftmax,
    "logsoftmax_huge": LogSoftmax,
    "linear": lambda: Linear(3, 5, **F64),
    "linear_no_bias": lambda: Linear(3, 2, bias=False, **F64),
    "batchnorm": lambda: BatchNorm2d(3, **F64),
    "batchnorm_options": lambda: BatchNorm2d(3, eps=0.25, momentum=0.5, **F64),
    "lrn": lambda: LocalResponseNorm(5),
    "lrn_alexnet": lambda: LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0),
    "lrn_strong": lambda: LocalResponseNorm(3, alpha=3.0, beta=1.5, k=0.5),
    "fire": lambda: Fire(4, 2, 3, 1, **F64),
    "bypass_simple": lambda: Bypass(Fire(4, 2, 3, 1, **F64)),
    "bypass_complex": lambda: Bypass(Fire(4, 2, 3, 1, **F64), Conv2d(4, 4, 1, **F64)),
}
LOSSES = {
    "loss": 0.0,
    "loss_smoothed": 0.1,
    "loss_uniform": 1.0,
    "loss_probabilities": 0.0,
    "loss_probabilities_smoothed": 0.3,
    "loss_huge": 0.0,
    "loss_one_class": 0.0,
}
TESTED_ALONE = {"flatten_linear", "batchnorm_eval", "output_sizes"}


def stored(name):
    """The arrays of a case by name."""
    return {k.partition("/")[2]: STORED[k] for k in STORED.files if k.startswith(f"{name}/")}


def close(actual, expected, what=""):
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12, err_msg=what)


def test_every_stored_case_is_tested():
    names = {key.partition("/")[0] for key in STORED.files}
    assert names == {*LAYERS, *LOSSES, *TESTED_ALONE}


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name):
    layer, case = LAYERS[name](), stored(name)
    parameters = dict(layer.named_parameters())
    assert {f"p.{k}" for k in parameters} == {k for k in case if k.startswith("p.")}
    for path, parameter in parameters.items():
        parameter.data = case[f"p.{path}"]
    for path, buffer in layer.named_buffers():
        buffer.data = case[f"before.{path}"]
    close(layer.forward(case["x"]), case["y"], "y")
    close(layer.backward(case["dy"]), case["dx"], "dx")
    for path, parameter in parameters.items():
        close(parameter.grad, case[f"g.{path}"], path)
    for path, buffer in layer.named_buffers():
        close(buffer.data, case[f"after.{path}"], path)


def test_batchnorm_in_evaluation_mode():
    layer, case = BatchNorm2d(3, **F64).eval(), stored("batchnorm_eval")
    state = {k.partition(".")[2]: v for k, v in case.items() if k[:2] == "p." or "before" in k}
    layer.load_state_dict(state)
    close(layer.forward(case["x"]), case["y"])
    for path, buffer in layer.named_buffers():
        close(buffer.data, case[f"before.{path}"], path)


def test_flatten_before_a_linear_layer_from_pytorch():
    """The order of values is another, so the weight's rows move as Flatten's docstring says."""
    case = stored("flatten_linear")
    h, w, c = case["x"].shape[1:]
    net = Sequential(Flatten(), Linear(h * w * c, 5, bias=False, **F64))

    def ours(theirs):
        return theirs.T.reshape(c, h, w, 5).transpose(1, 2, 0, 3).reshape(h * w * c, 5)

    net[1].weight.data = ours(case["p.weight"])
    close(net.forward(case["x"]), case["y"])
    close(net.backward(case["dy"]), case["dx"])
    close(net[1].weight.grad, ours(case["g.weight"]))


@pytest.mark.parametrize("name", LOSSES)
def test_loss(name):
    case = stored(name)
    loss = SoftmaxCrossEntropy(label_smoothing=LOSSES[name])
    close(loss.forward(case["logits"], case["labels"]), case["loss"])
    close(loss.backward(), case["dlogits"])
