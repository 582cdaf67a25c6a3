"""Wrong backward passes of activations, dropout, softmax and the loss, and the checker's answer.

Each class writes only what is wrong; its comment says where such a mistake was seen, or how one
comes to make it.
"""

import numpy as np
import pytest

from mydl.gradcheck import gradcheck
from mydl.layer import Layer
from mydl.layers import Dropout, LogSoftmax, ReLU, Softmax
from mydl.losses import SoftmaxCrossEntropy

RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape)


class WritesIntoDy(ReLU):
    # dy[y <= 0] = 0 saves an array, and spoils the gradient of everyone else who reads dy.
    def backward(self, dy):
        (y,) = self._take()
        dy[y <= 0] = 0
        return dy


class WritesIntoX(ReLU):
    # np.maximum(x, 0, out=x) (deeplearning4j, pull request 364; pytorch/pytorch, issue 5687, for
    # what inplace=True does to a bypass).
    def forward(self, x):
        return super().forward(np.maximum(x, 0, out=x))


class ReturnsItsBuffer(ReLU):
    # The same array each time: two results kept are two names of the last one (torch/torch7,
    # issue 935).
    def forward(self, x):
        y = super().forward(x)
        if getattr(self, "buffer", np.empty(0)).shape != y.shape or self.buffer.dtype != y.dtype:
            self.buffer = np.empty_like(y)
        self.buffer[...] = y
        return self.buffer


class CutsNegativeGradients(ReLU):
    # "Zero where the gradient is negative" (a reading of "Deep Learning", section 6.5.7, discussed
    # in exacity/deeplearningbook-chinese, issue 127).
    def backward(self, dy):
        self._take()
        return np.maximum(dy, 0)


class ForgetsTheUpstream(ReLU):
    # 0 or 1 assigned where it should be multiplied (haifengl/smile, issue 528).
    def backward(self, dy):
        (y,) = self._take()
        return (y > 0).astype(dy.dtype)


class LetsAllPass(ReLU):
    # Chainer's leaky ReLU with slope 0 (chainer/chainer, pull request 5898).
    def backward(self, dy):
        self._take()
        return dy.copy()


class Swish(Layer):
    """y = x sigmoid(x): a layer of one's own."""

    def forward(self, x):
        s = 1 / (1 + np.exp(-x))
        self._keep(x, s)
        return x * s

    def backward(self, dy):
        x, s = self._take()
        return dy * (s + x * s * (1 - s))


class ForgetsTheProductRule(Swish):
    # The derivative of the sigmoid alone, since x "is only a factor".
    def backward(self, dy):
        x, s = self._take()
        return dy * x * s * (1 - s)


class Tanh(Layer):
    """y = tanh(x), dx = dy (1 - y^2)."""

    def forward(self, x):
        y = np.tanh(x)
        self._keep(x, y)
        return y

    def backward(self, dy):
        _, y = self._take()
        return dy * (1 - y**2)


class TakesXForY(Tanh):
    # 1 - x^2: the formula is in terms of the output.
    def backward(self, dy):
        x, _ = self._take()
        return dy * (1 - x**2)


class TakesTheTangentForTanh(Tanh):
    # 1 + y^2 belongs to tan (proposed in gy910210/neural-network-from-scratch, issue 2).
    def backward(self, dy):
        _, y = self._take()
        return dy * (1 + y**2)


class AppliesTanhTwice(Tanh):
    # The derivative evaluated at the output (davidrmiller/neural2d, issue 40).
    def backward(self, dy):
        _, y = self._take()
        return dy * (1 - np.tanh(y) ** 2)


class ELU(Layer):
    """y = x where positive, else exp(x) - 1; dx = dy or dy (y + 1)."""

    def forward(self, x):
        y = np.where(x.real > 0, x, np.exp(np.minimum(x.real, 0) + 1j * x.imag) - 1)
        y = y if x.dtype.kind == "c" else y.real
        self._keep(x, y)
        return y

    def backward(self, dy):
        _, y = self._take()
        return dy * np.where(y > 0, 1, y + 1)


