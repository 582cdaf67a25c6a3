"""Optimizers: what to do with a gradient. Each works on one flat array of all parameters.

``step(grad)`` changes the parameters in place. No gradient flows through an optimizer; it is where
the backward pass ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..layer import Array
from ..names import unknown
from .adam import Adam, AdamW
from .clipping import clip_grad_norm
from .muon import Matrix, Muon
from .optimizer import Optimizer
from .rmsprop import RMSProp
from .sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "Muon",
    "Optimizer",
    "RMSProp",
    "clip_grad_norm",
    "make_optimizer",
]

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "muon")


def make_optimizer(
    name: str,
    data: Array,
    lr: float,
    *,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    decay_mask: Array | None = None,
    matrices: Sequence[Matrix] = (),
    threads: int = 1,
) -> Optimizer:
    """Build an optimizer by its name, one of ``OPTIMIZERS``.

    Parameters
    ----------
    name
        Such as "adam".
    data, lr, weight_decay, decay_mask
        See :class:`Optimizer`.
    momentum
        Of SGD, RMSProp and Muon; the others have none.
    nesterov
        Of SGD; without momentum it changes nothing.
    matrices, threads
        Of Muon.

    Raises
    ------
    ValueError
        There is no such optimizer, or an argument has a wrong value.

    Examples
    --------
    >>> import numpy as np
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
        case "muon":
            return Muon(data, lr, momentum=momentum, matrices=matrices, threads=threads, **decay)
    raise ValueError(unknown("optimizer", name, OPTIMIZERS))
