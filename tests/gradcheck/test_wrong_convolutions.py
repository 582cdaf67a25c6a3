"""Wrong backward passes of convolutions and linear layers, and the checker that catches them.

Each class writes only what is wrong; its comment says where such a mistake was seen, or how one
comes to make it.
"""

import numpy as np
import pytest

from mydl.layers import Conv2d, Linear

RNG = np.random.default_rng(0)
F64 = {"dtype": np.float64, "rng": RNG}


def normal(*shape):
    return RNG.normal(size=shape)


def padded_zeros(layer, x_shape):
    """Zeros of the size of the padded image, and where the image lies in it."""
    n, h, w, c = x_shape
    (top, bottom), (left, right) = layer.window.pads(h, w)
    zeros = np.zeros((n, h + top + bottom, w + left + right, c))
    return zeros, (slice(None), slice(top, top + h), slice(left, left + w))


class AssignsInCol2im(Conv2d):
    # Proposed as a correction of darknet's col2im_add_pixel (pjreddie/darknet, issue 2570).
    def _col2im(self, dcols, x_shape):
        dcols = dcols.reshape(self._cols_shape(x_shape))
        dx, inside = padded_zeros(self, x_shape)
        (s_h, s_w), (h_out, w_out) = self.window.stride, dcols.shape[1:3]
        for i in range(dcols.shape[3]):
            for j in range(dcols.shape[4]):
                rows, columns = slice(i, i + s_h * h_out, s_h), slice(j, j + s_w * w_out, s_w)
                dx[:, rows, columns] = dcols[:, :, :, i, j]
        return dx[inside]


class ForgetsStride(Conv2d):
    # A coursework solution used h where the window starts at stride * h (enggen/
    # Deep-Learning-Coursera, issue 7; Kulbear/deep-learning-coursera, pull request 34).
    def _col2im(self, dcols, x_shape):
        dcols = dcols.reshape(self._cols_shape(x_shape))
        dx, inside = padded_zeros(self, x_shape)
        _, h_out, w_out, k_h, k_w, _ = dcols.shape
        for i in range(k_h):
            for j in range(k_w):
                dx[:, i : i + h_out, j : j + w_out] += dcols[:, :, :, i, j]
        return dx[inside]


class SlicesWithZeroPadding(Conv2d):
    # x[0:-0] is empty: padding 0, as every 1x1 convolution has it, was not thought of
    # (redwoodresearch/mlab, pull request 11).
    def backward(self, dy):
        dx = super().backward(dy)
        p = 0
        return dx[:, p:-p, p:-p]


class SwapsRowsAndColumns(Conv2d):
    # The window's columns read as its rows; square windows hide it from a look at the shapes.
    def _col2im(self, dcols, x_shape):
        cells = dcols.reshape(self._cols_shape(x_shape)).swapaxes(3, 4)
        return super()._col2im(np.ascontiguousarray(cells), x_shape)


class PutsChannelsFirst(Conv2d):
    # im2col in the order (channel, row, column), the weight in (row, column, channel):
    # wrong column indices in ravin-d-27/PyDeepFlow, pull request 85.
    def backward(self, dy):
        before = self.weight.grad.copy()
        dx = super().backward(dy)
        k_h, k_w, c_in, c_out = self.weight.shape
        added = (self.weight.grad - before).reshape(c_in, k_h, k_w, c_out)
        self.weight.grad = before + added.transpose(1, 2, 0, 3)
        return dx


class FlipsTheKernel(Conv2d):
    # "The backward pass rotates the filter by 180 degrees": it does so by itself in col2im, and
    # who rotates once more undoes it (a question in ddbourgin/numpy-ml, issue 27).
    def backward(self, dy):
        weight = self.weight.data.copy()
        self.weight.data = weight[::-1, ::-1]
        dx = super().backward(dy)
        self.weight.data = weight
        return dx


