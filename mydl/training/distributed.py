"""Training on several machines: each computes some shards of a batch, and their sums meet.

``mpiexec -n 4 mydl train ...`` starts four processes, the ranks. All have the same network, data
and settings, and take the same steps. In each step a rank computes the gradient of its own shards
(see :meth:`mydl.parallel.ShardedModel.gradient`); one sum over all ranks, MPI's Allreduce, gives
every rank the gradient of the whole batch, and each takes the optimizer step by itself. As the
same bits reach them all, they stay alike without ever sending a parameter.

The result is that of a single process but for rounding: the same shards are added in another order.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import numpy as np

from ..layer import Array

if TYPE_CHECKING:  # they load the compiler, and a rank is known before it is needed
    from ..parallel import ShardedModel
    from ..parameter_vector import ParameterVector

T = TypeVar("T")

# Set by mpiexec: Open MPI, MPICH and its relatives, MVAPICH; and what PMIx starts knows its rank.
_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE")
_STARTED_BY_PMIX = "PMIX_RANK"

# A fault of all ranks, such as a wrong setting, is told by rank 0 alone: the others give it time.
_SECONDS_FOR_RANK_0 = 2.0


class Communicator(Protocol):
    """What training asks of the connection between the ranks.

    Used as a context, it ends all ranks if this one fails: they would wait for it for ever.

    Attributes
    ----------
    rank
        Number of this process, from 0. Rank 0 writes files and talks to the person.
    size
        Number of processes.
    """

    rank: int
    size: int

    def sum(self, array: Array) -> None:
        """Add the arrays of all ranks, in place; all get the same bits."""

    def share(self, value: T) -> T:
        """What rank 0 passes, on every rank."""
        ...

    def threads(self) -> int:
        """How many threads this process should work on."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *failure: Any) -> None: ...


class Single:
    """One process by itself."""

    rank = 0
    size = 1

    def sum(self, array: Array) -> None:
        """The sum of one array is that array."""

    def share(self, value: T) -> T:
        """The value itself: there is nobody to share it with."""
        return value

    def threads(self) -> int:
        """All threads of the machine."""
        from ..parallel import usable_threads

        return usable_threads()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: Any) -> None:
        pass


