"""Wrong backward passes of batch norm and of containers, and the checker that catches them.

Each class writes only what is wrong; its comment says where such a mistake was seen, or how one
comes to make it.
"""

import numpy as np
import pytest

from mydl.gradcheck import gradcheck
from mydl.gradcheck.cases import off_the_kinks
from mydl.layers import BatchNorm2d, Bypass, Concat, Conv2d, Fire, Linear, ReLU, Sequential

RNG = np.random.default_rng(0)
F64 = {"dtype": np.float64}
AXES = (0, 1, 2)


def normal(*shape):
    return RNG.normal(size=shape)


def random_biases(layer):
    off_the_kinks(layer, RNG)
    return layer


class TakesStatisticsForConstants(BatchNorm2d):
    # The mean and the variance depend on x too; "frozen" batch norm in training mode.
    def backward(self, dy):
        _, scale = self._kept
        super().backward(dy)
        return scale * self.weight.data * dy


class ForgetsTheVariance(BatchNorm2d):
    # Only the way through the mean.
    def backward(self, dy):
        _, scale = self._kept
        super().backward(dy)
        dx_hat = self.weight.data * dy
        return scale * (dx_hat - dx_hat.mean(axis=AXES))


class ForgetsTheMean(BatchNorm2d):
    # Only the way through the variance.
    def backward(self, dy):
        x_hat, scale = self._kept
        super().backward(dy)
        dx_hat = self.weight.data * dy
        return scale * (dx_hat - x_hat * (dx_hat * x_hat).mean(axis=AXES))


class ForgetsTheWeight(BatchNorm2d):
    # dy in the place of dx_hat; a weight of ones, as it starts, hides it
    # (denizyuret/Knet.jl, issue 288).
    def backward(self, dy):
        return super().backward(dy) / self.weight.data


class DividesByOneLess(BatchNorm2d):
    # The variance of the population in forward, that of the sample in backward.
    def backward(self, dy):
        x_hat, scale = self._kept
        super().backward(dy)
        m = dy[..., 0].size
        dx_hat = self.weight.data * dy
        through_var = x_hat * (dx_hat * x_hat).sum(axis=AXES) / (m - 1)
        return scale * (dx_hat - dx_hat.mean(axis=AXES) - through_var)


class AddsEpsOutsideTheRoot(BatchNorm2d):
    # sqrt(var) + eps here, sqrt(var + eps) there.
    def forward(self, x):
        self.deviation = x.std(axis=AXES)
        return super().forward(x)

    def backward(self, dy):
        _, scale = self._kept
        return super().backward(dy) / scale / (self.deviation + self.eps)


class AveragesEachSample(BatchNorm2d):
    # Means over the pixels of each sample, as instance norm has them.
    def backward(self, dy):
        x_hat, scale = self._kept
        super().backward(dy)
        dx_hat = self.weight.data * dy
        mean = dx_hat.mean(axis=(1, 2), keepdims=True)
        along = (dx_hat * x_hat).mean(axis=(1, 2), keepdims=True)
        return scale * (dx_hat - mean - x_hat * along)


class TakesRunningStatistics(BatchNorm2d):
    # The statistics of evaluation mode in the backward pass of training.
    def backward(self, dy):
        _, scale = self._kept
        return super().backward(dy) / scale / np.sqrt(self.running_var.data + self.eps)


class MultipliesByX(BatchNorm2d):
    # dweight = sum of dy x: x for x_hat.
    def forward(self, x):
        self.x = x.copy()
        return super().forward(x)

    def backward(self, dy):
        before = self.weight.grad.copy()
        dx = super().backward(dy)
        self.weight.grad = before + (dy * self.x).sum(axis=AXES)
        return dx


class CentresInPlace(BatchNorm2d):
    # x -= mean.
    def forward(self, x):
        y = super().forward(x)
        x -= x.mean(axis=AXES)
        return y


class SwapsThePieces(Concat):
    # dy cut right, and the pieces handed out in the order of the backward pass.
    def backward(self, dy):
        half = dy.shape[-1] // 2
        return super().backward(np.concatenate([dy[..., half:], dy[..., :half]], axis=-1))


class CutsAlongTheRows(Concat):
    # Channels first, in an array with channels last.
    def backward(self, dy):
        half = dy.shape[-1] // 2
        first, second = np.split(dy, 2, axis=1)
        turned = np.concatenate([first, second], axis=2).reshape(*dy.shape[:-1], 2 * half)
        return super().backward(turned)


class KeepsTheLastBranch(Concat):
    # dx = ... in the loop over the branches, where dx += ... is needed
    # (pjreddie/darknet, issue 1229, for a layer whose output is read twice).
    def backward(self, dy):
        self._take()
        for branch, piece in zip(self.children().values(), np.split(dy, 2, axis=-1), strict=True):
            dx = branch.backward(piece)
        return dx


class AveragesTheBranches(Concat):
    # The mean of the branches' gradients.
    def backward(self, dy):
        return super().backward(dy) / len(self.children())


class ForgetsTheIdentity(Bypass):
    # Only the way through the layer: the bypass is there to carry the other one.
    def backward(self, dy):
        return self.inner.backward(dy)


class ForgetsTheProjection(Bypass):
    # dy added as if the bypass were a simple one; equal channels let it pass.
    def backward(self, dy):
        return self.inner.backward(dy) + dy


