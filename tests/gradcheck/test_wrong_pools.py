"""Wrong backward passes of pooling, and the checker that catches them.

Each class writes only what is wrong; its comment says where such a mistake was seen, or how one
comes to make it.
"""

import numpy as np
import pytest

from mydl.gradcheck import gradcheck
from mydl.layers import AvgPool2d, GlobalAvgPool2d, MaxPool2d

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape)


def windows(layer, x_shape):
    """(p, q, rows, columns) of each window, cut off at the edges of the image."""
    _, h, w, _ = x_shape
    (top, _), (left, _) = layer.window.pads(h, w)
    (k_h, k_w), (s_h, s_w) = layer.window.kernel_size, layer.window.stride
    h_out, w_out = layer.window.output_size(h, w)
    for p in range(h_out):
        for q in range(w_out):
            row, column = p * s_h - top, q * s_w - left
            yield (
                p,
                q,
                slice(max(row, 0), min(row + k_h, h)),
                slice(max(column, 0), min(column + k_w, w)),
            )


class KeepsX(MaxPool2d):
    """The right layer, which also remembers x for those below."""

    def forward(self, x):
        self.x = x.copy()
        return super().forward(x)


class Assigns(KeepsX):
    # "=" where "+=" is needed; a popular course's notebook checks 2x2 windows with stride 2 only,
    # where it passes (0809zheng/CS231n-assignment2019, issue 19; FluxML/NNlib.jl, issue 205).
    def backward(self, dy):
        dx = np.zeros(self.x.shape)
        for p, q, rows, columns in windows(self, dx.shape):
            window = self.x[:, rows, columns]
            wins = window == window.max(axis=(1, 2), keepdims=True)
            piece = dx[:, rows, columns]
            piece[...] = np.where(wins, dy[:, p, None, q, None], piece)
        return dx


class SendsTiesTwice(KeepsX):
    # Every pixel equal to the maximum gets the whole gradient (Theano/Theano, issue 5248;
    # apache/mxnet, issue 18563).
    def backward(self, dy):
        dx = np.zeros(self.x.shape)
        for p, q, rows, columns in windows(self, dx.shape):
            window = self.x[:, rows, columns]
            wins = window == window.max(axis=(1, 2), keepdims=True)
            dx[:, rows, columns] += wins * dy[:, p, None, q, None]
        return dx


class SendsToNearMaxima(KeepsX):
    # The winner found with a tolerance of 0.01 (mni-ml/framework, pull request 22).
    def backward(self, dy):
        dx = np.zeros(self.x.shape)
        for p, q, rows, columns in windows(self, dx.shape):
            window = self.x[:, rows, columns]
            wins = np.abs(window - window.max(axis=(1, 2), keepdims=True)) < 1e-2
            dx[:, rows, columns] += wins * dy[:, p, None, q, None]
        return dx


class LetsTheLastWindowDecide(KeepsX):
    # Which window a pixel won is noted once for each pixel (ahrefs/ocannl, issue 512).
    def backward(self, dy):
        won = np.zeros(self.x.shape, bool)
        for _, _, rows, columns in windows(self, won.shape):
            window = self.x[:, rows, columns]
            won[:, rows, columns] = window == window.max(axis=(1, 2), keepdims=True)
        dx = np.zeros(self.x.shape)
        for p, q, rows, columns in windows(self, won.shape):
            dx[:, rows, columns] += won[:, rows, columns] * dy[:, p, None, q, None]
        return dx


class StopsAfterTheFirstWindow(KeepsX):
    # return, indented one step too far (riccardoandreoni0/CNN-from-scratch, issue 1).
    def backward(self, dy):
        dx = super().backward(dy)
        rest = np.ones(dx.shape, bool)
        _, _, rows, columns = next(windows(self, dx.shape))
        rest[:, rows, columns] = False
        dx[rest] = 0
        return dx


class LetsZeroPaddingWin(KeepsX):
    # Padded with zeros, which are larger than negative numbers: their gradient goes to the padding
    # and is lost (zylo117/Yet-Another-EfficientDet-Pytorch, pull request 352).
    def backward(self, dy):
        dy = dy.copy()
        k_h, k_w = self.window.kernel_size
        for p, q, rows, columns in windows(self, self.x.shape):
            window = self.x[:, rows, columns]
            if window.shape[1:3] != (k_h, k_w):
                dy[:, p, q] *= window.max(axis=(1, 2)) > 0
        return super().backward(dy)


class ForgetsStride(KeepsX):
    # The window of (p, q) sought at row p instead of stride * p.
    def backward(self, dy):
        argument, x_shape = self._take()
        dx = np.zeros(x_shape)
        for n, p, q, c in np.ndindex(dy.shape):
            i, j = divmod(int(argument[n, p, q, c]), self.window.kernel_size[1])
            dx[n, p + i, q + j, c] += dy[n, p, q, c]
        return dx


