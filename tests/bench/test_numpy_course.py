"""The network of the course computes what mydl's layers compute: it is a fair thing to beat."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydl.bench.cases import Case
from mydl.bench.numpy_course import (
    CourseNetwork,
    conv_backward,
    conv_forward,
    max_pool_backward,
    max_pool_forward,
    step,
)
from mydl.layers import Conv2d, MaxPool2d
from mydl.models import SqueezeNet, build_model

NETWORKS = {
    "CIFAR form of 1.1": (lambda: build_model("squeezenet1_1_cifar", final_relu=False), 32),
    "ImageNet form of 1.1": (lambda: build_model("squeezenet1_1", num_classes=7), 58),
    "CIFAR form of 1.0": (lambda: build_model("squeezenet1_0_cifar", num_classes=3), 17),
}


def channels_first(x):
    return np.moveaxis(x, -1, 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_and_gradients_are_those_of_the_layers(name):
    build, size = NETWORKS[name]
    model = build().astype(np.float64)
    model.classifier["dropout9"].p = 0.0
    rng = np.random.default_rng(1)
    for path, parameter in model.named_parameters():
        if path.endswith("bias"):  # zero would put a ReLU on its kink
            parameter.data = rng.normal(0, 0.1, parameter.shape)
    x = rng.normal(size=(2, size, size, 3))
    labels = rng.integers(0, model.num_classes, 2)
    net = CourseNetwork(model)
    scores, _ = net.forward(channels_first(x))
    np.testing.assert_allclose(scores, model.forward(x), rtol=1e-10, atol=1e-12)
    loss, grads = net.loss(channels_first(x), labels)
    assert loss == pytest.approx(model.loss(x, labels), rel=1e-10)
    model.backward()
    parameters = dict(model.named_parameters())
    assert grads.keys() == parameters.keys()
    for path, parameter in parameters.items():
        mine = grads[path].transpose(2, 3, 1, 0) if grads[path].ndim == 4 else grads[path]
        size = np.abs(parameter.grad).max()
        assert size > 0, path
        np.testing.assert_allclose(mine, parameter.grad, rtol=0, atol=1e-10 * size, err_msg=path)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.integers(0, 2),
    st.integers(4, 8), st.integers(4, 8),
)  # fmt: skip
def test_a_convolution_and_its_gradients(rows, columns, stride, top, left, h, w):
    rng = np.random.default_rng(0)
    conv = Conv2d(2, 3, (rows, columns), stride, ((top, 1), (left, 0)), dtype=np.float64)
    conv.bias.data = rng.normal(size=3)
    x = rng.normal(size=(2, h, w, 2))
    right = conv.forward(x)
    weight = conv.weight.data.transpose(3, 2, 0, 1)
    y, cache = conv_forward(channels_first(x), weight, conv.bias.data, conv.window)
    np.testing.assert_allclose(y, channels_first(right), rtol=1e-12, atol=1e-12)
    dy = rng.normal(size=right.shape)
    dx, dw, db = conv_backward(channels_first(dy), cache)
    np.testing.assert_allclose(dx, channels_first(conv.backward(dy)), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dw, conv.weight.grad.transpose(3, 2, 0, 1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(db, conv.bias.grad, rtol=1e-12, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), st.integers(1, 3), st.booleans(), st.integers(4, 9), st.integers(4, 9))
def test_max_pooling_and_its_gradient(kernel_size, stride, ceil_mode, h, w):
    rng = np.random.default_rng(0)
    pool = MaxPool2d(kernel_size, stride, ceil_mode=ceil_mode)
    x = rng.normal(size=(2, h, w, 3))
    right = pool.forward(x)
    y, cache = max_pool_forward(channels_first(x), pool.window)
    np.testing.assert_array_equal(y, channels_first(right))
    dy = rng.normal(size=right.shape)
    dx = max_pool_backward(channels_first(dy), cache)
    np.testing.assert_allclose(dx, channels_first(pool.backward(dy)), rtol=1e-12, atol=1e-12)


def test_a_training_step_learns_and_an_inference_gives_scores():
    train = step(Case("squeezenet_tiny", 3, (16, 16, 3), 4, "train"), threads=1)
    losses = [train() for _ in range(30)]
    assert losses[-1] < losses[0]
    scores = step(Case("squeezenet_tiny", 3, (16, 20, 3), 4, "infer"), threads=1)()
    assert scores.shape == (4, 3)
    assert scores.dtype == np.float32


def test_a_network_that_the_course_does_not_know():
    bypass = CourseNetwork(SqueezeNet("tiny", 3, "cifar", bypass="simple"))
    with pytest.raises(ValueError, match=r"^features\.fire3: the course has no Bypass"):
        bypass.forward(np.ones((1, 3, 16, 16), np.float32))
    normed = CourseNetwork(SqueezeNet("tiny", 3, "cifar", batch_norm=True))
    with pytest.raises(ValueError, match=r"^features\.conv1: the course has no Sequential"):
        normed.forward(np.ones((1, 3, 16, 16), np.float32))
