"""Notices when a student's code changes what its checks rely on, such as ``numpy.allclose``.

The checks run in the process of the student's code, since that is where its functions are. This
finds functions that were replaced, by mistake or as a joke; it makes no prison out of Python.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .wrong import fail

# Modules, with all below them, whose functions and classes have to stay as they are.
WATCHED = ("builtins", "json", "numpy", "mydl")

Fingerprint = dict[tuple[str, str], tuple[int, ...]]


class Guard:
    """Remembers the functions of the modules that are loaded now, before the student's code runs.

    Args:
        modules: more modules to watch, such as the checks of the exercise.
    """

    def __init__(self, *modules: ModuleType) -> None:
        watched = [
            module
            for name, module in list(sys.modules.items())
            if name.partition(".")[0] in WATCHED and isinstance(module, ModuleType)
        ]
        self._modules = [*watched, *modules]
        self._fail = fail  # which is one of the functions that might be replaced
        self._before = dict(_fingerprints(self._modules))

    def check(self) -> None:
        """Return if nothing was replaced since.

        Raises:
            WrongAnswer: of the kind ``tampered``; it names what was replaced.
        """
        now = dict(_fingerprints(self._modules))
        for place, before in self._before.items():
            if now.get(place) != before:
                self._fail(
                    "tampered",
                    f"your code replaces {'.'.join(place)}, which the checks need as it is: give "
                    "your own function a name of its own",
                )


def _fingerprints(modules: list[ModuleType]) -> Iterator[tuple[tuple[str, str], tuple[int, ...]]]:
    """What each function and class of the modules is, by where it stands."""
    for module in modules:
        for name, value in list(vars(module).items()):
            if not callable(value):
                continue
            yield (module.__name__, name), _identity(value)
            if isinstance(value, type) and value.__module__ == module.__name__:
                for method, body in list(vars(value).items()):
                    if callable(body):
                        yield (f"{module.__name__}.{name}", method), _identity(body)


def _identity(value: Any) -> tuple[int, ...]:
    """Which object it is and, for a function, which code and defaults it has at present."""
    function = getattr(value, "__wrapped__", value)
    parts = ("__code__", "__defaults__", "__kwdefaults__")
    return id(value), *(id(getattr(function, part, None)) for part in parts)
