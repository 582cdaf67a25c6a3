"""Metrics against slow definitions, by hand, and with bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.metrics import accuracy, confusion_matrix, per_class_accuracy, top_k_accuracy


@st.composite
def scored_samples(draw):
    """Scores with many ties, and labels."""
    n, classes = draw(st.integers(1, 20)), draw(st.integers(1, 6))
    values = st.lists(st.integers(-2, 2), min_size=n * classes, max_size=n * classes)
    labels = st.lists(st.integers(0, classes - 1), min_size=n, max_size=n)
    scores = np.array(draw(values), np.float32).reshape(n, classes)
    return scores, np.array(draw(labels), np.uint8)


@given(scored_samples(), st.data())
def test_top_k_equals_its_definition(samples, data):
    scores, labels = samples
    k = data.draw(st.integers(1, scores.shape[1]))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    hits = [label in row for label, row in zip(labels, order, strict=True)]
    assert top_k_accuracy(scores, labels, k) == pytest.approx(np.mean(hits))


@given(scored_samples())
def test_accuracy_of_scores_is_that_of_their_argmax(samples):
    scores, labels = samples
    expected = accuracy(scores.argmax(axis=1), labels)
    assert accuracy(scores, labels) == expected == top_k_accuracy(scores, labels, 1)


@given(scored_samples())
def test_the_confusion_matrix_counts_every_sample_once(samples):
    scores, labels = samples
    classes = scores.shape[1]
    predicted = scores.argmax(axis=1)
    expected = np.zeros((classes, classes), int)
    for label, prediction in zip(labels, predicted, strict=True):
        expected[label, prediction] += 1
    confusion = confusion_matrix(predicted, labels, classes)
    np.testing.assert_array_equal(confusion, expected)
    assert np.trace(confusion) / confusion.sum() == pytest.approx(accuracy(predicted, labels))


def test_small_label_types_do_not_overflow():
    labels = np.full(3, 200, np.uint8)
    assert confusion_matrix(labels, labels, 201)[200, 200] == 3


def test_a_class_without_samples_has_no_accuracy():
    confusion = confusion_matrix(np.array([0, 2, 2]), np.array([0, 0, 2]), 3)
    np.testing.assert_array_equal(per_class_accuracy(confusion), [0.5, np.nan, 1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: accuracy(np.ones((3, 2)), np.zeros(2, int)), "3 predictions for 2 labels"),
        (lambda: accuracy(np.zeros(3, int), np.zeros(2, int)), "3 predictions for 2 labels"),
        (lambda: accuracy(np.zeros(0, int), np.zeros(0, int)), "labels are empty"),
        (lambda: accuracy(np.zeros(2), np.zeros(2, int)), "predictions must be whole numbers"),
        (lambda: accuracy(np.ones((2, 2)), np.zeros((2, 2), int)), "labels must be whole numbers"),
        (lambda: accuracy(np.ones((2, 2)), np.array([0, 2])), "labels must be from 0 to 1, got 2"),
        (lambda: accuracy(np.ones((2, 2)), np.array([-1, 0])), "from 0 to 1, got -1"),
        (lambda: accuracy(np.full((1, 2), np.nan), np.array([0])), "scores hold NaN"),
        (lambda: top_k_accuracy(np.ones((2, 3)), np.zeros(2, int)), "classes, 3, got 5"),
        (lambda: top_k_accuracy(np.ones(2), np.zeros(2, int), 1), r"\(samples, classes\)"),
        (lambda: confusion_matrix(np.array([3]), np.array([0]), 3), "predicted must be from 0"),
        (lambda: confusion_matrix(np.array([0]), np.array([9]), 3), "labels must be from 0"),
        (lambda: per_class_accuracy(np.ones((2, 3))), "a confusion matrix is square"),
    ],
)
def test_bad_input_is_told_in_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
