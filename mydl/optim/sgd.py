"""Stochastic gradient descent: a step down the gradient of the batch."""

from __future__ import annotations

from ..kernels import optim as kernels
from ..layer import Array
from .optimizer import Optimizer, check


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum where wanted.

    ::

        g = grad + weight_decay * data
        v = momentum * v + g
        data -= lr * v                         Nesterov: data -= lr * (g + momentum * v)

    Parameters
    ----------
    data, lr, weight_decay, decay_mask
        See :class:`Optimizer`.
    momentum
        Share of the last step that goes on; 0 keeps no ``v``.
    nesterov
        Step from where momentum will have led.

    Raises
    ------
    ValueError
        An argument has a wrong value.

    References
    ----------
    Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning",
    section 2, in PyTorch's form, where ``v`` is not yet multiplied by lr.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.array([1.0, 2.0])
    >>> optimizer = SGD(data, lr=0.5)
    >>> optimizer.step(grad=np.array([1.0, 0.0]))
    >>> data
    array([0.5, 2. ])
    """

    def __init__(
        self,
        data: Array,
        lr: float,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decay_mask: Array | None = None,
    ) -> None:
        super().__init__(data, lr, weight_decay, decay_mask)
        check(0 <= momentum < 1, "momentum", "from 0 up to, not including, 1", momentum)
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum greater than 0")
        self.momentum = momentum
        self.nesterov = nesterov
        self._velocity = self._add_state("velocity") if momentum else None

    def _update(self, grad: Array) -> None:
        lr, momentum = self._scalars(self.lr, self.momentum)
        if self._velocity is None:
            kernels.sgd(self.data, grad, self._decay, lr)
        else:
            kernels.momentum_sgd(
                self.data, grad, self._velocity, self._decay, lr, momentum, self.nesterov
            )
