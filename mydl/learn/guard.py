"""Notices when a student's code changes what its checks rely on, such as ``numpy.allclose``.

The checks run in the process of the student's code, since that is where its functions are. This
finds functions that were replaced, by mistake or as a joke; it makes no prison out of Python.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NoReturn

# Modules, with all below them, whose functions and classes have to stay as they are.
WATCHED = ("builtins", "json", "numpy", "mydl")

PARTS = ("__code__", "__defaults__", "__kwdefaults__")


TAMPERED = 86  # exit status of a process that saw it


class Tampered(Exception):
    """A function was replaced: nothing that this process says can be relied on from now on."""


class Guard:
    """Remembers the functions of the modules that are loaded now, before the student's code runs.

    Parameters
    ----------
    *modules
        More modules to watch, such as the checks of the exercise.
    """

    def __init__(self, *modules: ModuleType) -> None:
        watched = [
            module
            for name, module in list(sys.modules.items())
            if name.partition(".")[0] in WATCHED and isinstance(module, ModuleType)
        ]
        self._places = list(_places([*watched, *modules]))
        self._parts = [
            (place, name, function, part, getattr(function, part))
            for place, _, names in self._places
            for name, value in names.items()
            for function in [getattr(value, "__wrapped__", value)]
            for part in PARTS
            if hasattr(function, part)
        ]

    def check(self) -> None:
        """Return if nothing was replaced since; takes about a millisecond.

        Raises
        ------
        Tampered
            Names what was replaced.
        """
        for place, owner, names in self._places:
            now = vars(owner)
            for name, value in names.items():
                if now.get(name) is not value:
                    _fail(place, name)
        for place, name, function, part, value in self._parts:
            if getattr(function, part) is not value:
                _fail(place, name)


def _fail(place: str, name: str) -> NoReturn:
    raise Tampered(
        f"your code replaces {place}.{name}, which the checks need as it is: give your own "
        "function a name of its own",
    )


def _places(modules: list[ModuleType]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Modules and the classes in them: the name, the object and its functions by their names."""
    for module in modules:
        functions = _functions(module)
        yield module.__name__, module, functions
        for name, value in functions.items():
            if isinstance(value, type) and value.__module__ == module.__name__:
                yield f"{module.__name__}.{name}", value, _functions(value)


def _functions(owner: Any) -> dict[str, Any]:
    return {name: value for name, value in list(vars(owner).items()) if callable(value)}
