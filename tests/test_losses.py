"""The fused loss against softmax and logarithm one after the other, and against bad labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mydl.layer import LayerError
from mydl.layers import LogSoftmax, Softmax
from mydl.losses import SoftmaxCrossEntropy


def batch(n=4, k=5, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)).astype(dtype), rng.integers(0, k, n)


def test_by_hand():
    """Two classes with odds 1 to 3, label the likelier: -log 3/4."""
    loss = SoftmaxCrossEntropy()
    assert loss.forward(np.log([[1.0, 3.0]]), np.array([1])) == pytest.approx(np.log(4 / 3))
    np.testing.assert_allclose(loss.backward(), [[0.25, -0.25]], rtol=1e-15)


def test_equals_logarithm_after_softmax():
    """-mean log softmax(z)[label], and its gradient through both layers one after the other."""
    z, labels = batch()
    softmax, loss = Softmax(), SoftmaxCrossEntropy()
    p = softmax.forward(z)
    dp = np.zeros_like(p)
    dp[np.arange(4), labels] = -1 / p[np.arange(4), labels] / 4
    assert loss.forward(z, labels) == pytest.approx(-np.log(p[np.arange(4), labels]).mean(), 1e-14)
    np.testing.assert_allclose(loss.backward(), softmax.backward(dp), rtol=1e-12)


@given(st.floats(0, 1), st.booleans())
def test_gradient_is_the_slope(smoothing, as_probabilities):
    z, labels = batch()
    if as_probabilities:
        labels = np.random.default_rng(1).dirichlet(np.ones(5), 4)
    loss, direction = SoftmaxCrossEntropy(smoothing), np.random.default_rng(2).normal(size=z.shape)
    step = 1e-30
    slope = loss.forward(z + 1j * step * direction, labels).imag / step
    loss.forward(z, labels)
    np.testing.assert_allclose(np.vdot(loss.backward(), direction), slope, rtol=1e-12, atol=1e-14)


@given(
    hnp.arrays(np.float64, (3, 4), elements=st.floats(-1e5, 1e5)),
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
)
def test_rows_of_the_gradient_add_up_to_nothing(z, labels):
    loss = SoftmaxCrossEntropy()
    value = loss.forward(z, np.array(labels))
    assert np.isfinite(value)
    assert value >= 0
    dz = loss.backward()
    np.testing.assert_allclose(dz.sum(axis=1), 0, atol=1e-15)
    assert (dz[np.arange(3), labels] <= 0).all()


def test_labels_equal_their_one_hot_rows():
    z, labels = batch()
    one, other = SoftmaxCrossEntropy(0.1), SoftmaxCrossEntropy(0.1)
    assert one.forward(z, labels) == other.forward(z, np.eye(5)[labels])
    np.testing.assert_array_equal(one.backward(), other.backward())


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64])
def test_integers_of_all_kinds_are_labels(dtype):
    z, labels = batch()
    expected = SoftmaxCrossEntropy().forward(z, labels)
    assert SoftmaxCrossEntropy().forward(z, labels.astype(dtype)) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes(dtype):
    z, labels = batch(dtype=dtype)
    for targets in (labels, np.eye(5)[labels], np.eye(5, dtype=np.float32)[labels]):
        loss = SoftmaxCrossEntropy(0.1)
        assert type(loss.forward(z, targets)) is float
        assert loss.backward().dtype == dtype
        assert loss.probabilities.dtype == dtype
    z64 = z.astype(np.float64)
    assert SoftmaxCrossEntropy().forward(z, labels) == pytest.approx(
        SoftmaxCrossEntropy().forward(z64, labels), rel=1e-6
    )


def test_complex_logits_give_a_complex_loss():
    z, labels = batch()
    value = SoftmaxCrossEntropy().forward(z.astype(complex), labels)
    assert type(value) is complex
    assert value == pytest.approx(SoftmaxCrossEntropy().forward(z, labels), rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits(dtype):
    z = np.array([[1e4, 0, -1e4], [-1e30, 1e30, 0]], dtype)
    loss = SoftmaxCrossEntropy()
    assert loss.forward(z, np.array([0, 1])) == 0
    assert not loss.backward().any()
    assert loss.forward(z, np.array([2, 1])) == pytest.approx(1e4, rel=1e-6)
    assert loss.backward().tolist() == [[0.5, 0, -0.5], [0, 0, 0]]


def test_a_class_that_is_ruled_out():
    """A logit of -inf is a probability of 0: no matter unless it is the label."""
    loss = SoftmaxCrossEntropy()
    assert loss.forward(np.array([[0.0, 0.0, -np.inf]]), np.array([1])) == pytest.approx(np.log(2))
    assert loss.backward().tolist() == [[0.5, -0.5, 0]]
    assert loss.forward(np.array([[0.0, 0.0, -np.inf]]), np.array([2])) == np.inf


def test_the_loss_of_a_uniform_guess_is_log_k():
    assert SoftmaxCrossEntropy().forward(np.zeros((3, 10)), np.array([0, 4, 9])) == (
        pytest.approx(np.log(10))
    )


def test_a_batch_is_the_mean_of_its_samples():
    z, labels = batch(6)
    loss = SoftmaxCrossEntropy(0.2)
    alone = [loss.forward(z[i : i + 1], labels[i : i + 1]) for i in range(6)]
    assert loss.forward(z, labels) == pytest.approx(np.mean(alone), rel=1e-14)


def test_probabilities_are_those_of_the_last_forward():
    loss, (z, labels) = SoftmaxCrossEntropy(), batch()
    assert loss.probabilities is None
    loss.forward(z, labels)
    np.testing.assert_allclose(loss.probabilities, Softmax().forward(z), rtol=1e-13)
    np.testing.assert_allclose(np.log(loss.probabilities), LogSoftmax().forward(z), rtol=1e-12)
    first = loss.probabilities.copy()
    loss.backward()
    np.testing.assert_array_equal(loss.probabilities, first)


def test_one_backward_for_each_forward():
    loss, (z, labels) = SoftmaxCrossEntropy(), batch()
    message = "^SoftmaxCrossEntropy: backward needs a forward pass before it, one for each call$"
    with pytest.raises(LayerError, match=message):
        loss.backward()
    loss.forward(z, labels)
    loss.backward()
    with pytest.raises(LayerError, match=message):
        loss.backward()


def test_inputs_are_left_alone_and_need_not_be_contiguous():
    z, labels = batch(6, 4)
    expected = SoftmaxCrossEntropy().forward(z, labels)
    z.flags.writeable = labels.flags.writeable = False
    loss = SoftmaxCrossEntropy()
    strided = np.repeat(labels, 2)[::2]
    assert loss.forward(np.asfortranarray(z), strided) == pytest.approx(expected, rel=1e-14)
    loss.backward()


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([[1.0, 2.0]], np.array([0]), "logits must be a NumPy array, got list"),
        (np.array([[1, 2]]), np.array([0]), "expected float32 or float64 logits, got int64"),
        (np.zeros((2, 3), np.float16), np.array([0, 1]), "float32 or float64 logits, got float16"),
        (np.zeros(3), np.array([0]), r"logits of shape \(N, K\) .*, got \(3,\)"),
        (np.zeros((0, 3)), np.zeros(0, int), r"at least one sample and one class, got \(0, 3\)"),
        (np.zeros((2, 0)), np.array([0, 0]), r"at least one sample and one class, got \(2, 0\)"),
        (np.zeros((2, 3)), [0, 1], "labels must be a NumPy array, got list"),
        (np.zeros((2, 3)), np.array([0.0, 1.0]), r"must be integers, got float64: .*astype"),
        (np.zeros((2, 3)), np.array([True, False]), "must be integers, got bool"),
        (np.zeros((2, 3)), np.array([0, 3]), "from 0 to 2 for 3 classes, got 3 at index 1"),
        (np.zeros((2, 3)), np.array([-1, 0]), "from 0 to 2 for 3 classes, got -1 at index 0"),
        (np.zeros((2, 3)), np.array([0, 1, 2]), r"expected labels of shape \(2,\), or \(2, 3\)"),
        (np.zeros((2, 3)), np.zeros((2, 1), int), r"for logits of \(2, 3\), got \(2, 1\)"),
        (np.zeros((2, 3)), np.zeros((2, 3), int), "must be floating point, got int64"),
        (np.zeros((1, 2)), np.array([[0.5, 0.4]]), "row 0 sums to 0.9 with a least value of 0.4"),
        (np.zeros((2, 2)), np.array([[0.5, 0.5], [1.5, -0.5]]), "row 1 sums to 1 .* of -0.5"),
        (np.zeros((1, 2)), np.array([[np.nan, 0.5]]), "row 0 sums to nan"),
    ],
)
def test_bad_input(logits, labels, message):
    loss = SoftmaxCrossEntropy()
    with pytest.raises(LayerError, match=f"^SoftmaxCrossEntropy: .*{message}"):
        loss.forward(logits, labels)
    with pytest.raises(LayerError, match="backward needs a forward pass"):
        loss.backward()


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, np.nan])
def test_bad_smoothing(smoothing):
    with pytest.raises(ValueError, match="label_smoothing must be from 0 to 1, got"):
        SoftmaxCrossEntropy(smoothing)


def test_repr():
    assert repr(SoftmaxCrossEntropy()) == "SoftmaxCrossEntropy()"
    assert repr(SoftmaxCrossEntropy(0.1)) == "SoftmaxCrossEntropy(label_smoothing=0.1)"
