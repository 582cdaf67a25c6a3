"""Time the two algorithms of Conv2d against each other on one thread, and measure their errors.

    python benchmarks/winograd.py
    python benchmarks/winograd.py --dtype float64

Prints the tables of docs/winograd.md. For each shape the two take turns, and the best time of each
is taken: what other programs do can only add to it.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from threadpoolctl import threadpool_limits

from mydl.layers import Conv2d
from mydl.layers.winograd import is_faster

CHANNELS = [(3, 64), (16, 64), (64, 64), (64, 256), (256, 256)]
SIZES = [4, 5, 6, 8, 13, 28, 56]
BATCHES = [1, 32]
ALGORITHMS = ("im2col", "winograd")
LARGEST = 400e6  # bytes of im2col's matrix


def both(c_in: int, c_out: int, dtype: str) -> list[Conv2d]:
    """A layer for each algorithm, with the same weights."""
    return [
        Conv2d(c_in, c_out, 3, padding=1, algorithm=a, dtype=dtype, rng=np.random.default_rng(0))
        for a in ALGORITHMS
    ]


def images(n: int, size: int, channels: int, dtype: str) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(n, size, size, channels)).astype(dtype)


def times(layers: list[Conv2d], x: np.ndarray, dy: np.ndarray, seconds: float) -> np.ndarray:
    """Best seconds for forward, and for forward and backward, of each layer: (layers, 2)."""

    def measure(layer: Conv2d) -> tuple[float, float]:
        start = time.perf_counter()
        layer.forward(x)
        middle = time.perf_counter()
        layer.backward(dy)
        return middle - start, time.perf_counter() - middle

    rounds = []
    end = time.perf_counter() + seconds
    while len(rounds) < 6 or time.perf_counter() < end:
        rounds.append([measure(layer) for layer in layers])
    return np.min(rounds[1:], axis=0).cumsum(axis=1)


def speeds(dtype: str, seconds: float) -> None:
    """A row for each channels and batch; cells: how much faster Winograd is, forward / both.

    Then how much slower the rule's choice is than the faster algorithm.
    """
    losses = []
    print(f"| {dtype}: channels, images |", " | ".join(f"{s}x{s}" for s in SIZES), "|")
    print("| --- |" + " --- |" * len(SIZES))
    for c_in, c_out in CHANNELS:
        for n in BATCHES:
            cells = []
            for size in SIZES:
                x, dy = images(n, size, c_in, dtype), images(n, size, c_out, dtype)
                if 9 * x.nbytes > LARGEST:
                    cells.append("")
                    continue
                im2col, winograd = times(both(c_in, c_out, dtype), x, dy, seconds)
                forward, train = im2col / winograd
                bold = "**" if is_faster(dy.shape) else ""
                cells.append(f"{bold}{forward:.1f} / {train:.1f}{bold}")
                losses += [max(1, 1 / r if bold else r) for r in (forward, train)]
            print(f"| {c_in} to {c_out}, {n} |", " | ".join(cells), "|", flush=True)
    print(
        f"\nThe rule is within 10 % of the faster one in {np.mean(np.array(losses) < 1.1):.0%} of "
        f"{len(losses)} measurements, {np.mean(losses) - 1:.1%} slower than it on average and "
        f"{max(losses) - 1:.0%} at worst."
    )


def errors() -> None:
    """Error of each result in float32, relative to the root mean square of the exact one."""
    print("\n| float32: channels | algorithm | y | dx | dweight |\n| --- | --- | --- | --- | --- |")
    for c_in, c_out in [(16, 64), (64, 64), (256, 256)]:
        x, dy = images(8, 28, c_in, "f4"), images(8, 28, c_out, "f4")
        exact = results(both(c_in, c_out, "f4")[0].astype("f8"), x.astype("f8"), dy.astype("f8"))
        for layer in both(c_in, c_out, "f4"):
            cells = []
            for ours, right in zip(results(layer, x, dy), exact, strict=True):
                error, size = ours - right, np.sqrt(np.mean(right**2))
                typical, largest = np.sqrt(np.mean(error**2)) / size, np.abs(error).max() / size
                cells.append(f"{typical:.1e}, at most {largest:.1e}")
            print(f"| {c_in} to {c_out} | {layer.algorithm} |", " | ".join(cells), "|")


def results(layer: Conv2d, x: np.ndarray, dy: np.ndarray) -> list[np.ndarray]:
    return [layer.forward(x), layer.backward(dy), layer.weight.grad]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--seconds", type=float, default=0.2, help="for each shape")
    arguments = parser.parse_args()
    with threadpool_limits(1):
        speeds(arguments.dtype, arguments.seconds)
        errors()


if __name__ == "__main__":
    main()
