"""The losses of pictures: what they measure, and their gradients by numbers."""

import numpy as np
import pytest

from mydl.gradcheck import gradcheck
from mydl.layer import LayerError
from mydl.visualize.losses import ContentLoss, StyleLoss, TotalVariation, gram

SHAPE = (1, 4, 5, 3)


def draw(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


class OfOneArray:
    """A loss without a target, as the gradient check calls one."""

    def __init__(self, loss):
        self._of_one = loss

    def forward(self, x, labels):
        return self._of_one.forward(x)

    def backward(self):
        return self._of_one.backward()


def test_gradient_of_content():
    report = gradcheck(ContentLoss(), draw(SHAPE), labels=draw(SHAPE, 1), samples=None)
    assert report, str(report)


def test_gradient_of_style():
    target = gram(draw((1, 6, 2, 3), 1))  # of a picture of another size
    report = gradcheck(StyleLoss(), draw(SHAPE), labels=target, samples=None)
    assert report, str(report)


def test_gradient_of_total_variation():
    loss = OfOneArray(TotalVariation())
    report = gradcheck(loss, draw(SHAPE), labels=np.zeros(1), samples=None)
    assert report, str(report)


def test_a_wrong_gradient_of_style_is_noticed():
    """Without the 2 of the symmetric dG: the error that people make."""

    class Half(StyleLoss):
        def backward(self):
            return super().backward() / 2

    assert not gradcheck(Half(), draw(SHAPE), labels=gram(draw(SHAPE, 1)))


def test_losses_are_0_for_the_same_and_1_for_nothing():
    f = draw(SHAPE)
    assert ContentLoss().forward(f, f) == 0
    assert ContentLoss().forward(np.zeros_like(f), f) == pytest.approx(1)
    assert StyleLoss().forward(f, gram(f)) == pytest.approx(0, abs=1e-20)
    assert StyleLoss().forward(np.zeros_like(f), gram(f)) == pytest.approx(1)
    assert TotalVariation().forward(np.full(SHAPE, 7.0)) == 0


def test_style_does_not_know_the_places():
    f = draw((1, 4, 4, 3))
    moved = np.random.default_rng(1).permutation(f.reshape(-1, 3)).reshape(f.shape)
    assert StyleLoss().forward(moved, gram(f)) == pytest.approx(0, abs=1e-20)
    assert ContentLoss().forward(moved, f) > 0.1


def test_gram_is_the_mean_over_places_of_products_of_channels():
    f = draw(SHAPE)
    want = np.mean([np.outer(f[0, i, j], f[0, i, j]) for i in range(4) for j in range(5)], axis=0)
    np.testing.assert_allclose(gram(f), want)


def test_total_variation_counts_each_neighbour_once():
    x = draw(SHAPE)
    want = 0.0
    for i in range(4):
        for j in range(5):
            want += np.sum((x[0, i + 1, j] - x[0, i, j]) ** 2) if i < 3 else 0
            want += np.sum((x[0, i, j + 1] - x[0, i, j]) ** 2) if j < 4 else 0
    assert TotalVariation().forward(x) == pytest.approx(want / x.size)


@pytest.mark.parametrize("loss", [ContentLoss(), StyleLoss(), TotalVariation()])
def test_backward_needs_a_forward_pass(loss):
    with pytest.raises(LayerError, match=f"{type(loss).__name__}: backward needs a forward pass"):
        loss.backward()


def test_a_target_of_another_shape():
    with pytest.raises(LayerError, match=r"target of shape \(1, 4, 5, 3\), got \(1, 5, 4, 3\)"):
        ContentLoss().forward(draw(SHAPE), draw((1, 5, 4, 3)))
    with pytest.raises(LayerError, match=r"target of shape \(3, 3\), got \(2, 2\)"):
        StyleLoss().forward(draw(SHAPE), np.eye(2))