class FlipsTheWeightGradient(Conv2d):
    # Rotated where it should not be (nntrainer/nntrainer, issue 705).
    def backward(self, dy):
        before = self.weight.grad.copy()
        dx = super().backward(dy)
        self.weight.grad = before + (self.weight.grad - before)[::-1, ::-1]
        return dx


class SwapsInAndOut(Conv2d):
    # The transpose of the weight forgotten; equal numbers of channels let the product pass.
    def backward(self, dy):
        weight = self.weight.data.copy()
        self.weight.data = weight.swapaxes(2, 3)
        dx = super().backward(dy)
        self.weight.data = weight
        return dx


class PadsBothSidesAlike(Conv2d):
    # "same" with an even size and stride 2 pads one side only; half on each side shifts dx.
    def _col2im(self, dcols, x_shape):
        dx = super()._col2im(dcols, x_shape)
        return np.roll(dx, 1, axis=(1, 2))


class LosesTheLastWindow(Conv2d):
    # range((H - K) // stride) without the + 1.
    def backward(self, dy):
        dy = dy.copy()
        dy[:, -1] = 0
        return super().backward(dy)


class ForgetsBias(Conv2d):
    # The bias updates got lost for batches of one (deeplearning4j, pull request 364).
    def backward(self, dy):
        before = self.bias.grad.copy()
        dx = super().backward(dy)
        self.bias.grad = before
        return dx


class AveragesBias(Conv2d):
    # mean instead of sum over the batch (kvfrans/notes, issue 5).
    def backward(self, dy):
        before = self.bias.grad.copy()
        dx = super().backward(dy)
        self.bias.grad = before + dy.mean(axis=(0, 1, 2))
        return dx


class AddsUpAllBiases(Conv2d):
    # A sum without an axis, broadcast to every bias (rasbt/stat453-deep-learning-ss21, issue 5).
    def backward(self, dy):
        before = self.bias.grad.copy()
        dx = super().backward(dy)
        self.bias.grad = before + dy.sum()
        return dx


class AveragesWeight(Conv2d):
    # The weight's gradient divided by B H W (sebgao/cTensor, issue 3).
    def backward(self, dy):
        before = self.weight.grad.copy()
        dx = super().backward(dy)
        self.weight.grad = before + (self.weight.grad - before) / dy[..., 0].size
        return dx


class OverwritesWeightGradient(Conv2d):
    # Caffe's cuDNN convolution, which broke weight sharing (BVLC/caffe, pull request 3254).
    def backward(self, dy):
        self.weight.zero_grad()
        return super().backward(dy)


class DecaysTheWeight(Conv2d):
    # Weight decay added in the layer, though it belongs to the loss or the optimizer.
    def backward(self, dy):
        self.weight.grad += 1e-4 * self.weight.data
        return super().backward(dy)


class KnowsOnlyTheFirstSample(Conv2d):
    # x[0] and dy[0], from the days when a batch was one image.
    def backward(self, dy):
        dx = super().backward(dy)
        dx[1:] = 0
        return dx


class RoundsToFloat32(Conv2d):
    # Scratch allocated as float32 whatever the input.
    def _im2col(self, x):
        single = np.complex64 if x.dtype.kind == "c" else np.float32
        return super()._im2col(x).astype(single).astype(x.dtype)


class ForgetsTheTranspose(Linear):
    # dy @ W: a square weight lets it pass.
    def backward(self, dy):
        super().backward(dy)
        return dy @ self.weight.data


class TransposesTheWeightGradient(Linear):
    # dy^T x is the gradient in PyTorch's layout (nntrainer/nntrainer, issue 705, for Conv2d).
    def backward(self, dy):
        before = self.weight.grad.copy()
        dx = super().backward(dy)
        self.weight.grad = before + (self.weight.grad - before).T
        return dx


class TakesTheBiasOfOneSample(Linear):
    # Right for a batch of one only (mlpack, pull request 3679).
    def backward(self, dy):
        before = self.bias.grad.copy()
        dx = super().backward(dy)
        self.bias.grad = before + dy[0]
        return dx


