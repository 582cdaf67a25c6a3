"""Load the next batch while the network is at the present one."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor, Future

from ..layer import Array
from ..parallel import Loader


class Prefetched:
    """A loader whose shards another thread loads in advance.

    A shard that the other thread has not begun is loaded by the one that asks for it: nobody waits
    for what he could do himself. What is loaded depends neither on who loads it nor on when.

    Parameters
    ----------
    load
        Gives the images and labels of the samples lo to hi.
    shards
        Where each begins and ends, in the order in which they will be asked for.
    executor
        Loads them.

    Examples
    --------
    >>> import numpy as np
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as executor:
    ...     images = lambda lo, hi: (np.ones((hi - lo, 1)), np.zeros(hi - lo))
    ...     load = Prefetched(images, [(0, 4), (4, 6)], executor)
    ...     load(4, 6)[0].shape
    (2, 1)
    """

    def __init__(self, load: Loader, shards: Iterable[tuple[int, int]], executor: Executor) -> None:
        self._load = load
        self._futures: dict[tuple[int, int], Future[tuple[Array, Array]]] = {
            (lo, hi): executor.submit(load, lo, hi) for lo, hi in shards
        }

    def __call__(self, lo: int, hi: int) -> tuple[Array, Array]:
        future = self._futures.pop((lo, hi), None)
        if future is None or future.cancel():
            return self._load(lo, hi)
        return future.result()

    def cancel(self) -> None:
        """Load nothing more in advance."""
        for future in self._futures.values():
            future.cancel()
