"""Adam and AdamW: steps of a size of their own for each parameter."""

from __future__ import annotations

import math

from ..kernels import optim as kernels
from ..layer import Array
from .optimizer import Optimizer, check


class Adam(Optimizer):
    """Scale each parameter's step by the size that its gradients have had.

    ::

        g = grad + weight_decay * data
        m += (1 - beta1) (g - m)               running mean of the gradient
        s += (1 - beta2) (g^2 - s)             running mean of its square
        data -= lr * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + eps)

    ``m`` and ``s`` start at zero; after ``t`` steps the divisors make up for it.

    Parameters
    ----------
    data, lr, weight_decay, decay_mask
        See :class:`Optimizer`.
    betas
        How much of each running mean is kept, (beta1, beta2).
    eps
        Keeps the division from zero.

    Raises
    ------
    ValueError
        An argument has a wrong value.

    References
    ----------
    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.array([1.0, 1.0])
    >>> Adam(data, lr=0.1).step(np.array([1e-4, 1e4]))
    >>> data.round(3)
    array([0.9, 0.9])
    """

    _decoupled = False

    def __init__(
        self,
        data: Array,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decay_mask: Array | None = None,
    ) -> None:
        super().__init__(data, lr, weight_decay, decay_mask)
        for beta in betas:
            check(0 <= beta < 1, "betas", "from 0 up to, not including, 1", betas)
        check(0 < eps < math.inf, "eps", "greater than 0", eps)
        self.betas = betas
        self.eps = eps
        self._mean = self._add_state("mean")
        self._square = self._add_state("square")

    def _update(self, grad: Array) -> None:
        self._update_part(slice(None), grad)

    def _update_part(self, place: slice, grad: Array) -> None:
        beta1, beta2 = self.betas
        scalars = self._scalars(
            self.lr,
            1 - beta1,
            1 - beta2,
            1 - beta1**self.steps,
            math.sqrt(1 - beta2**self.steps),
            self.eps,
        )
        arrays = (self.data, grad, self._mean, self._square, self._decay)
        kernels.adam(*(array[place] for array in arrays), *scalars, self._decoupled)


class AdamW(Adam):
    """Adam whose weight decay bypasses the scaling: every parameter shrinks at the same rate.

    ::

        data -= lr * weight_decay * data       then Adam's step with g = grad

    Arguments, errors: as :class:`Adam`, with PyTorch's default weight decay, 0.01.

    References
    ----------
    Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.array([1.0, -2.0])
    >>> AdamW(data, lr=0.1, weight_decay=0.5).step(np.zeros(2))
    >>> data
    array([ 0.95, -1.9 ])
    """

    _decoupled = True

    def __init__(
        self,
        data: Array,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        decay_mask: Array | None = None,
    ) -> None:
        super().__init__(
            data, lr, betas=betas, eps=eps, weight_decay=weight_decay, decay_mask=decay_mask
        )