class AddsIntoDy(Bypass):
    # dy += ... makes the sum in the caller's array.
    def backward(self, dy):
        dy += self.inner.backward(dy)
        return dy


class CountsTheIdentityTwice(Bypass):
    # The shortcut added in forward, once more by the caller (yakhyo/darknet-pytorch, issue 2).
    def backward(self, dy):
        return super().backward(dy) + dy


class GoesForwards(Sequential):
    # The layers' backward passes in the order of the forward pass.
    def backward(self, dy):
        for layer in self.children().values():
            dy = layer.backward(dy)
        return dy


class SkipsALayer(Sequential):
    # reversed(layers[1:]): the first layer learns nothing.
    def backward(self, dy):
        first, *rest = self.children().values()
        for layer in reversed(rest):
            dy = layer.backward(dy)
        first._take()
        return dy


class ForgetsExpand3x3(Fire):
    # s fed both branches, but only one gradient comes back.
    def backward(self, dy):
        d1, d3 = np.split(self.expand_relu.backward(dy), 2, axis=-1)
        self.expand3x3.backward(d3)
        ds = self.expand1x1.backward(d1)
        return self.squeeze.backward(self.squeeze_relu.backward(ds))


class ForgetsTheSqueezeReLU(Fire):
    # The mask between squeeze and expand left out.
    def backward(self, dy):
        d1, d3 = np.split(self.expand_relu.backward(dy), 2, axis=-1)
        ds = self.expand1x1.backward(d1) + self.expand3x3.backward(d3)
        self.squeeze_relu._take()
        return self.squeeze.backward(ds)


class CutsInTheWrongOrder(Fire):
    # The first half to expand3x3; equal numbers of filters let it pass.
    def backward(self, dy):
        d3, d1 = np.split(self.expand_relu.backward(dy), 2, axis=-1)
        ds = self.expand1x1.backward(d1) + self.expand3x3.backward(d3)
        return self.squeeze.backward(self.squeeze_relu.backward(ds))


def norm(kind):
    return random_biases(kind(3, **F64)), normal(2, 3, 4, 3)


def conv(c_in, c_out, kernel_size):
    return Conv2d(c_in, c_out, kernel_size, padding=kernel_size // 2, rng=RNG, **F64)


def two_branches(kind):
    return random_biases(kind(conv(2, 2, 1), conv(2, 2, 3))), normal(2, 4, 3, 2)


def bypass(kind, *projection):
    return random_biases(kind(conv(2, 2, 3), *projection)), normal(2, 4, 3, 2)


def fire(kind):
    return random_biases(kind(3, 4, 3, 3, rng=RNG, **F64)), normal(2, 3, 4, 3)


def stack(kind):
    return random_biases(kind(Linear(4, 4, rng=RNG, **F64), ReLU())), normal(5, 4)


ALL = {"x", "weight", "bias"}

WRONG = [
    (*norm(TakesStatisticsForConstants), {"x"}),
    (*norm(ForgetsTheVariance), {"x"}),
    (*norm(ForgetsTheMean), {"x"}),
    (*norm(ForgetsTheWeight), {"x"}),
    (*norm(DividesByOneLess), {"x"}),
    (*norm(AddsEpsOutsideTheRoot), {"x"}),
    (*norm(AveragesEachSample), {"x"}),
    (*norm(TakesRunningStatistics), {"x"}),
    (*norm(MultipliesByX), {"weight"}),
    (*norm(CentresInPlace), {"fault"}),
    (*two_branches(SwapsThePieces), ALL),
    (*two_branches(CutsAlongTheRows), {"x", "weight"}),
    (*two_branches(KeepsTheLastBranch), {"x"}),
    (*two_branches(AveragesTheBranches), {"x"}),
    (*bypass(ForgetsTheIdentity), {"x"}),
    (*bypass(ForgetsTheProjection, conv(2, 2, 1)), ALL),
    (*bypass(AddsIntoDy), {"fault"}),
    (*bypass(CountsTheIdentityTwice), {"x"}),
    (*stack(GoesForwards), ALL),
    (*stack(SkipsALayer), ALL),
    (*fire(ForgetsExpand3x3), ALL),
    (*fire(ForgetsTheSqueezeReLU), ALL),
    (*fire(CutsInTheWrongOrder), ALL),
]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: type(case[0]).__name__)
def test_a_wrong_backward_is_caught_where_it_is_wrong(case, assert_caught):
    assert_caught(*case)


def test_a_weight_of_ones_hides_a_wrong_batch_norm():
    assert gradcheck(ForgetsTheWeight(3, **F64), normal(2, 3, 4, 3))


def test_a_report_names_the_layer_inside_a_network_that_is_wrong():
    class ForgetsBias(Conv2d):
        def backward(self, dy):
            before = self.bias.grad.copy()
            dx = super().backward(dy)
            self.bias.grad = before
            return dx

    network = Sequential({"conv1": conv(2, 3, 3), "fire2": Fire(3, 2, 2, 2, rng=RNG, **F64)})
    network["fire2"].expand1x1 = ForgetsBias(2, 2, 1, rng=RNG, **F64)
    report = gradcheck(random_biases(network), normal(2, 4, 4, 2))
    assert {(entry.layer, entry.array) for entry in report.failures} == {
        ("fire2.expand1x1", "bias")
    }
