"""Mistakes that show when the layer is tried again: with dy = 0, or with another weight."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..layer import Array
from .comparison import Finding
from .probe import Probe

ENTRIES = 48  # are enough to tell a guess from the truth


def draws(probe: Probe, dy: Array) -> bool:
    """Whether backward draws random numbers."""
    probe.forward(probe.arrays["x"].copy())
    before = probe.random_state()
    probe.backward(dy.copy())
    return before != probe.random_state()


def rounds(probe: Probe) -> bool:
    """Whether forward rounds to fewer digits than its dtype has: tiny steps are lost or jump."""
    x, y = probe.arrays["x"].copy(), probe.output()
    signs = np.random.default_rng(0).choice([-1.0, 1.0], x.shape)
    moves = []
    for step in (1e-9, 1e-6):
        probe.arrays["x"][...] = x + step * signs
        moves.append(float(np.abs(probe.output() - y).sum()) / step)
    probe.arrays["x"][...] = x
    fine, coarse = moves
    return coarse > 0 and not 0.5 < fine / coarse < 2


def without_upstream(probe: Probe, name: str, dy: Array, gradient: Array) -> Finding | None:
    """A gradient where there is no dy that it could come from."""
    found = probe.gradients(np.zeros_like(dy)).get(name)
    if found is None or not np.abs(found).max(initial=0) > 1e-12 * np.abs(gradient).max(initial=0):
        return None
    array = probe.arrays[name]
    last = name.rpartition(".")[2]
    gradient_name = "dx" if last == "x" else f"{last}.grad"
    ratio = float(np.vdot(array, found) / np.vdot(array, array)) if array.any() else 0.0
    if ratio and np.allclose(found, ratio * array, rtol=1e-6, atol=1e-15):
        where = "weight decay belongs to the loss or the optimizer"
        return "decay", f"{gradient_name} has {ratio:.6g} times {last} added to it: {where}"
    return "upstream", (
        f"{gradient_name} is not 0 for a dy of 0: each of its terms must have dy as a factor"
    )


def other_weight(probe: Probe, dy: Array, positions: Array, got: Array) -> Finding | None:
    """The gradient of x that belongs to a weight turned or transposed."""
    weight = probe.arrays.get("weight")
    if weight is None or weight.ndim not in (2, 4):
        return None
    some = positions[:: -(-len(positions) // ENTRIES)]
    claimed = got[:: -(-len(positions) // ENTRIES)]
    right = weight.copy()
    try:
        for kind, words, other in _other_weights(right):
            weight[...] = other
            slopes = np.array([_slope(probe, dy, position) for position in some])
            room = 1e-6 * np.abs(slopes).max(initial=0)
            if np.allclose(claimed, slopes, rtol=1e-6, atol=room) and slopes.any():
                return kind, f"dx is that of a layer whose weight is {words}"
    finally:
        weight[...] = right
    return None


def _other_weights(weight: Array) -> Iterator[tuple[str, str, Array]]:
    if weight.ndim == 2:
        if weight.shape[0] == weight.shape[1]:
            yield "transpose", "transposed: dx = dy W^T, not dy W", weight.T
        return
    kh, kw, c_in, c_out = weight.shape
    words = "turned by 180 degrees: dx needs no turning of its own where im2col is undone"
    yield "flip", words, weight[::-1, ::-1]
    yield "flip", "reversed along its rows", weight[::-1]
    yield "flip", "reversed along its columns", weight[:, ::-1]
    if kh == kw:
        yield "transpose", "transposed in its rows and columns", weight.swapaxes(0, 1)
    if c_in == c_out:
        words = "transposed in its channels C and K: dx needs the sum over K"
        yield "transpose", words, weight.swapaxes(2, 3)


def _slope(probe: Probe, dy: Array, position: int, step: float = 1e-5) -> float:
    x = probe.arrays["x"].reshape(-1)
    saved = x[position]
    x[position] = saved + step
    up = probe.output()
    x[position] = saved - step
    down = probe.output()
    x[position] = saved
    return float(np.vdot(dy, up - down)) / (2 * step)
