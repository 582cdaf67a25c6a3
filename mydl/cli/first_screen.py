"""What ``mydl`` and ``mydl --help`` show: all commands on one screen, by what a person wants."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup

WIDEST = 100  # columns

BEGINNING = (
    "mydl: learn backpropagation on a real network, SqueezeNet, written in NumPy.\n"
    "Begin with `mydl train`, half a minute without a network; then `mydl learn`."
)
END = "Each command has `--help`. Beside them: `--version`; `--debug`, for tracebacks."

# By what a person wants: the name of each command, and a sentence that fits in a line.
COMMANDS: dict[str, dict[str, str]] = {
    "Learn backpropagation": {
        "learn": "Write backward passes yourself; checks say what is wrong.",
        "gradcheck": "Check backward passes by numbers, mydl's and your own.",
        "explore": "See every number of a network on a page, forwards and backwards.",
    },
    "Train a network": {
        "train": "Train SqueezeNet: on digits, on CIFAR-10, on your own photographs.",
        "doctor": "Find out why a network does not learn.",
        "lr-find": "Find a learning rate.",
        "data": "See which data there are to train on, and what they look like.",
        "runs": "List the runs and how they went, the best first.",
        "compare": "Draw several runs together and list what they differ in.",
        "eval": "Test a trained network, class by class.",
    },
    "Use a network and look inside": {
        "classify": "Say what is on a photograph.",
        "visualize": "Make pictures of what a network looks at and has learnt.",
        "summary": "Show a network layer by layer: shapes, parameters, multiply-adds.",
        "export": "Take a network to ONNX, PyTorch and other programs.",
    },
    "Measure and read": {
        "bench": "Measure how fast this machine trains, beside PyTorch and others.",
        "help": "Read a page of the documentation here, or list the pages.",
    },
}


class FirstScreen(TyperGroup):
    """The group of all commands, whose help is short enough for 24 lines of 80 columns.

    With the boxes that typer draws around each group of commands it would be twice as long.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help; typer strips its colours where there are none."""
        formatter.write("\n".join(self._lines(ctx)) + "\n")

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order in which they are shown."""
        return [name for commands in COMMANDS.values() for name in commands]

    def _lines(self, context: Any) -> Iterator[str]:
        wide = max(map(len, self.list_commands(context))) + 4
        columns = max(40, min(WIDEST, shutil.get_terminal_size().columns))
        for part in BEGINNING.splitlines():
            yield from _filled(part, columns)
        for heading, commands in COMMANDS.items():
            yield typer.style(heading, bold=True)
            for name, sentence in commands.items():
                first, *more = _filled(sentence, columns - wide)
                yield typer.style(f"  {name}".ljust(wide), fg=typer.colors.CYAN) + first
                yield from (" " * wide + line for line in more)
        yield from _filled(END, columns)


def _filled(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, columns, break_on_hyphens=False)
