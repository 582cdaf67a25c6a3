"""Mixing pairs of images: who is mixed with whom, in which shares, and what comes out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.data import augment
from mydl.data.augment import mix, mix_labels, mixup_partners
from mydl.losses import SoftmaxCrossEntropy


def draw(n=20_000, **options):
    settings = {"seed": 0, "epoch": 0, "count": 100, "alpha": 1.0, **options}
    return mixup_partners(np.arange(n), **settings)


@given(st.permutations(range(8)), st.integers(1, 8), st.floats(0.01, 10))
def test_a_sample_has_the_same_partner_in_every_batch(order, batch, alpha):
    options = {"seed": 4, "epoch": 1, "count": 50, "alpha": alpha}
    partners, shares = mixup_partners(np.arange(8), **options)
    order = np.array(order)
    for start in range(0, 8, batch):
        part = order[start : start + batch]
        alone, share = mixup_partners(part, **options)
        np.testing.assert_array_equal(alone, partners[part])
        np.testing.assert_array_equal(share, shares[part])


def test_partners_come_from_the_whole_data_set_equally_often():
    partners, _ = draw()
    counts = np.bincount(partners, minlength=100)
    assert len(counts) == 100
    assert ((counts - 200) ** 2 / 200).sum() < 99 + 4 * np.sqrt(2 * 99)


def beta_distribution(alpha, x):
    """P(X <= x) of Beta(alpha, alpha): its density summed over a fine grid.

    With t = sin^2(a) the density in the angle a is sin(a)^(2 alpha - 1) cos(a)^(2 alpha - 1), which
    for alpha >= 1/2 is finite everywhere.
    """
    edges = np.linspace(0, np.pi / 2, 20_001)
    middle = (edges[1:] + edges[:-1]) / 2
    density = (np.sin(middle) * np.cos(middle)) ** (2 * alpha - 1)
    below = np.concatenate([[0], density.cumsum()]) / density.sum()
    return np.interp(np.arcsin(np.sqrt(x)), edges, below)


@pytest.mark.parametrize("alpha", [0.5, 0.75, 1.0, 2.0, 8.0, 400.0])
def test_shares_follow_the_beta_distribution(alpha):
    """The largest distance of the two distributions (Kolmogorov and Smirnov)."""
    shares = np.sort(draw(alpha=alpha)[1].astype(float))
    n = len(shares)
    expected = beta_distribution(alpha, shares)
    steps = np.arange(n + 1) / n
    distance = max(abs(steps[1:] - expected).max(), abs(steps[:-1] - expected).max())
    assert distance < 1.95 / np.sqrt(n)  # more for one seed in a thousand


@pytest.mark.parametrize("alpha", [0.001, 0.1, 0.2, 0.4, 1.0, 3.0, 1e4])
def test_shares_have_the_mean_and_the_variance_of_beta(alpha):
    shares = draw(alpha=alpha)[1].astype(float)
    variance = 1 / (4 * (2 * alpha + 1))
    assert ((shares >= 0) & (shares <= 1)).all()
    assert abs(shares.mean() - 0.5) < 4 * np.sqrt(variance / len(shares))
    assert shares.var() == pytest.approx(variance, rel=0.05)


def test_seed_epoch_and_index_each_change_the_pairs():
    partners, shares = draw(1000)
    for options in ({"seed": 1}, {"epoch": 1}):
        others, other_shares = draw(1000, **options)
        assert (partners == others).mean() < 0.05
        assert abs(np.corrcoef(shares, other_shares)[0, 1]) < 0.15
    assert abs(np.corrcoef(partners, shares)[0, 1]) < 0.15


def test_shares_say_nothing_about_how_an_image_is_changed():
    n = 4000
    marked = np.zeros((n, 1, 2, 1), np.uint8)
    marked[:, 0, 0] = 255
    changed = augment(marked, np.arange(n), seed=0, epoch=0, crop_padding=0)
    mirrored = changed[:, 0, 1, 0] > 0
    partners, shares = draw(n)
    for numbers in (shares, partners):
        assert abs(np.corrcoef(mirrored, numbers)[0, 1]) < 0.08


@given(st.integers(1, 5), st.integers(0, 1000))
def test_images_and_labels_are_mixed_in_the_same_shares(n, seed):
    rng = np.random.default_rng(seed)
    x, other = rng.normal(size=(2, n, 3, 4, 2)).astype(np.float32)
    shares = rng.random(n, np.float32)
    expected = shares[:, None, None, None] * x + (1 - shares[:, None, None, None]) * other
    mix(x, other, shares)
    np.testing.assert_allclose(x, expected, rtol=1e-5, atol=1e-6)
    labels, others = rng.integers(0, 7, (2, n))
    mixed = mix_labels(labels, others, shares, 7)
    share = shares[:, None]
    np.testing.assert_array_equal(
        mixed, share * np.eye(7)[labels] + (1 - share) * np.eye(7)[others]
    )
    np.testing.assert_allclose(mixed.sum(axis=1), 1, rtol=1e-6)


def test_the_loss_of_mixed_labels_is_the_mixture_of_the_losses():
    rng = np.random.default_rng(0)
    logits, labels, others = rng.normal(size=(1, 4)), np.array([2]), np.array([0])
    mixed = mix_labels(labels, others, np.array([0.25], np.float32), 4)
    loss = SoftmaxCrossEntropy()
    expected = 0.25 * loss.forward(logits, labels) + 0.75 * loss.forward(logits, others)
    assert loss.forward(logits, mixed) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alpha": 0.0}, "alpha must be greater than 0 and finite, got 0.0"),
        ({"alpha": float("nan")}, "alpha must be greater than 0 and finite, got nan"),
        ({"alpha": float("inf")}, "got inf"),
        ({"count": 0}, "number of images to choose from, got 0"),
        ({"seed": -1}, "whole numbers from 0, got -1"),
    ],
)
def test_bad_draws_are_told_in_a_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        draw(3, **changes)


X, SHARES = np.zeros((2, 3, 3, 1), np.float32), np.ones(2, np.float32)


@pytest.mark.parametrize(
    ("x", "other", "shares", "message"),
    [
        (X, X[:1], SHARES, r"arrays of one shape .* got \(2, 3, 3, 1\), \(1, 3, 3, 1\)"),
        (X, X, SHARES[:1], r"and \(1,\) shares"),
        (X, X.astype(float), SHARES, "contiguous float32 arrays, .* got float32, float64"),
        (X[:, ::2], X[:, ::2], SHARES, "contiguous float32"),
    ],
)
def test_images_that_do_not_fit_are_refused(x, other, shares, message):
    with pytest.raises(ValueError, match=message):
        mix(x, other, shares)


@pytest.mark.parametrize(
    ("labels", "others", "shares", "message"),
    [
        ([0, 1], [0], [1, 1], r"got shapes \(2,\), \(1,\) and \(2,\)"),
        ([0, 3], [0, 1], [1, 1], "labels must be whole numbers from 0 to 2"),
        ([0, 1], [0, -1], [1, 1], "labels must be whole numbers from 0 to 2"),
        ([0.0, 1.0], [0.0, 1.0], [1, 1], "labels must be whole numbers from 0 to 2"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, others, shares, message):
    arrays = (np.array(labels), np.array(others), np.array(shares, np.float32))
    with pytest.raises(ValueError, match=message):
        mix_labels(*arrays, 3)
