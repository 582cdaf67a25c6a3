"""What all optimizers share: one flat array of parameters, weight decay, a state to save."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..layer import Array


class Optimizer:
    """Base of the optimizers: checks, weight decay, and what a checkpoint needs.

    A subclass writes ``_update``, one call of its kernel, and makes its running arrays with
    ``_add_state``.

    Parameters
    ----------
    data
        All parameters, a flat array that every step changes in place, float32 or float64.
    lr
        Learning rate; a plain attribute that a schedule sets before each step.
    weight_decay
        Strength of the pull of the parameters towards zero.
    decay_mask
        For each parameter 1 where it decays and 0 where it does not; None: all decay.

    Attributes
    ----------
    steps
        How many steps were taken.
    """

    def __init__(
        self, data: Array, lr: float, weight_decay: float, decay_mask: Array | None
    ) -> None:
        if not isinstance(data, np.ndarray) or data.ndim != 1 or not data.flags.c_contiguous:
            raise ValueError(
                "data must be a flat contiguous array of all parameters, such as "
                f"ParameterVector(model).data, got {kind_of(data)}"
            )
        if data.dtype not in (np.float32, np.float64):
            raise ValueError(f"data must be float32 or float64, got {data.dtype}")
        check(0 <= lr < math.inf, "lr", "0 or greater", lr)
        check(0 <= weight_decay < math.inf, "weight_decay", "0 or greater", weight_decay)
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

        Parameters
        ----------
        grad
            As ``data`` in shape and dtype; it is left as it is.
        """
        if not isinstance(grad, np.ndarray) or kind_of(grad) != kind_of(self.data):
            raise ValueError(f"grad must be like data, {kind_of(self.data)}, got {kind_of(grad)}")
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
                    f"{name}: {key} must be {kind_of(array)}, got {kind_of(state[key])}: "
                    "it was saved for another network"
                )
        self.steps = int(state["steps"])
        for key, array in self._state.items():
            array[...] = state[key]


def kind_of(value: object) -> str:
    """Dtype and shape of an array, or the type of what is none."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return type(value).__name__


def check(fits: bool, name: str, wanted: str, got: object) -> None:
    """Refuse a setting that does not fit."""
    if not fits:
        raise ValueError(f"{name} must be {wanted}, got {got!r}")