class DecodesTheCellByRows(KeepsX):
    # divmod(argument, K_h) instead of K_w, which square windows hide.
    def backward(self, dy):
        argument, x_shape = self._take()
        dx = np.zeros(x_shape)
        k_h, k_w = self.window.kernel_size
        for n, p, q, c in np.ndindex(dy.shape):
            i, j = divmod(int(argument[n, p, q, c]), k_h)
            dx[n, p * k_h + i, min(q * k_w + j, x_shape[2] - 1), c] += dy[n, p, q, c]
        return dx


class SharesAmongAllPixels(KeepsX):
    # The backward pass of average pooling taken over from the file next door.
    def backward(self, dy):
        dx = np.zeros(self.x.shape)
        for p, q, rows, columns in windows(self, dx.shape):
            dx[:, rows, columns] += dy[:, p, None, q, None] / np.prod(self.window.kernel_size)
        return dx


class DividesClippedWindowsByAll(AvgPool2d):
    # The whole window where forward counts only the cells inside (tracel-ai/burn, issue 5604;
    # pytorch/pytorch, issue 198119).
    def _whole(self, x_shape, dtype):
        return np.full((1, 1, 1), np.prod(self.window.kernel_size), dtype)

    def backward(self, dy):
        self._count = self._whole
        dx = super().backward(dy)
        del self._count
        return dx


class ForgetsToDivide(AvgPool2d):
    # The gradient of a sum.
    def backward(self, dy):
        self._count = lambda x_shape, dtype: np.ones((1, 1, 1), dtype)
        dx = super().backward(dy)
        del self._count
        return dx


class AssignsAverages(AvgPool2d):
    # "=" where "+=" is needed, as for the maximum.
    def backward(self, dy):
        (x_shape,) = self._take()
        dx = np.zeros(x_shape)
        share = dy / self._count(x_shape, dy.dtype)
        for p, q, rows, columns in windows(self, x_shape):
            dx[:, rows, columns] = share[:, p, None, q, None]
        return dx


class ForgetsToDivideByPixels(GlobalAvgPool2d):
    # The gradient of a sum.
    def backward(self, dy):
        return super().backward(dy) * 20


class DividesByRowsTwice(GlobalAvgPool2d):
    # H * H for H * W; square images hide it.
    def backward(self, dy):
        return super().backward(dy) * 4 / 5


class DividesByTheBatchToo(GlobalAvgPool2d):
    # x.size / C counts the samples as well.
    def backward(self, dy):
        return super().backward(dy) / len(dy)


IMAGES = normal(2, 5, 7, 2)
TIES = RNG.integers(0, 3, (2, 5, 7, 2)).astype(float)

WRONG = [
    (Assigns(3, 2), IMAGES, {"x"}),
    (SendsTiesTwice(2), TIES, {"x"}),
    (SendsTiesTwice(3, 2), TIES, {"x"}),
    (SendsToNearMaxima(3, 2), IMAGES / 100, {"x"}),
    (LetsTheLastWindowDecide(3, 2), IMAGES, {"x"}),
    (StopsAfterTheFirstWindow(2), IMAGES, {"x"}),
    (LetsZeroPaddingWin(3, 1, 1), -np.abs(IMAGES), {"x"}),
    (ForgetsStride(2), IMAGES, {"x"}),
    (DecodesTheCellByRows((2, 3)), IMAGES, {"x"}),
    (SharesAmongAllPixels(2), IMAGES, {"x"}),
    (DividesClippedWindowsByAll(2, ceil_mode=True), IMAGES, {"x"}),
    (DividesClippedWindowsByAll(3, 1, 1, count_include_pad=False), IMAGES, {"x"}),
    (ForgetsToDivide(2), IMAGES, {"x"}),
    (AssignsAverages(3, 2), IMAGES, {"x"}),
    (ForgetsToDivideByPixels(), normal(2, 5, 4, 2), {"x"}),
    (DividesByRowsTwice(), normal(2, 5, 4, 2), {"x"}),
    (DividesByTheBatchToo(), normal(2, 5, 4, 2), {"x"}),
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: f"{type(case[0]).__name__}-{case[0]}")
def test_a_wrong_backward_is_caught_where_it_is_wrong(case, assert_caught):
    assert_caught(*case)


@pytest.mark.parametrize(
    ("layer", "x"),
    [(Assigns(2), IMAGES), (SendsTiesTwice(3, 2), IMAGES), (LetsZeroPaddingWin(2), -abs(IMAGES))],
    ids=lambda value: type(value).__name__,
)
def test_what_hides_a_wrong_backward(layer, x):
    """No overlap, no ties, no padding: there it is right, and the test set would be blind."""
    assert gradcheck(layer, x)