class IsFlatBelowZero(ELU):
    # tinynn's ELU has slope 0 for negative inputs; its tests of activations leave ELU out.
    def backward(self, dy):
        _, y = self._take()
        return dy * (y > 0)


class AddsAlphaToX(ELU):
    # f(x) + alpha with x in the place of f(x) (mlpack/mlpack, pull request 1540).
    def backward(self, dy):
        x, _ = self._take()
        return dy * np.where(x > 0, 1, x + 1)


class ForgetsTheMask(Dropout):
    # Only the scale is applied (ddbourgin/numpy-ml, issue 94).
    def backward(self, dy):
        self._take()
        return dy / (1 - self.p)


class ForgetsTheScale(Dropout):
    # The mask as 0 and 1, without 1 / (1 - p).
    def backward(self, dy):
        (mask,) = self._take()
        return dy * (mask > 0)


class SwapsKeepAndDrop(Dropout):
    # p once the probability of keeping, once that of dropping; p = 0.5 hides it.
    def backward(self, dy):
        (mask,) = self._take()
        return dy * (mask > 0) / self.p


class InvertsTheMask(Dropout):
    # The mask of the dropped values taken for that of the kept.
    def backward(self, dy):
        (mask,) = self._take()
        return dy * (mask == 0) / (1 - self.p)


class DrawsAgain(Dropout):
    # A new mask in backward.
    def backward(self, dy):
        self._take()
        return dy * (self.rng.random(dy.shape) >= self.p) / (1 - self.p)


class ReadsTheMaskFromTheOutput(Dropout):
    # y / x instead of a mask, and dy where x is 0 (kaldi-asr/kaldi, issue 3890).
    def forward(self, x):
        self.x = x.copy()
        self.y = super().forward(x)
        return self.y

    def backward(self, dy):
        self._take()
        return dy * np.where(self.x == 0, 1, self.y / np.where(self.x == 0, 1, self.x))


class TakesTheDiagonal(Softmax):
    # y (1 - y), the derivative of a sigmoid (deeplearning4j/libnd4j, issue 440).
    def backward(self, dy):
        (y,) = self._take()
        return dy * y * (1 - y)


class ForgetsTheSum(Softmax):
    # y dy, without the sum over the classes (HomericIntelligence/Odyssey, issue 2134).
    def backward(self, dy):
        (y,) = self._take()
        return y * dy


class SubtractsTheMean(Softmax):
    # The plain mean of dy where the mean weighted by y belongs; right for any uniform dy.
    def backward(self, dy):
        (y,) = self._take()
        return y * (dy - dy.mean(axis=-1, keepdims=True))


class ReturnsZero(Softmax):
    # Summed against a uniform dy the gradient is zero, so that this passes an all-ones check.
    def backward(self, dy):
        self._take()
        return np.zeros_like(dy)


class SumsOverSamples(Softmax):
    # The wrong axis; a square batch hides it from a look at the shapes.
    def backward(self, dy):
        (y,) = self._take()
        return y * (dy - (dy * y).sum(axis=0, keepdims=True))


class AddsDy(LogSoftmax):
    # exp(y) + dy (mlpack/mlpack, issue 2360).
    def backward(self, dy):
        (y,) = self._take()
        return np.exp(y) + dy


class ForgetsTheSumOfDy(LogSoftmax):
    # Right when dy sums to one, as that of a cross-entropy does but for the sign.
    def backward(self, dy):
        (y,) = self._take()
        return dy - np.exp(y)


class ForgetsN(SoftmaxCrossEntropy):
    # The mean in forward, the sum in backward (apache/mxnet, pull request 2215).
    def backward(self):
        p, y = self._kept
        return p - y


class DividesByAllNumbers(SoftmaxCrossEntropy):
    # 1 / (N K) for 1 / N (victorlempitsky/Mate, issue 2).
    def backward(self):
        p, y = self._kept
        return (p - y) / p.size


class IsTwiceTooLarge(SoftmaxCrossEntropy):
    # Off by a factor of two (markroxor/fromscratchtoml, issue 65).
    def backward(self):
        return 2 * super().backward()


class ForgetsTheLabels(SoftmaxCrossEntropy):
    # p without - y.
    def backward(self):
        p, _ = self._kept
        return p / len(p)


