"""How good predictions are. Accuracies are fractions between 0 and 1."""

from __future__ import annotations

import numpy as np

from .layer import Array


def accuracy(predictions: Array, labels: Array) -> float:
    """The fraction of samples whose predicted class is the right one.

    Parameters
    ----------
    predictions
        Scores of each class, (N, K), of which the highest counts (of equal ones the first), or the
        predicted classes themselves, (N,).
    labels
        The right classes, (N,).

    Raises
    ------
    ValueError
        Shapes that do not fit, no samples, a label out of range, a NaN score.

    Examples
    --------
    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    if np.ndim(predictions) == 2:
        return top_k_accuracy(predictions, labels, k=1)
    labels = _labels(labels, "labels")
    predicted = _same_length(_labels(predictions, "predictions"), labels)
    return float((predicted == labels).mean())


def top_k_accuracy(scores: Array, labels: Array, k: int = 5) -> float:
    """The fraction of samples whose right class is among the ``k`` of the highest scores.

    Of classes with equal scores the first counts as the higher.

    Parameters
    ----------
    scores
        Of each class, (N, K).
    labels
        The right classes, (N,).
    k
        From 1 to K.

    Examples
    --------
    >>> scores = np.array([[0.1, 0.3, 0.6], [0.2, 0.3, 0.5]])
    >>> top_k_accuracy(scores, np.array([1, 0]), k=2)
    0.5
    """
    scores, labels = np.asarray(scores), _labels(labels, "labels")
    if scores.ndim != 2:
        raise ValueError(f"scores must be (samples, classes), got an array of {scores.shape}")
    _same_length(scores, labels)
    classes = scores.shape[1]
    if not 1 <= k <= classes:
        raise ValueError(f"k must be from 1 to the number of classes, {classes}, got {k}")
    _check_range(labels, classes, "labels")
    if np.isnan(scores).any():
        raise ValueError("scores hold NaN, which has no place in an order")
    right = np.take_along_axis(scores, labels[:, None], axis=1)  # (N, 1)
    before = np.arange(classes) < labels[:, None]  # (N, K)
    rank = ((scores > right) | ((scores == right) & before)).sum(axis=1)
    return float((rank < k).mean())


def confusion_matrix(predicted: Array, labels: Array, num_classes: int) -> Array:
    """Count how often samples of class i were taken for class j: entry [i, j].

    Parameters
    ----------
    predicted
        The predicted classes, (N,).
    labels
        The right classes, (N,).
    num_classes
        Rows and columns of the matrix.

    Examples
    --------
    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 0, 1]), num_classes=2)
    array([[1, 1],
           [0, 1]])
    """
    labels = _labels(labels, "labels")
    predicted = _same_length(_labels(predicted, "predicted"), labels)
    _check_range(labels, num_classes, "labels")
    _check_range(predicted, num_classes, "predicted")
    counts = np.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def per_class_accuracy(confusion: Array) -> Array:
    """For each class the fraction of its samples that were recognised; NaN where it has none.

    Parameters
    ----------
    confusion
        As :func:`confusion_matrix` returns it.

    Examples
    --------
    >>> per_class_accuracy(np.array([[1, 1], [0, 1]]))
    array([0.5, 1. ])
    """
    confusion = np.asarray(confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"a confusion matrix is square, got an array of {confusion.shape}")
    totals = confusion.sum(axis=1)
    result = np.full(len(totals), np.nan)
    np.divide(np.diag(confusion), totals, out=result, where=totals > 0)
    return result


def _labels(labels: Array, name: str) -> Array:
    """``labels`` as a flat array of int64 after a check."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be whole numbers, one for each sample, "
            f"got {labels.dtype} of shape {labels.shape}"
        )
    if labels.size == 0:
        raise ValueError(f"{name} are empty: there is nothing to measure")
    return labels.astype(np.int64)


def _same_length(array: Array, labels: Array) -> Array:
    if len(array) != len(labels):
        raise ValueError(f"got {len(array)} predictions for {len(labels)} labels")
    return array


def _check_range(labels: Array, classes: int, name: str) -> None:
    if labels.min() < 0 or labels.max() >= classes:
        bad = labels[(labels < 0) | (labels >= classes)][0]
        raise ValueError(f"{name} must be from 0 to {classes - 1}, got {bad}")
