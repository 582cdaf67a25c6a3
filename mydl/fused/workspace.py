"""What a fused layer works with: memory, and its part of an image where a team shares one.

A batch is usually spread over threads by its samples. When there are fewer samples than threads, an
image is shared instead. Every thread then runs the whole network at the same time as the others, in
evaluation mode: each computes its share of a layer's output, some rows, pixels or channels, in
memory that all of them see, and they meet before the next layer, which reads all of it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from ..kernels.barrier import arrive, watch
from ..kernels.compile import Kernel
from ..layer import Array, Shape
from .scratch import Scratch

LOOKS = 100_000  # of a waiting thread, about 100 microseconds, before it lets others have the core


def _let_others_run() -> None:
    """Offer the core to threads that have something to do, if there are any.

    ``time.sleep(0)`` would sleep for 50 microseconds where nobody wants the core.
    """
    if hasattr(os, "sched_yield"):
        os.sched_yield()
    else:
        time.sleep(0)


class BrokenTeam(Exception):
    """Another thread of the team has failed, and will say why."""


class Team:
    """Threads that compute one image together.

    Parameters
    ----------
    size
        How many.

    Attributes
    ----------
    scratch
        The memory that they share.
    count
        What they count their arrivals in.
    refused
        Shapes of images for which one of them has no record, see :mod:`mydl.fused.evaluation`.
    broken
        Whether one of them has failed. Nobody can meet in this team any more.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.scratch = Scratch()
        self.count = np.zeros(1, np.int64)
        self.refused: set[Shape] = set()
        self.broken = False

    def meet(self) -> None:
        """Wait until all have come here; BrokenTeam if one never will."""
        target = arrive(self.count, self.size)
        while not watch(self.count, target, LOOKS):
            self.wait_on()

    def wait_on(self) -> None:
        """Offer the core to others while some are late; BrokenTeam if they will never come."""
        if self.broken:
            raise BrokenTeam
        _let_others_run()

    def give_up(self) -> None:
        """Let nobody wait for a thread that has failed."""
        self.broken = True


class Watcher(Protocol):
    """Who is told of each kernel call and each meeting of a forward pass."""

    def call(self, kernel: Kernel, args: tuple[Any, ...]) -> None:
        """A kernel is about to be called."""

    def meet(self) -> None:
        """The team is about to meet."""


class Workspace:
    """A thread's memory, its place in a team, and who watches the kernels that it calls.

    Attributes
    ----------
    own
        Memory that no other thread sees.
    team
        The threads that it shares images with at the moment.
    """

    def __init__(self) -> None:
        self.own = Scratch()
        self.team: Team | None = None
        self._rank = 0
        self._watcher: Watcher | None = None

    @contextmanager
    def join(self, team: Team, rank: int) -> Iterator[None]:
        """Be the team's member number ``rank`` for a while."""
        self.team, self._rank = team, rank
        try:
            yield
        except BaseException:
            team.give_up()
            raise
        finally:
            self.team = None

    def take(self, name: str, shape: Shape, dtype: Any = np.float32) -> Array:
        """Memory for an output, which a team shares."""
        return self._shared.take(name, shape, dtype)

    def take_turns(self, x: Array, shape: Shape, name: str) -> Array:
        """Memory for an output that is not that of ``x``.

        If ``x`` is not the team's, a layer that knows nothing of teams has made it, and others may
        still be at that layer and read the memory that comes next.
        """
        if self.team is not None and not self.team.scratch.holds(x):
            self.meet()
        return self._shared.take_turns(x, shape, name)

    @property
    def _shared(self) -> Scratch:
        return self.own if self.team is None else self.team.scratch

    def share(self, units: int, step: int = 1) -> slice:
        """Which of a number of rows, pixels or channels are this thread's to compute.

        Parameters
        ----------
        units
            How many there are.
        step
            A share is a multiple of this, but for the last.
        """
        if self.team is None:
            return slice(0, units)
        steps, size = -(-units // step), self.team.size
        first, end = steps * self._rank // size, steps * (self._rank + 1) // size
        return slice(min(first * step, units), min(end * step, units))

    def meet(self) -> None:
        """Wait until the whole team has written its share."""
        if self.team is not None:
            self.team.meet()
            if self._watcher is not None:
                self._watcher.meet()

    @contextmanager
    def watched_by(self, watcher: Watcher) -> Iterator[None]:
        """Let a watcher know what happens for a while."""
        self._watcher = watcher
        try:
            yield
        finally:
            self._watcher = None

    def call(self, kernel: Kernel, *args: Any) -> None:
        """Call a kernel in a forward pass."""
        kernel(*args)
        if self._watcher is not None:
            self._watcher.call(kernel, args)