class ChangesSign(SoftmaxCrossEntropy):
    # y - p, the "error" of older textbooks.
    def backward(self):
        return -super().backward()


class GoesThroughSoftmaxTwice(SoftmaxCrossEntropy):
    # p - y holds both steps; another softmax backward is put after it.
    def backward(self):
        p, _ = self._kept
        d = super().backward()
        return p * (d - (d * p).sum(axis=1, keepdims=True))


class ForgetsTheSmoothing(SoftmaxCrossEntropy):
    # Smoothed targets in forward, one-hot ones in backward.
    def backward(self):
        p, y = self._kept
        return (p - (y == y.max(axis=1, keepdims=True))) / len(p)


class SmoothsTooMuch(SoftmaxCrossEntropy):
    # 1 / K for s / K (TimDettmers/ConvE, issue 55).
    def backward(self):
        p, y = self._kept
        return (p - y - (1 - self.label_smoothing) / y.shape[1]) / len(p)


ROWS = normal(4, 5)
WITH_ZEROS = np.where(RNG.random((4, 5)) < 0.3, 0, ROWS)

WRONG = [
    (WritesIntoDy(), ROWS, {"fault"}),
    (WritesIntoX(), ROWS, {"fault"}),
    (ReturnsItsBuffer(), ROWS, {"fault"}),
    (CutsNegativeGradients(), ROWS, {"x"}),
    (ForgetsTheUpstream(), ROWS, {"x"}),
    (LetsAllPass(), ROWS, {"x"}),
    (ForgetsTheProductRule(), ROWS, {"x"}),
    (TakesXForY(), ROWS, {"x"}),
    (TakesTheTangentForTanh(), ROWS, {"x"}),
    (AppliesTanhTwice(), ROWS, {"x"}),
    (IsFlatBelowZero(), ROWS, {"x"}),
    (AddsAlphaToX(), ROWS, {"x"}),
    (ForgetsTheMask(0.5, RNG), ROWS, {"x"}),
    (ForgetsTheScale(0.5, RNG), ROWS, {"x"}),
    (SwapsKeepAndDrop(0.3, RNG), ROWS, {"x"}),
    (InvertsTheMask(0.5, RNG), ROWS, {"x"}),
    (DrawsAgain(0.5, RNG), ROWS, {"x"}),
    (ReadsTheMaskFromTheOutput(0.5, RNG), WITH_ZEROS, {"x"}),
    (TakesTheDiagonal(), ROWS, {"x"}),
    (ForgetsTheSum(), ROWS, {"x"}),
    (SubtractsTheMean(), ROWS, {"x"}),
    (ReturnsZero(), ROWS, {"x"}),
    (SumsOverSamples(), normal(4, 4), {"x"}),
    (AddsDy(), ROWS, {"x"}),
    (ForgetsTheSumOfDy(), ROWS, {"x"}),
]

WRONG_LOSSES = [
    ForgetsN(),
    DividesByAllNumbers(),
    IsTwiceTooLarge(),
    ForgetsTheLabels(),
    ChangesSign(),
    GoesThroughSoftmaxTwice(),
    ForgetsTheSmoothing(0.1),
    SmoothsTooMuch(0.1),
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: type(case[0]).__name__)
def test_a_wrong_backward_is_caught_where_it_is_wrong(case, assert_caught):
    assert_caught(*case)


@pytest.mark.parametrize("loss", WRONG_LOSSES, ids=lambda loss: type(loss).__name__)
def test_a_wrong_loss_is_caught(loss, assert_caught):
    assert_caught(loss, ROWS, {"x"}, labels=np.array([0, 4, 4, 2]))


@pytest.mark.parametrize("layer", [Swish(), Tanh(), ELU()], ids=lambda layer: type(layer).__name__)
@pytest.mark.parametrize("method", ["central", "complex"])
def test_layers_of_ones_own_pass(layer, method):
    assert gradcheck(layer, ROWS, method=method)


def test_what_hides_a_wrong_backward():
    """p = 0.5 is its own counterpart."""
    assert gradcheck(SwapsKeepAndDrop(0.5, RNG), ROWS)
