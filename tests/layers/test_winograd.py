"""Winograd's algorithm behind Conv2d: the same results as im2col, and when it is chosen."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mydl.gradcheck import gradcheck
from mydl.layers import Conv2d
from mydl.layers.winograd import is_faster

STORED = np.load(Path(__file__).parents[1] / "references" / "layers.npz")
# Relative to the largest value; the transforms cost half a digit.
BOUNDS = {np.float32: 1e-5, np.float64: 1e-13, np.complex128: 1e-13}


def pair(c_in, c_out, padding, bias, dtype):
    """A layer for each algorithm, with the same random weights and gradients that are not zero."""
    rng = np.random.default_rng(3)
    layer = Conv2d(c_in, c_out, 3, 1, padding, bias, algorithm="im2col", rng=rng)
    for parameter in layer.parameters():
        parameter.data = rng.normal(size=parameter.shape).astype(np.float32)
    layer = layer.astype(dtype)
    for parameter in layer.parameters():
        parameter.grad = 1.0
    other = copy.deepcopy(layer)
    other.algorithm = "winograd"
    return layer, other


def results(layer, x, dy):
    """Output and gradients by name."""
    y, dx = layer.forward(x), layer.backward(dy)
    return {"y": y, "dx": dx, **{path: p.grad.copy() for path, p in layer.named_parameters()}}


def assert_close(ours, exact, dtype):
    for name, right in exact.items():
        assert ours[name].dtype == dtype
        scale = max(1.0, np.abs(right).max(initial=0))
        np.testing.assert_allclose(
            ours[name], right, rtol=0, atol=BOUNDS[dtype] * scale, err_msg=name
        )


@st.composite
def problems(draw):
    """(shape of x, output channels, padding) that fit together."""
    side = st.tuples(st.integers(0, 6), st.integers(0, 6))
    paddings = st.one_of(st.sampled_from(["same", "valid"]), st.integers(0, 6), side)
    padding = draw(st.one_of(paddings, st.tuples(side, side)))
    (top, bottom), (left, right) = Conv2d(1, 1, 3, 1, padding).window.pads(9, 9)
    h = draw(st.integers(max(1, 3 - top - bottom), 11))
    w = draw(st.integers(max(1, 3 - left - right), 11))
    channels = st.sampled_from([1, 2, 3, 16, 17])
    return (draw(st.integers(0, 3)), h, w, draw(channels)), draw(channels), padding


@given(problems(), st.booleans(), st.sampled_from(list(BOUNDS)))
@example(((2, 18, 21, 70), 130, "same"), True, np.float32)  # more than a block of each
@example(((1, 1, 1, 3), 5, 7), True, np.float32)  # most of the tiles lie in the padding
def test_both_algorithms_agree(problem, bias, dtype):
    shape, c_out, padding = problem
    rng = np.random.default_rng(0)
    im2col, winograd = pair(shape[-1], c_out, padding, bias, dtype)
    x = rng.normal(size=shape).astype(dtype)
    dy = rng.normal(size=im2col.output_shape(shape)).astype(dtype)
    wide = np.complex128 if dtype == np.complex128 else np.float64
    exact = results(pair(shape[-1], c_out, padding, bias, wide)[0], x.astype(wide), dy.astype(wide))
    assert_close(results(im2col, x, dy), exact, dtype)
    assert_close(results(winograd, x, dy), exact, dtype)


@settings(max_examples=40)
@given(problems(), st.booleans(), st.sampled_from(["central", "complex"]))
def test_gradients_are_slopes(problem, bias, method):
    shape, c_out, padding = problem
    _, winograd = pair(shape[-1], c_out, padding, bias, np.float64)
    x = np.random.default_rng(0).normal(size=(2, *shape[1:]))
    report = gradcheck(winograd, x, method=method, samples=6)
    assert report, str(report)


@pytest.mark.parametrize(
    ("name", "padding", "bias"),
    [("conv_3x3", 0, True), ("conv_padding", 1, True), ("conv_no_bias", 0, False)],
)
def test_against_pytorch(name, padding, bias):
    case = {key.partition("/")[2]: STORED[key] for key in STORED if key.startswith(f"{name}/")}
    c_in, c_out = case["p.weight"].shape[2:]
    layer = Conv2d(c_in, c_out, 3, 1, padding, bias, algorithm="winograd", dtype=np.float64)
    for path, parameter in layer.named_parameters():
        parameter.data = case[f"p.{path}"]
    ours = results(layer, case["x"], case["dy"])
    for key, value in ours.items():
        expected = case[key] if key in case else case[f"g.{key}"]
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12, err_msg=key)


def chosen(layer, shape):
    """The algorithm that a layer takes, by what it keeps: images, or a matrix of windows."""
    twin = copy.deepcopy(layer)
    dtype = twin.weight.data.dtype
    y = twin.forward(np.random.default_rng(0).normal(size=shape).astype(dtype))
    algorithms = [a for a in ("im2col", "winograd") if np.array_equal(y, output(layer, a, shape))]
    assert len(algorithms) == 1
    return algorithms[0]


def output(layer, algorithm, shape):
    twin = copy.deepcopy(layer)
    twin.algorithm = algorithm
    x = np.random.default_rng(0).normal(size=shape).astype(twin.weight.data.dtype)
    return twin.forward(x)


def test_auto_decides_from_the_shapes():
    layer = Conv2d(3, 16, 3, padding=1)
    assert layer.algorithm == "auto"
    assert chosen(layer, (1, 8, 8, 3)) == "winograd"
    assert chosen(layer, (1, 4, 4, 3)) == "im2col"
    assert chosen(layer, (4, 4, 4, 3)) == "winograd"
    assert chosen(layer, (9, 5, 5, 3)) == "im2col"  # 4 tiles for 25 pixels
    assert chosen(layer.astype(np.float64), (1, 8, 8, 3)) == "im2col"


@pytest.mark.parametrize("window", [(1,), (5,), ((3, 1),), (3, 2), (3, (1, 2))])
def test_auto_takes_im2col_for_other_windows(window):
    x = np.random.default_rng(0).normal(size=(2, 12, 12, 3)).astype(np.float32)
    one, other = (
        Conv2d(3, 4, *window, algorithm=a, rng=np.random.default_rng(0)) for a in ("auto", "im2col")
    )
    np.testing.assert_array_equal(one.forward(x), other.forward(x))
    with pytest.raises(ValueError, match="needs a 3x3 window with stride 1, got kernel_size="):
        Conv2d(3, 4, *window, algorithm="winograd")


@given(st.integers(0, 40), st.integers(1, 60), st.integers(1, 60))
def test_where_it_is_faster_there_are_fewer_multiplications(n, h, w):
    """36 for each tile instead of 9 for each pixel: at most half."""
    tiles = n * -(-h // 4) * -(-w // 4)
    if is_faster((n, h, w, 8)):
        assert n * h * w >= 64
        assert 36 * tiles <= 9 * n * h * w / 2


def test_wrong_names_are_answered_with_the_nearest():
    message = (
        "there is no algorithm 'wingrad': did you mean 'winograd'? There are auto, im2col and "
        "winograd"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Conv2d(3, 4, 3, algorithm="wingrad")
    for wrong in ("", "Winograd", None, 3):
        with pytest.raises(ValueError, match="there is no algorithm"):
            Conv2d(3, 4, 3, algorithm=wrong)


def test_a_window_that_does_not_fit_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="winograd") as error:
        Conv2d(3, 4, 3, 2, 1, algorithm="winograd")
    assert str(error.value) == (
        "algorithm 'winograd' needs a 3x3 window with stride 1, got kernel_size=3, stride=2, "
        "padding=1: take 'auto' or 'im2col'"
    )


def test_the_algorithm_can_be_set_later():
    layer = Conv2d(2, 3, 3)
    x, dy = np.ones((1, 5, 5, 2), np.float32), np.ones((1, 3, 3, 3), np.float32)
    layer.algorithm = "winograd"
    layer.forward(x)
    layer.algorithm = "im2col"  # between the two: backward goes on with what forward kept
    dx = layer.backward(dy)
    layer.forward(x)
    np.testing.assert_allclose(layer.backward(dy), dx, atol=1e-5)
    layer.algorithm = "im2cols"
    with pytest.raises(ValueError, match="did you mean 'im2col'"):
        layer.forward(x)
    strided = Conv2d(2, 3, 3, 2)
    strided.algorithm = "winograd"
    with pytest.raises(ValueError, match="needs a 3x3 window"):
        strided.forward(x)


def test_the_algorithm_is_no_part_of_the_state():
    """Weights go from one algorithm to the other; copies in another dtype keep the choice."""
    im2col, winograd = pair(2, 3, 1, True, np.float64)
    assert winograd.state_dict().keys() == Conv2d(2, 3, 3).state_dict().keys()
    im2col.load_state_dict(winograd.state_dict())
    assert winograd.astype(np.float32).algorithm == "winograd"
    assert copy.deepcopy(winograd).algorithm == "winograd"


def test_repr_shows_a_choice():
    assert repr(Conv2d(3, 8, 3, algorithm="auto")) == "Conv2d(3, 8, kernel_size=3)"
    layer = Conv2d(3, 8, 3, bias=False, algorithm="winograd")
    assert repr(layer) == "Conv2d(3, 8, kernel_size=3, bias=False, algorithm='winograd')"


def test_images_are_kept_instead_of_their_windows():
    """A ninth of im2col's memory."""
    x = np.ones((2, 8, 8, 3), np.float32)
    layer = Conv2d(3, 4, 3, padding=1, algorithm="winograd")
    layer.forward(x)
    assert layer._kept[0] is x
