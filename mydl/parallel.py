"""One batch in shards over threads: where the speed comes from, and why it costs no clarity.

The gradient of a batch is the sum of its samples' gradients. So a batch is cut into shards of a
fixed size, small enough for a shard's activations to stay in the cache, and each shard goes
through the **whole** network, forwards and backwards, on one thread. NumPy and the compiled kernels
release Python's interpreter lock, so that the threads truly run side by side, while every layer and
kernel stays serial and simple. Each thread has a replica of the model, which shares its parameters
and has gradients of its own.

The shards' gradients are added in the order of the shards. The size of the shards, not the number
of threads, therefore fixes every rounding: a run gives the same bits on 1, 2 or 16 threads.
"""

from __future__ import annotations

import copy
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from threadpoolctl import ThreadpoolController

from .fused import fuse
from .layer import Array, Layer, whole_number
from .layers.dropout import Dropout
from .losses import SoftmaxCrossEntropy
from .parameter_vector import ParameterVector

# Loads samples lo to hi of a batch: images (hi - lo, H, W, C) and labels. Called from the threads.
Loader = Callable[[int, int], tuple[Array, Array]]


class Loss(Protocol):
    """What the engine asks of a loss: the mean over the shard, and its gradient."""

    def forward(self, y: Array, labels: Array) -> float: ...
    def backward(self) -> Array: ...


@dataclass(frozen=True)
class BatchResult:
    """What one batch gave: the mean loss, and the network's outputs in the order of the samples."""

    loss: float
    outputs: Array


class ShardedModel:
    """Run a model over batches, in shards over threads.

    Args:
        model: the network. Its parameters become views of ``vector``; train them there.
        loss: the loss whose gradient is computed; softmax cross-entropy if None.
        threads: how many threads; None takes $OMP_NUM_THREADS or the number of usable cores.
        shard_size: samples in a shard, at most. 16 to 32 keep a SqueezeNet's activations in the
            cache at 32x32 pixels.
        seed: of the generators that dropout draws from, keyed by (seed, step, shard).

    Batch norm: a shard is normalised by its own statistics ("ghost batch norm", Hoffer et al. 2017,
    arXiv 1705.08741), and the running statistics after a batch are the mean of what its shards
    made of those before it.

    >>> from mydl.layers import Linear
    >>> model = ShardedModel(Linear(3, 2, rng=np.random.default_rng(0)), threads=2, shard_size=4)
    >>> x, labels = np.ones((10, 3), np.float32), np.zeros(10, int)
    >>> result = model.gradient(10, lambda lo, hi: (x[lo:hi], labels[lo:hi]))
    >>> result.outputs.shape, model.vector.grad.shape
    ((10, 2), (32,))
    """

    def __init__(
        self,
        model: Layer,
        loss: Loss | None = None,
        *,
        threads: int | None = None,
        shard_size: int = 16,
        seed: int = 0,
    ) -> None:
        self.shard_size = whole_number(shard_size, "shard_size", 1)
        self.threads = usable_threads() if threads is None else whole_number(threads, "threads", 1)
        self.model = model
        self.vector = ParameterVector(model)
        self.seed = seed
        self._workers = [
            _Worker(model, self.vector, SoftmaxCrossEntropy() if loss is None else loss)
            for _ in range(self.threads)
        ]
        _keep_freed_memory()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="mydl")
        self._blas = ThreadpoolController()

    def gradient(self, n: int, load: Loader, *, step: int = 0, share: float = 1.0) -> BatchResult:
        """Add the gradient of the mean loss over a batch, times ``share``, to ``vector.grad``.

        Args:
            n: samples in the batch, at least 1.
            load: gives the images and labels of the samples lo to hi.
            step: number of the step, which dropout's randomness is keyed by.
            share: of this batch in the whole: 1/K to accumulate the gradient of K batches.
        """
        bad = self.vector.first_bad(self.vector.data)
        if bad is not None:
            self.model.fail(f"{bad} has values that are not finite; training has diverged")
        turns = _Turns()
        losses: list[float] = []
        state = np.zeros_like(self.vector.state)

        def run(worker: _Worker, shard: int, lo: int, hi: int) -> Array:
            weight = (hi - lo) / n
            worker.begin(self.vector.state, np.random.default_rng((self.seed, step, shard)))
            x, labels = load(lo, hi)
            loss, outputs = worker.gradient(x, labels, weight * share)
            with turns.take(shard):
                losses.append(weight * loss)
                self.vector.grad += worker.vector.grad
                np.add(state, weight * worker.vector.state, out=state, casting="same_kind")
            return outputs

        outputs = self._over_shards(n, run, turns, training=True)
        self.vector.state[...] = state
        return BatchResult(sum(losses), outputs)

    def outputs(self, n: int, load: Callable[[int, int], Array]) -> Array:
        """The network's outputs for n samples in evaluation mode, in the order of the samples."""

        def run(worker: _Worker, shard: int, lo: int, hi: int) -> Array:
            worker.vector.state[...] = self.vector.state
            return worker.model.forward(load(lo, hi))

        return self._over_shards(n, run, _Turns(), training=False)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _over_shards(
        self, n: int, run: Callable[[_Worker, int, int, int], Array], turns: _Turns, training: bool
    ) -> Array:
        """Call ``run(worker, shard, lo, hi)`` for each shard and join what it returns."""
        if n < 1:
            raise ValueError(f"a batch needs at least one sample, got {n}")
        edges = shard_edges(n, self.shard_size)
        parts: list[Array | None] = [None] * (len(edges) - 1)
        queue = itertools.count()  # its next() is atomic

        def work(worker: _Worker) -> None:
            worker.model.train(training)
            try:
                while (shard := next(queue)) < len(parts):
                    # A copy, since a rewritten network returns memory that it will use again.
                    parts[shard] = run(worker, shard, edges[shard], edges[shard + 1]).copy()
            except BaseException:
                turns.give_up()
                raise

        with self._blas.limit(limits=1, user_api="blas"):
            futures = [self._pool.submit(work, worker) for worker in self._workers]
            errors = [error for future in futures if (error := future.exception())]
        for error in errors:
            if not isinstance(error, _GaveUp):
                raise error
        return np.concatenate([part for part in parts if part is not None])


