"""Memory that is allocated once and reused from shard to shard."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

from ..layer import Array, Shape

# One large block, of which the system makes large pages: 2 to 4 % of a training step.
_BLOCK = 1 << 23
_ALIGN = 64  # bytes in a line of the cache


class Scratch:
    """Arrays by name that are allocated once, from a few large blocks."""

    def __init__(self) -> None:
        self._memory: dict[str, Array] = {}
        self._blocks: list[Array] = []
        self._left = np.empty(0, np.uint8)
        self._lock = threading.Lock()

    def take(self, name: str, shape: Shape, dtype: Any = np.float32) -> Array:
        """An array of a shape whose content is whatever was left in it."""
        size = math.prod(shape)
        with self._lock:
            memory = self._memory.get(name)
            if memory is None or memory.size < size:
                # Twice the old size: what is lost by growing is never more than what is used.
                grown = size if memory is None else max(size, 2 * memory.size)
                memory = self._memory[name] = self._allocate(grown, np.dtype(dtype))
        return memory[:size].reshape(shape)

    def take_turns(self, x: Array, shape: Shape, name: str) -> Array:
        """An array that is not the one that holds ``x``: there are two of each name."""
        for number in range(2):
            y = self.take(f"{name} {number}", shape)
            if not np.may_share_memory(x, y):
                return y
        raise AssertionError("x lies in both")  # each has memory of its own

    def holds(self, x: Array) -> bool:
        """Whether ``x`` lies in an array from here, be it one that has been replaced since."""
        return any(np.may_share_memory(x, block) for block in self._blocks)

    def _allocate(self, size: int, dtype: np.dtype[Any]) -> Array:
        length = -(-size * dtype.itemsize // _ALIGN) * _ALIGN
        if len(self._left) < length:
            block = np.empty(max(length, _BLOCK) + _ALIGN, np.uint8)
            self._blocks.append(block)
            self._left = block[-block.ctypes.data % _ALIGN :]
        memory, self._left = self._left[:length], self._left[length:]
        return memory.view(dtype)[:size]


def rows(x: Array) -> Array:
    """(N, H, W, C) as a matrix with a row for each pixel."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def matrix(weight: Array) -> Array:
    """(K_h, K_w, C_in, C_out) as a matrix with a column for each output channel."""
    return weight.reshape(math.prod(weight.shape[:-1]), weight.shape[-1])
