"""Evaluation from a record: the kernel calls of a network, written down once and then repeated."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ..kernels.compile import Kernel
from ..kernels.program import meeting, row, run_program
from ..layer import Array, Layer, Shape
from ..layers import Dropout, Sequential
from ..models.network import Network
from .layers import Fused
from .workspace import LOOKS, Team, Workspace

_MOST_PROGRAMS = 8  # for images of different shapes


class Evaluator:
    """Runs a rewritten network in evaluation mode.

    The first images of a shape go through the layers, whose kernel calls are recorded. Where these
    are all that happens to the images, later images of that shape go through the record instead,
    as one call of compiled code; see :mod:`mydl.kernels.program`. The weights are read where they
    are, so that training may go on in between.

    Parameters
    ----------
    model
        The network, in evaluation mode whenever it is run.
    space
        The workspace of its layers.
    """

    def __init__(self, model: Layer, space: Workspace) -> None:
        self._model, self._space = model, space
        self._recordable = _consists_of_kernels(model) and not numba.config.DISABLE_JIT  # type: ignore[attr-defined]
        # Of images that this thread takes alone, and of those that it shares with a team.
        self._programs: dict[Shape, _Program] = {}
        self._team_programs: dict[Shape, _Program] = {}
        self._team: Team | None = None

    def forward(self, x: Array) -> Array:
        """The network's outputs, in memory that the next call uses again."""
        team = self._space.team
        program = self._programs_of(team).get(x.shape)
        if program is not None and program.is_complete():
            return program.run(x)
        if program is not None or not self._recordable or x.dtype != np.float32:
            self._space.meet()  # the others may be at work on the last image
            return self._model.forward(x)
        program = self._programs_of(team)[x.shape] = _Program(x, team)
        with self._space.watched_by(program):
            self._space.meet()
            program.output = self._model.forward(program.input)
        return program.output

    def _programs_of(self, team: Team | None) -> dict[Shape, _Program]:
        """The records for a team. Its members have seen the same images, and have the same ones.

        That matters: where some ran a record and others the layers, they might not use the same
        memory.
        """
        if team is not self._team and team is not None:
            self._team, self._team_programs = team, {}
        programs = self._programs if team is None else self._team_programs
        if len(programs) > _MOST_PROGRAMS:
            programs.clear()
        return programs


def _consists_of_kernels(layer: Layer) -> bool:
    """Whether all that happens in evaluation mode are calls of kernels that are watched."""
    if isinstance(layer, Fused) or type(layer) is Dropout:
        return True
    if type(layer) is not Sequential and type(layer).forward is not Network.forward:
        return False
    return all(_consists_of_kernels(child) for child in layer.children().values())


class _Program:
    """A record of kernel calls for images of one shape.

    Attributes
    ----------
    input
        Memory for the images.
    output
        Where the last call leaves the network's output.
    """

    def __init__(self, x: Array, team: Team | None) -> None:
        self.input: Array = np.array(x, order="C")
        self.output: Array | None = None
        self._team = Team(1) if team is None else team
        self._rows: list[Array] = []
        self._table: Array | None = None
        self._arrays: list[Any] = []  # keeps the memory that the rows point to

    def call(self, kernel: Kernel, args: tuple[Any, ...]) -> None:
        """Record a call."""
        numbers = row(kernel, args)
        if numbers is None:
            self._team.refused.add(self.input.shape)
        else:
            self._rows.append(numbers)
            self._arrays.append(args)

    def meet(self) -> None:
        """Record that the team meets."""
        self._rows.append(meeting())

    def is_complete(self) -> bool:
        """Whether every call could be recorded, by all threads of a team."""
        return self.output is not None and self.input.shape not in self._team.refused

    def run(self, x: Array) -> Array:
        """The output for other images of the same shape."""
        assert self.output is not None
        if self._table is None:
            self._table = np.stack(self._rows)
        self.input[...] = x
        team, at, target = self._team, 0, 0
        while True:
            at, target = run_program(self._table, at, team.count, team.size, target, LOOKS)
            if at == len(self._table):
                return self.output
            team.wait_on()
