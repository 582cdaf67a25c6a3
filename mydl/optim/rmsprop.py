"""RMSProp: each gradient divided by the size that it has had lately."""

from __future__ import annotations

import math

from ..kernels import optim as kernels
from ..layer import Array
from .optimizer import Optimizer, check


class RMSProp(Optimizer):
    """Divide each parameter's gradient by the root of the running mean of its square.

    ::

        g = grad + weight_decay * data
        s += (1 - alpha) (g^2 - s)
        v = momentum * v + g / (sqrt(s) + eps)
        data -= lr * v

    Parameters
    ----------
    data, lr, weight_decay, decay_mask
        See :class:`Optimizer`.
    alpha
        How much of the running mean ``s`` is kept.
    eps
        Keeps the division from zero.
    momentum
        Share of the last step that goes on.

    Raises
    ------
    ValueError
        An argument has a wrong value.

    References
    ----------
    Tieleman and Hinton 2012, "Lecture 6.5 - RMSProp" (Coursera); eps outside the root, as in
    PyTorch.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.array([1.0, 1.0])
    >>> RMSProp(data, lr=0.1).step(np.array([1e-2, 1e4]))
    >>> data.round(3)
    array([0., 0.])
    """

    def __init__(
        self,
        data: Array,
        lr: float = 1e-2,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        decay_mask: Array | None = None,
    ) -> None:
        super().__init__(data, lr, weight_decay, decay_mask)
        check(0 <= alpha < 1, "alpha", "from 0 up to, not including, 1", alpha)
        check(0 < eps < math.inf, "eps", "greater than 0", eps)
        check(0 <= momentum < 1, "momentum", "from 0 up to, not including, 1", momentum)
        self.alpha = alpha
        self.eps = eps
        self.momentum = momentum
        self._square = self._add_state("square")
        self._velocity = self._add_state("velocity")

    def _update(self, grad: Array) -> None:
        scalars = self._scalars(self.lr, 1 - self.alpha, self.eps, self.momentum)
        kernels.rmsprop(self.data, grad, self._square, self._velocity, self._decay, *scalars)
