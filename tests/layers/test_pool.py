"""Max pooling: overlaps add, ties go to the first, padding never wins."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.layers import MaxPool2d, Sequential


def one_image(rows):
    return np.array(rows, float)[None, :, :, None]


def both_ways(pool, rows, dy):
    """y and dx of one image of one channel, as lists of rows."""
    y = pool.forward(one_image(rows))
    dx = pool.backward(one_image(dy))
    return y[0, :, :, 0].tolist(), dx[0, :, :, 0].tolist()


def test_overlapping_windows_add_their_gradients():
    """The 9 lies in all four 3x3 windows; 2x2 windows side by side would never show this."""
    rows = np.zeros((5, 5))
    rows[2, 2] = 9
    y, dx = both_ways(MaxPool2d(3, 2), rows, [[1, 10], [100, 1000]])
    assert y == [[9, 9], [9, 9]]
    assert dx[2] == [0, 0, 1111, 0, 0]
    assert np.sum(dx) == 1111


def test_the_first_of_equal_values_takes_the_gradient():
    y, dx = both_ways(MaxPool2d(2), [[3, 3], [3, 3]], [[5]])
    assert y == [[3]]
    assert dx == [[5, 0], [0, 0]]
    _, dx = both_ways(MaxPool2d(2), [[1, 2], [2, 2]], [[5]])
    assert dx == [[0, 5], [0, 0]]


@pytest.mark.parametrize("padding", [1, "same", ((1, 1), (0, 1))])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_padding_never_wins(padding, ceil_mode):
    x = np.random.default_rng(0).uniform(-9, -1, (2, 6, 5, 3))
    pool = MaxPool2d(3, 2, padding, ceil_mode)
    y = pool.forward(x)
    assert y.max() < 0
    dx = pool.backward(np.ones_like(y))
    assert dx.sum() == y.size


def test_windows_of_minus_infinity():
    y, dx = both_ways(MaxPool2d(3, 2, 1), np.full((3, 3), -np.inf), [[1, 2], [3, 4]])
    assert y == [[-np.inf] * 2] * 2
    assert dx == [[1, 2, 0], [3, 4, 0], [0, 0, 0]]


def test_a_clipped_window():
    """Rows of 4 under 3x3/2 windows: the second window starts at 2 and has two rows."""
    rows = np.arange(16).reshape(4, 4)
    y, dx = both_ways(MaxPool2d(3, 2, ceil_mode=True), rows, [[1, 2], [3, 4]])
    assert y == [[10, 11], [14, 15]]
    assert dx == [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 2], [0, 0, 3, 4]]
    y, _ = both_ways(MaxPool2d(3, 2), rows, [[1]])
    assert y == [[10]]


def test_same_padding_is_tensorflow_s():
    """tf.nn.max_pool2d(x, 3, 2, "SAME") on 4x4: no padding above, windows start at 0 and 2."""
    rows = np.arange(16).reshape(4, 4)
    y, _ = both_ways(MaxPool2d(3, 2, "same"), rows, [[1, 2], [3, 4]])
    assert y == [[10, 11], [14, 15]]
    # Size 5: the padding is 3 - 1 = 2, one pixel before; windows start at -1, 1 and 3.
    y, _ = both_ways(MaxPool2d(3, 2, "same"), np.arange(25).reshape(5, 5), np.ones((3, 3)))
    assert y == [[6, 8, 9], [16, 18, 19], [21, 23, 24]]


def test_nan_is_seen():
    y, dx = both_ways(MaxPool2d(2), [[np.inf, 2], [np.nan, 1]], [[5]])
    assert np.isnan(y).all()
    assert dx == [[0, 0], [5, 0]]


def test_windows_of_more_cells_than_a_byte_counts():
    x = np.zeros((1, 20, 20, 2))
    x[0, 19, 18, 0], x[0, 3, 4, 1] = 7, 8
    pool = MaxPool2d(20)
    assert pool.forward(x).ravel().tolist() == [7, 8]
    dx = pool.backward(np.array([5.0, 6.0]).reshape(1, 1, 1, 2))
    assert dx[0, 19, 18, 0] == 5
    assert dx[0, 3, 4, 1] == 6
    assert dx.sum() == 11


def test_one_byte_is_kept_for_each_output():
    pool = MaxPool2d(16, 1)
    y = pool.forward(np.zeros((1, 17, 17, 3), np.float32))
    assert pool._kept[0].dtype == np.uint8
    assert pool._kept[0].size == y.size


def test_the_stride_is_the_kernel_unless_given():
    assert MaxPool2d((2, 3)).output_shape((1, 8, 9, 4)) == (1, 4, 3, 4)
    assert MaxPool2d((2, 3), 1).output_shape((1, 8, 9, 4)) == (1, 7, 7, 4)


def test_the_sizes_of_squeezenet():
    pool = MaxPool2d(3, 2, ceil_mode=True)
    assert pool.output_shape((1, 111, 111, 96)) == (1, 55, 55, 96)
    assert pool.output_shape((1, 54, 54, 256)) == (1, 27, 27, 256)


@pytest.mark.parametrize("padding", [2, (0, 2), ((0, 2), (0, 0)), ((0, 0), (2, 0))])
def test_padding_that_could_fill_a_window(padding):
    with pytest.raises(ValueError, match="padding of a pooling window must be at most half of"):
        MaxPool2d(3, 2, padding)


def test_wrong_arguments():
    for args, message in (
        ((0,), "kernel_size must be at least 1"),
        ((2, 0), "stride must be at least 1"),
        ((2, 2, "SAME"), "padding must be numbers, 'same' or 'valid', got 'SAME'"),
        ((2.5,), "kernel_size must be a whole number"),
    ):
        with pytest.raises(ValueError, match=message):
            MaxPool2d(*args)


def test_a_window_larger_than_the_image():
    net = Sequential({"pool1": MaxPool2d(3)})
    with pytest.raises(LayerError, match=r"^pool1 \(MaxPool2d\): a window of 3x3 pixels is larger"):
        net.forward(np.zeros((1, 2, 5, 1)))


def test_repr():
    assert repr(MaxPool2d(3, 2, ceil_mode=True)) == (
        "MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)"
    )
    assert repr(MaxPool2d(1)) == "MaxPool2d(kernel_size=1)"
