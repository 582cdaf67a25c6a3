"""Memory that is allocated once and reused from shard to shard."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..layer import Array, Shape


class Scratch:
    """Arrays by name that are allocated once and reused from shard to shard."""

    def __init__(self) -> None:
        self._memory: dict[str, Array] = {}

    def take(self, name: str, shape: Shape, dtype: Any = np.float32) -> Array:
        """An array of a shape whose content is whatever was left in it."""
        size = math.prod(shape)
        memory = self._memory.get(name)
        if memory is None or memory.size < size:
            memory = self._memory[name] = np.empty(size, dtype)
        return memory[:size].reshape(shape)

    def gradient(self, dy: Array, shape: Shape) -> Array:
        """An array for dx that is not the one that holds dy: two take turns."""
        for name in ("gradient 0", "gradient 1"):
            dx = self.take(name, shape)
            if not np.may_share_memory(dx, dy):
                return dx
        raise AssertionError("dy lies in both")  # each has memory of its own


def rows(x: Array) -> Array:
    """(N, H, W, C) as a matrix with a row for each pixel."""
    return x.reshape(-1, x.shape[-1])


def matrix(weight: Array) -> Array:
    """(K_h, K_w, C_in, C_out) as a matrix with a column for each output channel."""
    return weight.reshape(-1, weight.shape[-1])