class MPICommunicator:
    """The processes that ``mpiexec`` has started.

    Raises
    ------
    ValueError
        mpi4py is not installed, or finds no MPI library.
    """

    def __init__(self) -> None:
        try:
            from mpi4py import MPI
        except (ImportError, RuntimeError) as error:
            raise ValueError(
                "to train in several processes mydl needs mpi4py and the MPI library that mpiexec "
                f'belongs to: pip install "mydl[mpi]" ({error})'
            ) from None
        self._world = MPI.COMM_WORLD
        self._in_place = MPI.IN_PLACE
        self._machine = MPI.Get_processor_name()
        self.rank: int = self._world.rank
        self.size: int = self._world.size
        mine = _cores()
        here = self._world.Split_type(MPI.COMM_TYPE_SHARED)  # the ranks on this machine
        self._sharing = sum(bool(mine & cores) for cores in here.allgather(mine))

    def sum(self, array: Array) -> None:
        """Replace the array by the sum over all ranks."""
        self._world.Allreduce(self._in_place, array)

    def share(self, value: T) -> T:
        """The first rank's value."""
        shared: T = self._world.bcast(value)
        return shared

    def threads(self) -> int:
        """$OMP_NUM_THREADS where it is set, else this rank's share of the cores that it may use.

        Some MPI libraries give each rank cores of its own and others let all use them all.
        """
        from ..parallel import usable_threads

        wanted = usable_threads()
        return wanted if os.environ.get("OMP_NUM_THREADS") else max(1, wanted // self._sharing)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            return
        # Registered after mpi4py's own, which would wait for the others, and so run before it. By
        # then the error has been told.
        atexit.register(self._end_all)
        if self.rank > 0 and isinstance(error, Exception):
            time.sleep(_SECONDS_FOR_RANK_0)
            print(f"rank {self.rank} of {self.size}, on {self._machine}:", file=sys.stderr)

    def _end_all(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self._world.Abort(1)


def _cores() -> set[int]:
    """The numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def communicator() -> Communicator:
    """The connection to the other processes that ``mpiexec`` has started; ``Single`` without.

    Raises
    ------
    ValueError
        mpi4py is not installed, or it is not that of this ``mpiexec``: then each process would take
        itself for the only one, and all would write the same files.

    Examples
    --------
    >>> communicator().size
    1
    """
    sizes = {os.environ[name] for name in _SIZES if name in os.environ}
    if sizes == {"1"} or not (sizes or _STARTED_BY_PMIX in os.environ):
        return Single()
    ranks = MPICommunicator()
    if sizes and str(ranks.size) not in sizes:
        raise ValueError(
            f"mpiexec started {sizes.pop()} processes, but mpi4py sees {ranks.size}: they belong "
            "to different MPI libraries; use the mpiexec of the one that mpi4py finds"
        )
    return ranks


class Exchange:
    """Add up what the ranks have computed in a step, with one Allreduce of one flat array.

    ::

        [ gradient | buffers such as running statistics | loss, hits, whether to stop ]

    Parameters
    ----------
    communicator
        To the other ranks.
    vector
        The network's, whose ``grad`` and ``state`` are summed in place.
    """

    def __init__(self, communicator: Communicator, vector: ParameterVector) -> None:
        self._communicator, self._vector = communicator, vector
        self._flat = np.empty(vector.grad.size + vector.state.size + 3, vector.grad.dtype)

    def __call__(self, loss: float, hits: int, stop: bool) -> tuple[float, int, bool]:
        """The loss and hits of all ranks, and whether any of them was asked to stop.

        On a single process they and the gradient stay as they are, to the last bit.
        """
        if self._communicator.size == 1:
            return loss, hits, stop
        flat, vector = self._flat, self._vector
        gradient, state, numbers = np.split(flat, [vector.grad.size, flat.size - 3])
        gradient[...], state[...], numbers[...] = vector.grad, vector.state, (loss, hits, stop)
        self._communicator.sum(flat)
        vector.grad[...], vector.state[...] = gradient, state
        return float(numbers[0]), round(float(numbers[1])), bool(numbers[2] > 0)


def outputs(
    engine: ShardedModel,
    n: int,
    load: Callable[[int, int], Array],
    num_classes: int,
    communicator: Communicator | None = None,
) -> Array:
    """The outputs of :meth:`ShardedModel.outputs`, of which each rank computes a part.

    All ranks get the same bits, so that they decide alike whether an epoch was the best.

    Parameters
    ----------
    engine
        Runs the network.
    n, load
        As the engine takes them.
    num_classes
        Columns of the outputs.
    communicator
        To the other ranks; None computes everything here.
    """
    if communicator is None or communicator.size == 1:
        return engine.outputs(n, load)
    rank, size = communicator.rank, communicator.size
    begin, end = n * rank // size, n * (rank + 1) // size
    all_outputs = np.zeros((n, num_classes), engine.vector.data.dtype)
    if begin < end:
        all_outputs[begin:end] = engine.outputs(
            end - begin, lambda lo, hi: load(begin + lo, begin + hi)
        )
    communicator.sum(all_outputs)
    return all_outputs


def check_shards(communicator: Communicator, batch_size: int, shard_size: int) -> None:
    """Refuse a batch that leaves ranks without work.

    Raises
    ------
    ValueError
        It has fewer shards than there are ranks.
    """
    shards = -(-batch_size // shard_size)
    if shards < communicator.size:
        raise ValueError(
            f"a batch of {batch_size} images in shards of {shard_size} has work for {shards} of "
            f"{communicator.size} processes: give a larger --batch-size or a smaller --shard-size"
        )
