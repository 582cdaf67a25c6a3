"""Gradient clipping: no step longer than one wants."""

from __future__ import annotations

import math

import numpy as np

from ..kernels import optim as kernels
from ..layer import Array
from .optimizer import check, kind_of


def clip_grad_norm(grad: Array, max_norm: float) -> float:
    """Scale a flat gradient in place so that its norm is at most ``max_norm``; return its old norm.

    ::

        grad *= min(1, max_norm / (norm + 1e-6))

    A norm that is not finite is returned and the gradient left as it is: no factor mends it, and
    the caller can skip the step or stop.

    References
    ----------
    Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", algorithm 1; the
    1e-6 is PyTorch's.

    Examples
    --------
    >>> grad = np.array([3.0, 4.0])
    >>> clip_grad_norm(grad, max_norm=1.0)
    5.0
    >>> grad.round(3)
    array([0.6, 0.8])
    """
    check(max_norm > 0, "max_norm", "greater than 0", max_norm)
    if not isinstance(grad, np.ndarray) or grad.ndim != 1:
        raise ValueError(f"grad must be a flat array of all gradients, got {kind_of(grad)}")
    total = np.zeros(1)
    kernels.sum_of_squares(grad, total)
    norm = math.sqrt(total[0])
    scale = max_norm / (norm + 1e-6)
    if math.isfinite(norm) and scale < 1:
        grad *= grad.dtype.type(scale)
    return norm
