"""One batch in shards over threads: where the speed comes from, and why it costs no clarity.

The gradient of a batch is the sum of its samples' gradients. So a batch is cut into shards of a
fixed size, small enough for a shard's activations to stay in the cache, and each shard goes
through the **whole** network, forwards and backwards, on one thread. NumPy and the compiled kernels
release Python's interpreter lock, so that the threads truly run side by side, while every layer and
kernel stays serial and simple. Each thread has a replica of the model, which shares its parameters
and has gradients of its own. Where there are fewer samples than threads, as when one photograph is
to be classified, the threads share each image instead: see :mod:`mydl.fused.workspace`.

The shards' gradients are added in the order of the shards. The size of the shards, not the number
of threads, therefore fixes every rounding: a run gives the same bits on 1, 2 or 16 threads.

Several processes can share the shards of a batch, too, each with threads of its own; what they have
to add up is said at :meth:`ShardedModel.gradient` and done in :mod:`mydl.training.distributed`.
"""

from __future__ import annotations

import copy
import itertools
import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from threadpoolctl import ThreadpoolController

from .fused import BrokenTeam, Evaluator, Fused, Team, Workspace, fuse
from .layer import Array, Layer, Shape, whole_number
from .layers.dropout import Dropout
from .losses import SoftmaxCrossEntropy
from .parameter_vector import ParameterVector

# Pixels in a shard, at most, where the engine chooses: 32 images of 32x32. A SqueezeNet's largest
# activations then fill a second cache of 1 to 2 MB a few times over; fewer images would make too
# little of what has to be done once for each shard, such as Winograd's transform of the weights.
_SHARD_PIXELS = 1 << 15

# Loads samples lo to hi of a batch: images (hi - lo, H, W, C) and labels. Called from the threads.
Loader = Callable[[int, int], tuple[Array, Array]]


class Loss(Protocol):
    """What the engine asks of a loss: the mean over the shard, and its gradient."""

    def forward(self, y: Array, labels: Array) -> float:
        """The loss of outputs for labels, a mean over the samples."""

    def backward(self) -> Array:
        """dLoss/dy of the outputs that forward was given."""


@dataclass(frozen=True)
class BatchResult:
    """What one batch gave.

    Attributes
    ----------
    loss
        Mean over the batch.
    outputs
        The network's, a row a sample; (0, 1) if there are no samples.
    samples
        Which samples of the batch these are, (rows,), in ascending order: all of them, unless only
        a part of the shards was computed.
    """

    loss: float
    outputs: Array
    samples: Array


