"""The arithmetic of windows: output sizes, padding, and what is said of wrong arguments."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.layers.window import Window, pair

REFERENCES = Path(__file__).parents[1] / "references"


def test_output_sizes_are_pytorch_s():
    """Every small window, with ceil_mode and padding; 0 stands for a window that does not fit."""
    sizes = np.load(REFERENCES / "layers.npz")["output_sizes"]
    assert len(sizes) > 500
    for size, kernel, stride, padding, ceil_mode, expected in sizes.tolist():
        window = Window.of(kernel, stride, padding, bool(ceil_mode))
        got = window.output_size(size, size)
        assert tuple(max(n, 0) for n in got) == (expected, expected), (window, size)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_same_padding_is_tensorflow_s(size, kernel, stride, ceil_mode):
    """https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2, word for word::

    out_height = ceil(float(in_height) / float(strides[1]))
    if (in_height % strides[1] == 0):
      pad_along_height = max(filter_height - stride_height, 0)
    else:
      pad_along_height = max(filter_height - (in_height % stride_height), 0)
    pad_top = pad_along_height // 2
    pad_bottom = pad_along_height - pad_top
    """
    along = max(kernel - (size % stride or stride), 0)
    window = Window.of(kernel, stride, "same", ceil_mode)
    before, after = along // 2, along - along // 2
    assert window.pads(size, size) == ((before, after), (before, after))
    assert window.output_size(size, size) == (-(-size // stride),) * 2


def test_same_puts_the_odd_pixel_below_and_to_the_right():
    assert Window.of(2, 1, "same").pads(5, 5) == ((0, 1), (0, 1))
    assert Window.of(3, 2, "same").pads(32, 31) == ((0, 1), (1, 1))
    assert Window.of((3, 5), (1, 2), "same").output_size(7, 7) == (7, 4)


def test_valid_is_no_padding():
    assert Window.of(3, 1, "valid") == Window.of(3, 1, 0)


def test_forms_of_padding():
    assert Window.of(3, 1, 1).padding == ((1, 1), (1, 1))
    assert Window.of(3, 1, (1, 0)).padding == ((1, 1), (0, 0))
    assert Window.of(3, 1, ((0, 1), (2, 3))).padding == ((0, 1), (2, 3))
    assert Window.of(np.int64(3), np.int8(2), np.int32(1)) == Window.of(3, 2, 1)


def test_caffe_s_last_window():
    """SqueezeNet's pools, 3x3/2 with the last window over the edge, as the paper's sizes need."""
    pool = Window.of(3, 2, 0, ceil_mode=True)
    sizes = {111: 55, 109: 54, 55: 27, 54: 27, 27: 13, 13: 6}
    assert {n: pool.output_size(n, n)[0] for n in sizes} == sizes
    assert Window.of(3, 2, 0).output_size(54, 54) == (26, 26)


@given(st.data(), st.booleans(), st.booleans())
def test_cells_inside(data, ceil_mode, count_padding):
    """Against counting ones in each window of an image of ones (or with its padding ones too)."""
    size, kernel, stride = (data.draw(st.integers(1, most)) for most in (12, 5, 5))
    before, after = (data.draw(st.integers(0, kernel // 2)) for _ in range(2))
    window = Window.of(kernel, stride, ((before, after), (0, 0)), ceil_mode)
    rows, columns = window.output_size(size, 9)
    if min(rows, columns) < 1:
        return
    ones = np.concatenate(
        [
            np.ones(before) * count_padding,
            np.ones(size),
            np.ones(after) * count_padding,
            np.zeros(kernel),
        ]
    )
    expected = [ones[p * stride : p * stride + kernel].sum() for p in range(rows)]
    counts = window.cells_inside(size, 9, count_padding)
    assert counts.shape == (rows, columns)
    np.testing.assert_array_equal(counts[:, 0], np.array(expected) * min(kernel, 9))
    assert counts.min() >= 1


def test_a_window_larger_than_the_image():
    with pytest.raises(ValueError, match=r"a window of 5x3 pixels .* 2x8 with padding, 4x10"):
        Window.of((5, 3), 1, 1).check((1, 2, 8, 3))
    with pytest.raises(ValueError, match="image of 0x4"):
        Window.of(3, 1, "same").check((1, 0, 4, 3))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "kernel_size must be at least 1, got 0"),
        ((3, -1), "kernel_size must be at least 1, got -1"),
        (2.0, "kernel_size must be a whole number, got 2.0"),
        ("3", "kernel_size must be a whole number, got '3'"),
        (None, "kernel_size must be a whole number, got None"),
        ((1, 2, 3), r"a pair \(rows, columns\), got \(1, 2, 3\)"),
        ((), "a pair"),
        ((1, "a"), "kernel_size must be a whole number, got 'a'"),
    ],
)
def test_wrong_numbers(value, message):
    with pytest.raises(ValueError, match=message):
        pair(value, "kernel_size", 1)


@pytest.mark.parametrize(
    ("padding", "message"),
    [
        ("full", "padding must be numbers, 'same' or 'valid', got 'full'"),
        (-1, "padding must be at least 0, got -1"),
        (((0, 1),), "padding must be"),
        (((0, 1), (0, 1), (0, 1)), "padding must be"),
        (((0, 1), (0, -1)), "padding must be at least 0, got -1"),
        (1.5, "padding must be a whole number"),
        (None, "padding must be"),
    ],
)
def test_wrong_padding(padding, message):
    with pytest.raises(ValueError, match=message):
        Window.of(3, 1, padding)


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window.of(3, 1, 0), "kernel_size=3"),
        (Window.of((3, 1), (2, 1), "same"), "kernel_size=(3, 1), stride=(2, 1), padding='same'"),
        (Window.of(3, 2, 0, True), "kernel_size=3, stride=2, ceil_mode=True"),
        (Window.of(3, 1, (1, 0)), "kernel_size=3, padding=(1, 0)"),
        (Window.of(3, 1, ((0, 1), (0, 1))), "kernel_size=3, padding=((0, 1), (0, 1))"),
    ],
)
def test_words(window, words):
    assert str(window) == words
