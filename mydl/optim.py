"""Optimizers: what to do with a gradient. Each works on one flat array of all parameters.

``step(grad)`` changes the parameters in place. No gradient flows through an optimizer; it is where
the backward pass ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .kernels import optim as kernels
from .layer import Array
from .names import unknown


class Optimizer:
    """Base of the optimizers: checks, weight decay, and what a checkpoint needs.

    A subclass writes ``_update``, one call of its kernel, and makes its running arrays with
    ``_add_state``.

    Args:
        data: all parameters, a flat array that every step changes in place, float32 or float64.
        lr: learning rate; a plain attribute that a schedule sets before each step.
        weight_decay: strength of the pull of the parameters towards zero.
        decay_mask: for each parameter 1 where it decays and 0 where it does not; None: all decay.

    Attributes:
        steps: how many steps were taken.
    """

    def __init__(
        self, data: Array, lr: float, weight_decay: float, decay_mask: Array | None
    ) -> None:
        if not isinstance(data, np.ndarray) or data.ndim != 1 or not data.flags.c_contiguous:
            raise ValueError(
                "data must be a flat contiguous array of all parameters, such as "
                f"ParameterVector(model).data, got {_kind(data)}"
            )
        if data.dtype not in (np.float32, np.float64):
            raise ValueError(f"data must be float32 or float64, got {data.dtype}")
        _check(0 <= lr < math.inf, "lr", "0 or greater", lr)
        _check(0 <= weight_decay < math.inf, "weight_decay", "0 or greater", weight_decay)
        self.data = data
        self.lr = lr
        self.steps = 0
        self._decay = np.full_like(data, weight_decay)
        if decay_mask is not None:
            if np.shape(decay_mask) != data.shape:
                raise ValueError(
                    f"decay_mask must hold a number for each of the {data.size} parameters, "
                    f"got an array of shape {np.shape(decay_mask)}"
                )
            self._decay *= decay_mask
        self._state: dict[str, Array] = {}

    def step(self, grad: Array) -> None:
        """Change the parameters in place, given the gradient of the loss with respect to them.

        Args:
            grad: as ``data`` in shape and dtype; it is left as it is.
        """
        if not isinstance(grad, np.ndarray) or _kind(grad) != _kind(self.data):
            raise ValueError(f"grad must be like data, {_kind(self.data)}, got {_kind(grad)}")
        self.steps += 1
        self._update(grad)

    def _update(self, grad: Array) -> None:
        """Take step number ``self.steps``."""
        raise NotImplementedError

    def _add_state(self, name: str) -> Array:
        """A running array that starts at zero and belongs to checkpoints."""
        self._state[name] = np.zeros_like(self.data)
        return self._state[name]

    def _scalars(self, *values: float) -> list[Any]:
        """The numbers in the dtype of the arrays, as kernels take them."""
        return [self.data.dtype.type(value) for value in values]

    def state_dict(self) -> dict[str, Array]:
        """Copies of everything but the parameters that the next step depends on."""
        state = {name: array.copy() for name, array in self._state.items()}
        return {"steps": np.array(self.steps), **state}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Continue from a ``state_dict``; on any mismatch raise and change nothing."""
        name = type(self).__name__
        expected = {"steps", *self._state}
        if state.keys() != expected:
            raise ValueError(
                f"{name} needs a state of {sorted(expected)}, got {sorted(state)}: "
                "it was saved by another optimizer or with other options"
            )
        for key, array in self._state.items():
            if (state[key].shape, state[key].dtype) != (array.shape, array.dtype):
                raise ValueError(
                    f"{name}: {key} must be {_kind(array)}, got {_kind(state[key])}: "
                    "it was saved for another network"
                )
        self.steps = int(state["steps"])
        for key, array in self._state.items():
            array[...] = state[key]


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum where wanted.

    ::

        g = grad + weight_decay * data
        v = momentum * v + g
        data -= lr * v                         Nesterov: data -= lr * (g + momentum * v)

    Args:
        data, lr, weight_decay, decay_mask: see :class:`Optimizer`.
        momentum: share of the last step that goes on; 0 keeps no ``v``.
        nesterov: step from where momentum will have led.

    Raises:
        ValueError: an argument has a wrong value.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep
    learning", section 2, in PyTorch's form, where ``v`` is not yet multiplied by lr.

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
        _check(0 <= momentum < 1, "momentum", "from 0 up to, not including, 1", momentum)
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