class ShardedModel:
    """Run a model over batches, in shards over threads.

    Parameters
    ----------
    model
        The network. Its parameters become views of ``vector``; train them there.
    loss
        The loss whose gradient is computed; softmax cross-entropy if None.
    threads
        How many threads; None takes $OMP_NUM_THREADS or the number of usable cores.
    shard_size
        Samples in a shard, at most; None leaves it to :func:`automatic_shard_size`.
    seed
        Of the generators that dropout draws from, keyed by (seed, step, shard).

    Notes
    -----
    Batch norm: a shard is normalised by its own statistics ("ghost batch norm", Hoffer et al. 2017,
    arXiv 1705.08741), and the running statistics after a batch are the mean of what its shards
    made of those before it.

    Examples
    --------
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
        shard_size: int | None = None,
        seed: int = 0,
    ) -> None:
        if shard_size is not None:
            whole_number(shard_size, "shard_size", 1)
        self.shard_size = shard_size
        self.threads = usable_threads() if threads is None else whole_number(threads, "threads", 1)
        self.model = model
        self.vector = ParameterVector(model)
        self.seed = seed
        self._workers = [
            _Worker(model, self.vector, SoftmaxCrossEntropy() if loss is None else loss)
            for _ in range(self.threads)
        ]
        self._team: Team | None = None
        _keep_freed_memory()
        # The calling thread is one of them: it need not be woken.
        self._pool = ThreadPoolExecutor(max(1, self.threads - 1), thread_name_prefix="mydl")
        self._blas = ThreadpoolController()

    def gradient(
        self,
        n: int,
        load: Loader,
        *,
        step: int = 0,
        share: float = 1.0,
        part: tuple[int, int] = (0, 1),
    ) -> BatchResult:
        """Add the gradient of the mean loss over a batch, times ``share``, to ``vector.grad``.

        Parameters
        ----------
        n
            Samples in the batch, at least 1.
        load
            Gives the images and labels of the samples lo to hi.
        step
            Number of the step, which dropout's randomness is keyed by.
        share
            Of this batch in the whole: 1/K to accumulate the gradient of K batches.
        part
            (rank, size), to compute the shards rank, rank + size, rank + 2 size, ... only. The
            gradient, ``vector.state`` and the loss are then sums over these, which added over all
            ranks give those of the batch. There may be no shard for a rank.
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
            with turns.take(shard // part[1]):
                losses.append(weight * loss)
                self.vector.grad += worker.vector.grad
                np.add(state, weight * worker.vector.state, out=state, casting="same_kind")
            return outputs

        edges = self._edges(n, lambda: load(0, 1)[0])
        shards = range(part[0], len(edges) - 1, part[1])
        outputs = self._over_shards(edges, shards, run, turns, training=True)
        self.vector.state[...] = state
        samples = [np.arange(edges[shard], edges[shard + 1]) for shard in shards]
        return BatchResult(sum(losses), outputs, np.concatenate([np.arange(0), *samples]))

    def outputs(self, n: int, load: Callable[[int, int], Array]) -> Array:
        """The network's outputs for n samples in evaluation mode, in the order of the samples."""
        if 0 < n < self.threads and self._workers[0].can_share:
            return np.concatenate([self._shared(load(i, i + 1)) for i in range(n)])

        def run(worker: _Worker, shard: int, lo: int, hi: int) -> Array:
            worker.vector.state[...] = self.vector.state
            return worker.evaluator.forward(load(lo, hi))

        edges = self._edges(n, lambda: load(0, 1))
        shards = range(len(edges) - 1)
        return self._over_shards(edges, shards, run, _Turns(), training=False)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _edges(self, n: int, load_one: Callable[[], Array]) -> list[int]:
        """Where the shards of a batch begin and end."""
        if n < 1:
            raise ValueError(f"a batch needs at least one sample, got {n}")
        size = self.shard_size
        return shard_edges(n, automatic_shard_size(n, load_one().shape) if size is None else size)

    def _over_shards(
        self,
        edges: list[int],
        shards: range,
        run: Callable[[_Worker, int, int, int], Array],
        turns: _Turns,
        training: bool,
    ) -> Array:
        """Call ``run(worker, shard, lo, hi)`` for some shards and join what it returns."""
        if not shards:
            return np.empty((0, 1), self.vector.data.dtype)
        parts: list[Array | None] = [None] * len(shards)
        queue = itertools.count()  # its next() is atomic

        def work(worker: _Worker) -> None:
            worker.train(training)
            try:
                while (i := next(queue)) < len(parts):
                    lo, hi = edges[shards[i]], edges[shards[i] + 1]
                    # A copy, since a rewritten network returns memory that it will use again.
                    parts[i] = run(worker, shards[i], lo, hi).copy()
            except BaseException:
                turns.give_up()
                raise

        self._at_once(work, self._workers[: len(parts)])
        return np.concatenate([part for part in parts if part is not None])

    def _shared(self, x: Array) -> Array:
        """The network's outputs for one image, of which each thread computes its share."""
        if self._team is None or self._team.broken:
            self._team = Team(self.threads)
        team = self._team

        def work(worker: _Worker) -> Array:
            worker.train(False)
            worker.vector.state[...] = self.vector.state
            with worker.space.join(team, self._workers.index(worker)):
                return worker.evaluator.forward(x)

        return self._at_once(work, self._workers)[0].copy()

    def _at_once(self, work: Callable[[_Worker], Any], workers: list[_Worker]) -> list[Any]:
        """Call ``work`` for the workers, each on a thread of its own; what it returned."""
        with self._blas.limit(limits=1, user_api="blas"):
            others = [self._pool.submit(work, worker) for worker in workers[1:]]
            try:
                first, error = work(workers[0]), None
            except BaseException as e:
                first, error = None, e
            wait(others)
        errors = [e for e in (error, *(other.exception() for other in others)) if e]
        for error in errors:
            if not isinstance(error, _GaveUp | BrokenTeam):
                raise error
        return [first, *(other.result() for other in others)]


class _Worker:
    """What one thread has of its own: a replica of the model with its gradients, and a loss."""

    def __init__(self, model: Layer, vector: ParameterVector, loss: Loss) -> None:
        replica = copy.deepcopy(model)
        self.loss = copy.deepcopy(loss)
        self.vector = ParameterVector(replica, vector.data)
        self._dropouts = [
            layer for _, layer in replica.named_layers() if isinstance(layer, Dropout)
        ]
        self.space = Workspace()
        self.model = fuse(replica, self.space)
        self.evaluator = Evaluator(self.model, self.space)
        self.can_share = any(isinstance(layer, Fused) for _, layer in self.model.named_layers())
        self._training: bool | None = None

    def train(self, mode: bool) -> None:
        """Switch the replica to training or evaluation, if it is not in it already."""
        if mode != self._training:
            self.model.train(mode)
            self._training = mode

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


def automatic_shard_size(n: int, shape: Shape, cores: int | None = None) -> int:
    """How many samples of a shape (1, H, W, C) to put into a shard of a batch of ``n``.

    As many as have 32,768 pixels together, and as many shards as keep every core busy to the end:
    the number of shards is a multiple of that of the cores, not of the threads. With the same
    cores, runs on other numbers of threads therefore have the same shards, and give the same bits.

    >>> automatic_shard_size(128, (1, 32, 32, 3), cores=2)
    32
    >>> automatic_shard_size(32, (1, 32, 32, 3), cores=2)
    16
    >>> automatic_shard_size(8, (1, 224, 224, 3), cores=2)
    1
    """
    cores = usable_cores() if cores is None else cores
    pixels = math.prod(shape[1:-1])
    most = max(1, _SHARD_PIXELS // max(1, pixels))
    rounds = -(-n // (most * cores))
    return -(-n // (rounds * cores))


def usable_threads() -> int:
    """$OMP_NUM_THREADS where it is set, else the number of cores this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    return usable_cores()


def usable_cores() -> int:
    """The number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
