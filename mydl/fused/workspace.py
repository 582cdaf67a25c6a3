"""What a fused layer works with: memory, and its part of an image where a team shares one.

A batch is usually spread over threads by its samples. When there are fewer samples than threads, an
image is cut into bands of rows instead. Every thread then runs the whole network at the same time
as the others, in evaluation mode: each computes its rows of a layer's output, in memory that all of
them see, and they meet before the next layer, which reads across the edges of the bands.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..kernels.barrier import arrive, watch
from ..layer import Array, Shape
from .scratch import Scratch

_LOOKS = 20_000  # of a waiting thread, about 20 microseconds, before it lets others have the core


class BrokenTeam(Exception):
    """Another thread of the team has failed, and will say why."""


class Team:
    """Threads that compute one image together.

    Args:
        size: how many.

    Attributes:
        scratch: the memory that they share.
        broken: whether one of them has failed. Nobody can meet in this team any more.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.scratch = Scratch()
        self._count = np.zeros(1, np.int64)
        self.broken = False

    def meet(self) -> None:
        """Wait until all have come here; BrokenTeam if one never will."""
        target = arrive(self._count, self.size)
        while not watch(self._count, target, _LOOKS):
            if self.broken:
                raise BrokenTeam
            time.sleep(0)

    def give_up(self) -> None:
        """Let nobody wait for a thread that has failed."""
        self.broken = True


class Workspace:
    """A thread's memory, and its place in a team."""

    def __init__(self) -> None:
        self.own = Scratch()
        self._team: Team | None = None
        self._rank = 0

    @contextmanager
    def join(self, team: Team, rank: int) -> Iterator[None]:
        """Be the team's member number ``rank`` for a while."""
        self._team, self._rank = team, rank
        try:
            yield
        except BaseException:
            team.give_up()
            raise
        finally:
            self._team = None

    def take(self, name: str, shape: Shape, dtype: Any = np.float32) -> Array:
        """Memory for an output, which a team shares."""
        return self._shared.take(name, shape, dtype)

    def take_turns(self, x: Array, shape: Shape, name: str) -> Array:
        """Memory for an output that is not that of ``x``."""
        return self._shared.take_turns(x, shape, name)

    @property
    def _shared(self) -> Scratch:
        return self.own if self._team is None else self._team.scratch

    def rows(self, height: int, step: int = 1) -> slice:
        """The rows of an output of ``height`` rows that this thread computes.

        Args:
            step: rows of a band are a multiple of this, but for the last.
        """
        if self._team is None:
            return slice(0, height)
        steps, size = -(-height // step), self._team.size
        first, end = steps * self._rank // size, steps * (self._rank + 1) // size
        return slice(first * step, min(end * step, height))

    def meet(self) -> None:
        """Wait until the whole team has written its rows."""
        if self._team is not None:
            self._team.meet()