class Adam(Optimizer):
    """Scale each parameter's step by the size that its gradients have had.

    ::

        g = grad + weight_decay * data
        m += (1 - beta1) (g - m)               running mean of the gradient
        s += (1 - beta2) (g^2 - s)             running mean of its square
        data -= lr * (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + eps)

    ``m`` and ``s`` start at zero; after ``t`` steps the divisors make up for it.

    Args:
        data, lr, weight_decay, decay_mask: see :class:`Optimizer`.
        betas: how much of each running mean is kept, (beta1, beta2).
        eps: keeps the division from zero.

    Raises:
        ValueError: an argument has a wrong value.

    Source: Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1.

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
            _check(0 <= beta < 1, "betas", "from 0 up to, not including, 1", betas)
        _check(0 < eps < math.inf, "eps", "greater than 0", eps)
        self.betas = betas
        self.eps = eps
        self._mean = self._add_state("mean")
        self._square = self._add_state("square")

    def _update(self, grad: Array) -> None:
        beta1, beta2 = self.betas
        scalars = self._scalars(
            self.lr,
            1 - beta1,
            1 - beta2,
            1 - beta1**self.steps,
            math.sqrt(1 - beta2**self.steps),
            self.eps,
        )
        kernels.adam(
            self.data, grad, self._mean, self._square, self._decay, *scalars, self._decoupled
        )


class AdamW(Adam):
    """Adam whose weight decay bypasses the scaling: every parameter shrinks at the same rate.

    ::

        data -= lr * weight_decay * data       then Adam's step with g = grad

    Arguments, errors: as :class:`Adam`, with PyTorch's default weight decay, 0.01.

    Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2.

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


class RMSProp(Optimizer):
    """Divide each parameter's gradient by the root of the running mean of its square.

    ::

        g = grad + weight_decay * data
        s += (1 - alpha) (g^2 - s)
        v = momentum * v + g / (sqrt(s) + eps)
        data -= lr * v

    Args:
        data, lr, weight_decay, decay_mask: see :class:`Optimizer`.
        alpha: how much of the running mean ``s`` is kept.
        eps: keeps the division from zero.
        momentum: share of the last step that goes on.

    Raises:
        ValueError: an argument has a wrong value.

    Source: Tieleman and Hinton 2012, "Lecture 6.5 - RMSProp" (Coursera); eps outside the root, as
    in PyTorch.

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
        _check(0 <= alpha < 1, "alpha", "from 0 up to, not including, 1", alpha)
        _check(0 < eps < math.inf, "eps", "greater than 0", eps)
        _check(0 <= momentum < 1, "momentum", "from 0 up to, not including, 1", momentum)
        self.alpha = alpha
        self.eps = eps
        self.momentum = momentum
        self._square = self._add_state("square")
        self._velocity = self._add_state("velocity")

    def _update(self, grad: Array) -> None:
        scalars = self._scalars(self.lr, 1 - self.alpha, self.eps, self.momentum)
        kernels.rmsprop(self.data, grad, self._square, self._velocity, self._decay, *scalars)


OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop")


def make_optimizer(
    name: str,
    data: Array,
    lr: float,
    *,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    decay_mask: Array | None = None,
) -> Optimizer:
    """Build an optimizer by its name, one of ``OPTIMIZERS``.

    Args:
        data, lr, weight_decay, decay_mask: see :class:`Optimizer`.
        momentum: of SGD and RMSProp; the others have none.
        nesterov: of SGD; without momentum it changes nothing.

    Raises:
        ValueError: there is no such optimizer, or an argument has a wrong value.

    >>> make_optimizer("adam", np.zeros(3), lr=0.1).steps
    0
    """
    decay: dict[str, Any] = {"weight_decay": weight_decay, "decay_mask": decay_mask}
    match name:
        case "sgd":
            return SGD(data, lr, momentum=momentum, nesterov=nesterov and momentum > 0, **decay)
        case "adam":
            return Adam(data, lr, **decay)
        case "adamw":
            return AdamW(data, lr, **decay)
        case "rmsprop":
            return RMSProp(data, lr, momentum=momentum, **decay)
    raise ValueError(unknown("optimizer", name, OPTIMIZERS))


def clip_grad_norm(grad: Array, max_norm: float) -> float:
    """Scale a flat gradient in place so that its norm is at most ``max_norm``; return its old norm.

    ::

        grad *= min(1, max_norm / (norm + 1e-6))

    A norm that is not finite is returned and the gradient left as it is: no factor mends it, and
    the caller can skip the step or stop.

    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks",
    algorithm 1; the 1e-6 is PyTorch's.

    >>> grad = np.array([3.0, 4.0])
    >>> clip_grad_norm(grad, max_norm=1.0)
    5.0
    >>> grad.round(3)
    array([0.6, 0.8])
    """
    _check(max_norm > 0, "max_norm", "greater than 0", max_norm)
    if not isinstance(grad, np.ndarray) or grad.ndim != 1:
        raise ValueError(f"grad must be a flat array of all gradients, got {_kind(grad)}")
    total = np.zeros(1)
    kernels.sum_of_squares(grad, total)
    norm = math.sqrt(total[0])
    scale = max_norm / (norm + 1e-6)
    if math.isfinite(norm) and scale < 1:
        grad *= grad.dtype.type(scale)
    return norm


def _kind(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__


def _check(fits: bool, name: str, wanted: str, got: object) -> None:
    if not fits:
        raise ValueError(f"{name} must be {wanted}, got {got!r}")