class _Worker:
    """What one thread has of its own: a replica of the model with its gradients, and a loss."""

    def __init__(self, model: Layer, vector: ParameterVector, loss: Loss) -> None:
        replica = copy.deepcopy(model)
        self.loss = copy.deepcopy(loss)
        self.vector = ParameterVector(replica, vector.data)
        self._dropouts = [
            layer for _, layer in replica.named_layers() if isinstance(layer, Dropout)
        ]
        self.model = fuse(replica)

    def begin(self, state: Array, rng: np.random.Generator) -> None:
        """Start a shard from the batch's state, with no gradient and with its own randomness."""
        self.vector.state[...] = state
        self.vector.grad[...] = 0
        for dropout in self._dropouts:
            dropout.rng = rng

    def gradient(self, x: Array, labels: Array, weight: float) -> tuple[float, Array]:
        """The mean loss and the outputs of a shard; ``weight`` times its gradient is added."""
        outputs = self.model.forward(x)
        loss = self.loss.forward(outputs, labels)
        self.model.backward(self.loss.backward() * outputs.dtype.type(weight))
        return loss, outputs


class _Turns:
    """Let threads do something one after the other, in the order of their shards.

    No thread waits for ever: the queue hands out shards in order, so that the thread whose turn it
    is is always at work on that shard or has given up.
    """

    def __init__(self) -> None:
        self._next: float = 0
        self._changed = threading.Condition()

    @contextmanager
    def take(self, shard: int) -> Iterator[None]:
        """Wait for the turn of ``shard``; afterwards it is the next one's."""
        with self._changed:
            self._changed.wait_for(lambda: self._next >= shard)
            if self._next > shard:
                raise _GaveUp
            yield
            self._next += 1
            self._changed.notify_all()

    def give_up(self) -> None:
        """Wake every waiting thread because one has failed."""
        with self._changed:
            self._next = float("inf")
            self._changed.notify_all()


class _GaveUp(Exception):
    """Another thread has failed, and will say why."""


def _keep_freed_memory() -> None:
    """Let the C library keep large blocks that are freed, for the next ones that are asked for.

    glibc gives blocks above a threshold back to the system, which has to clear every page of them
    again at their next use: a fifth of a training step's time. Freeing one large block raises the
    threshold to its size, up to 32 MiB (see M_MMAP_THRESHOLD in mallopt(3)). Harmless elsewhere.
    """
    np.empty(31 * 2**20, np.uint8)


def shard_edges(n: int, shard_size: int) -> list[int]:
    """Where the shards of n samples begin and end: as many as needed, of nearly equal sizes.

    >>> shard_edges(40, 16)
    [0, 13, 27, 40]
    """
    shards = -(-n // shard_size)
    return [round(n * i / shards) for i in range(shards + 1)]


def usable_threads() -> int:
    """$OMP_NUM_THREADS where it is set, else the number of cores this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