class DividesByTheBatch(Linear):
    # 1/N belongs to the loss, and is then taken twice.
    def backward(self, dy):
        before = self.weight.grad.copy()
        dx = super().backward(dy)
        self.weight.grad = before + (self.weight.grad - before) / len(dy)
        return dx


class OverwritesBothGradients(Linear):
    # karpathy/convnetjs, issue 17: zeroed on each backward, so that batches do not add up.
    def backward(self, dy):
        self.zero_grad()
        return super().backward(dy)


class LearnsInBackward(Linear):
    # A gradient step inside backward, as in many a network of one file.
    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.data = self.weight.data - 0.1 * self.weight.grad
        return dx


class ChangesSign(Linear):
    # "Error" taken as target minus output, and added where it should be subtracted.
    def backward(self, dy):
        return -super().backward(dy)


class ReturnsNothing(Linear):
    # The first layer's dx is not needed by anyone, until the layer is not the first.
    def backward(self, dy):
        super().backward(dy)


class TurnsIntoFloat64(Linear):
    # A float64 array of ones enters the product.
    def backward(self, dy):
        return super().backward(dy) * np.ones(1)


SQUARE = normal(2, 5, 5, 3)

WRONG = [
    (AssignsInCol2im(2, 3, 3, padding=1, **F64), normal(2, 4, 4, 2), {"x"}),
    (ForgetsStride(2, 3, 3, stride=2, **F64), normal(2, 5, 5, 2), {"x"}),
    (SlicesWithZeroPadding(3, 2, 1, **F64), SQUARE, {"fault"}),
    (SwapsRowsAndColumns(3, 2, 3, **F64), SQUARE, {"x"}),
    (PutsChannelsFirst(3, 2, 3, **F64), SQUARE, {"weight"}),
    (FlipsTheKernel(3, 2, 3, padding=1, **F64), SQUARE, {"x"}),
    (FlipsTheWeightGradient(3, 2, 3, **F64), SQUARE, {"weight"}),
    (SwapsInAndOut(3, 3, 3, **F64), SQUARE, {"x"}),
    (PadsBothSidesAlike(2, 3, 3, 2, "same", **F64), normal(2, 4, 4, 2), {"x"}),
    (LosesTheLastWindow(3, 2, 3, **F64), SQUARE, {"x", "weight", "bias"}),
    (ForgetsBias(3, 2, 3, **F64), SQUARE, {"bias"}),
    (AveragesBias(3, 2, 3, **F64), SQUARE, {"bias"}),
    (AddsUpAllBiases(3, 2, 3, **F64), SQUARE, {"bias"}),
    (AveragesWeight(3, 2, 3, **F64), SQUARE, {"weight"}),
    (OverwritesWeightGradient(3, 2, 3, **F64), SQUARE, {"fault"}),
    (DecaysTheWeight(3, 2, 3, **F64), SQUARE, {"weight"}),
    (KnowsOnlyTheFirstSample(3, 2, 3, **F64), SQUARE, {"x"}),
    (RoundsToFloat32(3, 2, 3, **F64), SQUARE, {"x"}),
    (ForgetsTheTranspose(4, 4, **F64), normal(3, 4), {"x"}),
    (TransposesTheWeightGradient(4, 4, **F64), normal(3, 4), {"weight"}),
    (TakesTheBiasOfOneSample(4, 3, **F64), normal(3, 4), {"bias"}),
    (DividesByTheBatch(4, 3, **F64), normal(3, 4), {"weight"}),
    (OverwritesBothGradients(4, 3, **F64), normal(3, 4), {"fault"}),
    (LearnsInBackward(4, 3, **F64), normal(3, 4), {"fault"}),
    (ChangesSign(4, 3, **F64), normal(3, 4), {"x"}),
    (ReturnsNothing(4, 3, **F64), normal(3, 4), {"fault"}),
    (TurnsIntoFloat64(4, 3, rng=RNG), normal(3, 4), {"fault"}),
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: type(case[0]).__name__)
def test_a_wrong_backward_is_caught_where_it_is_wrong(case, assert_caught):
    assert_caught(*case)
