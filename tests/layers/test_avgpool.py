"""Average pooling: what counts in a window's mean, and the global average."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.layers import AvgPool2d, GlobalAvgPool2d


def one_image(rows):
    return np.array(rows, float)[None, :, :, None]


def both_ways(pool, rows, dy):
    """y and dx of one image of one channel, as lists of rows."""
    y = pool.forward(one_image(rows))
    dx = pool.backward(one_image(dy))
    return y[0, :, :, 0].tolist(), dx[0, :, :, 0].tolist()


def test_padding_counts_or_not():
    """A 2x2 window with one pixel of padding sees one pixel, and divides by 4 or by 1."""
    y, dx = both_ways(AvgPool2d(2, 2, 1), [[8, 4], [12, 16]], [[4, 8], [12, 16]])
    assert y == [[2, 1], [3, 4]]
    assert dx == [[1, 2], [3, 4]]
    excluded = AvgPool2d(2, 2, 1, count_include_pad=False)
    y, dx = both_ways(excluded, [[8, 4], [12, 16]], [[4, 8], [12, 16]])
    assert y == [[8, 4], [12, 16]]
    assert dx == [[4, 8], [12, 16]]


def test_what_hangs_over_the_edge_never_counts():
    y, dx = both_ways(AvgPool2d(2, 2, ceil_mode=True), [[1, 3, 5]], [[6, 7]])
    assert y == [[2, 5]]
    assert dx == [[3, 3, 7]]


def test_overlapping_windows_add_their_shares():
    _, dx = both_ways(AvgPool2d((1, 3), (1, 2)), [[0, 0, 0, 0, 0]], [[3, 6]])
    assert dx == [[1, 1, 3, 2, 2]]


def test_same_padding_is_tensorflow_s():
    """tf.nn.avg_pool2d(x, 3, 2, "SAME") leaves the padding out of the mean.

    Size 4 has its one pixel of padding after the image: windows at 0 and 2, the second of two
    pixels. Size 5 has one on each side: windows at -1, 1 and 3 of two, three and two pixels.
    """
    y, _ = both_ways(AvgPool2d((1, 3), (1, 2), "same"), [[1, 2, 6, 8]], [[1, 1]])
    assert y == [[3, 7]]
    y, dx = both_ways(AvgPool2d((1, 3), (1, 2), "same"), [[1, 3, 6, 9, 11]], [[2, 6, 8]])
    assert y == [[2, 6, 10]]
    assert dx == [[1, 3, 2, 6, 4]]


@pytest.mark.parametrize("padding", [0, 1, "same", ((1, 0), (0, 1))])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_means_of_a_constant(padding, ceil_mode):
    """Without padding in the count, the mean of a constant is that constant everywhere."""
    x = np.full((2, 7, 6, 3), 2.5)
    pool = AvgPool2d(3, 2, padding, ceil_mode, count_include_pad=False)
    np.testing.assert_allclose(pool.forward(x), 2.5, rtol=1e-15)
    dy = np.random.default_rng(0).normal(size=pool.output_shape(x.shape))
    np.testing.assert_allclose(pool.backward(dy).sum(), dy.sum(), rtol=1e-12)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="padding of a pooling window must be at most half of"):
        AvgPool2d(2, 2, 2)
    with pytest.raises(LayerError, match=r"^AvgPool2d: a window of 3x3 pixels is larger than"):
        AvgPool2d(3).forward(np.zeros((1, 2, 5, 1)))


def test_repr():
    assert repr(AvgPool2d(3, 2, 1)) == "AvgPool2d(kernel_size=3, stride=2, padding=1)"
    assert repr(AvgPool2d(2, count_include_pad=False)) == (
        "AvgPool2d(kernel_size=2, stride=2, count_include_pad=False)"
    )


def test_the_global_average():
    pool = GlobalAvgPool2d()
    x = np.arange(24.0).reshape(2, 2, 3, 2)
    assert pool.forward(x).tolist() == [[5, 6], [17, 18]]
    dx = pool.backward(np.array([[6.0, 12.0], [18.0, 24.0]]))
    assert dx[0].reshape(6, 2).tolist() == [[1, 2]] * 6
    assert dx[1].reshape(6, 2).tolist() == [[3, 4]] * 6


def test_the_global_average_equals_one_window_over_all():
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 3))
    dy = np.random.default_rng(1).normal(size=(2, 3))
    one, other = GlobalAvgPool2d(), AvgPool2d((4, 5))
    np.testing.assert_allclose(one.forward(x), other.forward(x)[:, 0, 0], rtol=1e-13)
    expected = other.backward(dy[:, None, None])
    np.testing.assert_allclose(one.backward(dy), expected, rtol=1e-13)


def test_the_global_average_of_no_pixels():
    with pytest.raises(
        LayerError, match=r"expected images with at least one pixel, got .*\(1, 0, 3, 2\)"
    ):
        GlobalAvgPool2d().forward(np.zeros((1, 0, 3, 2)))
