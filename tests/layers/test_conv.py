"""Convolution: small cases by hand, the definition as loops, and what is said of bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.layer import LayerError
from mydl.layers import Conv2d, Sequential

F64 = {"dtype": np.float64}


def conv_of(weight, **kwargs):
    """A convolution of one channel with the given rows as its only filter, without bias."""
    weight = np.array(weight, float)
    layer = Conv2d(1, 1, weight.shape, bias=False, **kwargs, **F64)
    layer.weight.data = weight[:, :, None, None]
    return layer


def one_image(rows):
    rows = np.array(rows, float)
    return rows[None, :, :, None]


def test_by_hand():
    """A filter slides without being turned round (cross-correlation, as everywhere)."""
    layer = conv_of([[1, 2], [3, 4]])
    y = layer.forward(one_image([[1, 0, 0], [0, 1, 0], [0, 0, 1]]))
    assert y[0, :, :, 0].tolist() == [[5, 3], [2, 5]]
    dx = layer.backward(one_image([[1, 0], [0, 10]]))
    assert dx[0, :, :, 0].tolist() == [[1, 2, 0], [3, 14, 20], [0, 30, 40]]
    assert layer.weight.grad[:, :, 0, 0].tolist() == [[11, 0], [0, 11]]


def test_bias_gradient_is_the_sum_of_dy():
    layer = Conv2d(2, 3, 3, padding=1, **F64)
    dy = np.random.default_rng(0).normal(size=layer.forward(np.ones((2, 4, 5, 2))).shape)
    layer.backward(dy)
    np.testing.assert_allclose(layer.bias.grad, dy.sum((0, 1, 2)))


def test_same_padding_with_stride_is_tensorflow_s():
    """tf.nn.conv2d(x, w, strides=2, padding="SAME") by its documented formula.

    Size 4, kernel 3, stride 2: output ceil(4 / 2) = 2, padding max(3 - 2, 0) = 1 in all, of which
    1 // 2 = 0 above and 1 below: windows start at rows 0 and 2. PyTorch's padding=1 would start
    them at -1 and 1.
    """
    ones = np.ones((3, 3))
    layer = conv_of(ones, stride=2, padding="same")
    x = np.arange(16.0).reshape(4, 4)
    y = layer.forward(one_image(x))[0, :, :, 0]
    assert y.tolist() == [
        [x[0:3, 0:3].sum(), x[0:3, 2:4].sum()],
        [x[2:4, 0:3].sum(), x[2:4, 2:4].sum()],
    ]


@st.composite
def convolutions(draw):
    kernel, stride = (draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(2))
    side = st.tuples(st.integers(0, 2), st.integers(0, 2))
    padding = draw(st.one_of(st.sampled_from(["same", "valid"]), st.tuples(side, side)))
    c_in, c_out = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    layer = Conv2d(c_in, c_out, kernel, stride, padding, rng=np.random.default_rng(0), **F64)
    layer.bias.data = np.random.default_rng(1).normal(size=c_out)
    return layer, (draw(st.integers(1, 2)), draw(st.integers(3, 7)), draw(st.integers(3, 7)), c_in)


def defined_output(layer, x):
    """y[n, p, q, k] = b[k] + sum over (i, j, c) of w[i, j, c, k] x[n, p*s + i, q*s + j, c]."""
    (k_h, k_w), (s_h, s_w) = layer.window.kernel_size, layer.window.stride
    padded = np.pad(x, ((0, 0), *layer.window.pads(*x.shape[1:3]), (0, 0)))
    y = np.empty(layer.output_shape(x.shape))
    for p, q in np.ndindex(y.shape[1:3]):
        cut = padded[:, p * s_h : p * s_h + k_h, q * s_w : q * s_w + k_w]
        y[:, p, q] = np.tensordot(cut, layer.weight.data, 3) + layer.bias.data
    return y


@given(convolutions())
def test_by_definition(convolution):
    layer, shape = convolution
    x = np.random.default_rng(2).normal(size=shape)
    y = layer.forward(x)
    np.testing.assert_allclose(y, defined_output(layer, x), atol=1e-12)


@given(convolutions())
def test_backward_is_the_transpose_of_forward(convolution):
    """y is linear in x and in (weight, bias), so both gradients are transposes."""
    layer, shape = convolution
    rng = np.random.default_rng(2)
    x = rng.normal(size=shape)
    y = layer.forward(x) - layer.bias.data
    dy = rng.normal(size=y.shape)
    dx = layer.backward(dy)
    np.testing.assert_allclose(np.vdot(y, dy), np.vdot(x, dx), atol=1e-9)
    np.testing.assert_allclose(
        np.vdot(y, dy), np.vdot(layer.weight.data, layer.weight.grad), atol=1e-9
    )


def test_both_dtypes_start_from_the_same_weights():
    one, other = (Conv2d(3, 8, 3, dtype=d, rng=np.random.default_rng(5)) for d in ("f4", "f8"))
    np.testing.assert_array_equal(one.weight.data, other.weight.data.astype(np.float32))
    assert not one.bias.data.any()


def test_he_variance():
    weight = Conv2d(64, 64, 3, rng=np.random.default_rng(0)).weight.data
    np.testing.assert_allclose(weight.var(), 2 / (3 * 3 * 64), rtol=0.02)


def test_numbers_of_squeezenet_s_first_convolution():
    layer = Conv2d(3, 64, 3, stride=2)
    assert layer.output_shape((8, 227, 227, 3)) == (8, 113, 113, 64)
    assert layer.num_parameters() == 1792
    assert layer.multiply_adds((1, 227, 227, 3)) == 113 * 113 * 64 * 27
    assert Conv2d(3, 64, 3, bias=False).num_parameters() == 1728


def test_errors_begin_with_the_place_in_the_network():
    net = Sequential({"features": Sequential({"expand3x3": Conv2d(32, 8, 3)})})
    with pytest.raises(LayerError) as error:
        net.forward(np.zeros((1, 8, 8, 16), np.float32))
    assert str(error.value) == (
        "features.expand3x3 (Conv2d): expected 32 channels, got 16 in an input of (1, 8, 8, 16)"
    )


def test_a_window_larger_than_the_image():
    with pytest.raises(LayerError, match=r"^Conv2d: a window of 3x3 pixels is larger than .* 2x8"):
        Conv2d(1, 1, 3).forward(np.zeros((1, 2, 8, 1), np.float32))
    with pytest.raises(LayerError, match="larger than the image of 0x0"):
        Conv2d(1, 1, 1).forward(np.zeros((1, 0, 0, 1), np.float32))


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((0, 1, 3), {}, "in_channels must be at least 1, got 0"),
        ((1, -2, 3), {}, "out_channels must be at least 1, got -2"),
        ((1.0, 1, 3), {}, "in_channels must be a whole number, got 1.0"),
        ((1, 1, 0), {}, "kernel_size must be at least 1, got 0"),
        ((1, 1, 3, 0), {}, "stride must be at least 1, got 0"),
        ((1, 1, 3, 1, -1), {}, "padding must be at least 0, got -1"),
        ((1, 1, 3, 1, "full"), {}, "padding must be numbers, 'same' or 'valid', got 'full'"),
        ((1, 1, 3), {"dtype": np.int32}, "dtype must be float32 or float64, got int32"),
        ((1, 1, 3), {"rng": 0}, r"rng must be a numpy.random.Generator, got 0: np.random"),
    ],
)
def test_wrong_arguments(args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        Conv2d(*args, **kwargs)


def test_repr():
    assert repr(Conv2d(3, 64, 3, 2)) == "Conv2d(3, 64, kernel_size=3, stride=2)"
    layer = Conv2d(3, 6, (3, 1), padding="same", bias=False)
    assert repr(layer) == "Conv2d(3, 6, kernel_size=(3, 1), padding='same', bias=False)"
