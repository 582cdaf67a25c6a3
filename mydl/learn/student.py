"""The student's module as the checks see it: what goes wrong inside becomes a plain sentence."""

from __future__ import annotations

import difflib
import functools
import inspect
import linecache
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from ..layer import Array
from .wrong import WrongAnswer, fail

FUNCTIONS = (type, functools.partial, np.ufunc, np.vectorize)  # beside those written with def


class Student:
    """The student's module; its functions and classes are watched while they run.

    A call of one of them is checked for leaving its arrays as they are and for returning something;
    an exception in it becomes a :class:`WrongAnswer` with the file and line where it was raised.
    """

    def __init__(self, module: ModuleType, folder: Path) -> None:
        self._module = module
        self._watch = Watch(module, folder)

    def __getattr__(self, name: str) -> Any:
        try:
            value = vars(self._module)[name]
        except KeyError:
            self._watch.missing(name)
        return self._watch.wrap(value, name)


class Watch:
    """What the proxies of one student's module share.

    Attributes
    ----------
    folder
        Of the student's files.
    last_result
        What the last call returned, in words.
    """

    def __init__(self, module: ModuleType, folder: Path) -> None:
        self._module = module
        self.folder = folder
        self._file = Path(str(module.__file__))
        self.last_result = ""

    def missing(self, name: str) -> NoReturn:
        """Reject a file in which a name is not defined."""
        own = [
            key for key, value in vars(self._module).items() if _is_defined_in(value, self._module)
        ]
        near = difflib.get_close_matches(name, own, 1)
        hint = f"; did you rename {near[0]}?" if near else ": the exercise asks for it by this name"
        fail("missing", f"{self._file.name} does not define {name}{hint}")

    def wrap(self, value: Any, name: str) -> Any:
        """A proxy of a function, a class or an object of a class of the student's."""
        if type(value) in (tuple, list):
            return type(value)(self.wrap(item, name) for item in value)
        if isinstance(value, FUNCTIONS) or inspect.isroutine(value):
            return Called(value, name, self)
        if _is_defined_in(type(value), self._module):
            return Instance(value, name, self)
        return value


class Called:
    """A function or a class of the student's, watched while it runs."""

    def __init__(
        self, target: Callable[..., Any], name: str, watch: Watch, free: bool = False
    ) -> None:
        self._target = target
        self._name = name
        self._watch = watch
        self._free = free

    def __getattr__(self, name: str) -> Any:
        try:
            value = getattr(self._target, name)
        except AttributeError:
            self._watch.missing(f"{self._name}.{name}")
        return self._watch.wrap(value, f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args = tuple(_unwrapped(value) for value in args)
        kwargs = {key: _unwrapped(value) for key, value in kwargs.items()}
        arrays = dict(_arrays(self._target, args, kwargs))
        before = {key: array.copy() for key, array in arrays.items()}
        with explained(self._name, self._watch.folder):
            result = self._target(*args, **kwargs)
        self._watch.last_result = f"{self._name} returned {_described(result)}"
        if not self._free:
            self._check_conduct(arrays, before, result)
        return self._watch.wrap(result, self._name)

    def _check_conduct(
        self, arrays: dict[str, Array], before: dict[str, Array], result: Any
    ) -> None:
        for key, array in arrays.items():
            if array.shape != before[key].shape or array.tobytes() != before[key].tobytes():
                fail(
                    "mutated",
                    f"{self._name} changed its argument {key}, which still belongs to the caller: "
                    "work on a copy, and beware of +=, *= and out= on it",
                )
        if result is None:
            fail("none", f"{self._name} returned None: end it with a return of the result")


class Instance:
    """An object of a class of the student's, its methods watched while they run."""

    def __init__(self, target: Any, name: str, watch: Watch) -> None:
        vars(self).update(_target=target, _name=name, _watch=watch)

    def __getattr__(self, name: str) -> Any:
        with explained(f"{self._name}.{name}", self._watch.folder):
            if not hasattr(self._target, name):
                owner = type(self._target).__name__
                fail("missing", f"an object of {owner} has no {name}: the exercise asks for it")
            return self._watch.wrap(
                getattr(self._target, name), f"{type(self._target).__name__}.{name}"
            )

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._target, name, _unwrapped(value))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = type(self._target).__name__
        return Called(self._target, name, self._watch)(*args, **kwargs)


def in_place(function: Any) -> Any:
    """A function of the student's that may change its arrays and return nothing.

    >>> in_place(print)("as it is")
    as it is
    """
    if isinstance(function, Called):
        return Called(function._target, function._name, function._watch, free=True)
    return function


@contextmanager
def explained(name: str, folder: Path) -> Iterator[None]:
    """Turn an exception in the student's code into a :class:`WrongAnswer` with file and line.

    Parameters
    ----------
    name
        Of what runs, for the sentence.
    folder
        The student's, to tell which lines are theirs.
    """
    try:
        yield
    except (WrongAnswer, KeyboardInterrupt):
        raise
    except NotImplementedError as error:
        file, line = _place(error, folder)
        instead = f": write it in place of line {line} of {file.name}" if file else ""
        fail("unfilled", f"{name} is not written yet{instead}", line)
    except BaseException as error:
        file, line = _place(error, folder)
        kind, what = _in_words(error)
        fail(kind, f"{where(file, line) if file and line else name} {what}", line)


def _in_words(error: BaseException) -> tuple[str, str]:
    text = str(error).strip()
    if isinstance(error, MemoryError):
        return (
            "memory",
            f"asks for more memory than there is for an exercise{f' ({error})' if text else ''}",
        )
    if isinstance(error, SystemExit):
        return "exception", "ends the program (exit or sys.exit): return a result instead"
    if isinstance(error, RecursionError):
        return "exception", "calls itself without end (RecursionError)"
    if isinstance(error, EOFError):
        return "exception", "waits for input, and nobody answers here: take values as arguments"
    return "exception", f"raises {type(error).__name__}{': ' + text if text else ''}"


def _place(error: BaseException, folder: Path) -> tuple[Path | None, int | None]:
    """The innermost of the student's lines on the way to an error."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == folder]
    return (Path(own[-1].filename), own[-1].lineno) if own else (None, None)


def where(file: Path, line: int) -> str:
    """A line of a file in words, with its text."""
    linecache.checkcache(str(file))
    text = linecache.getline(str(file), line).strip()
    return f"line {line} of {file.name}" + (f", `{text}`," if text else "")


def _is_defined_in(value: Any, module: ModuleType) -> bool:
    return getattr(value, "__module__", None) == module.__name__


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Called | Instance):
        return value._target
    if type(value) in (list, tuple):
        return type(value)(_unwrapped(item) for item in value)
    return value


def _arrays(
    target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[tuple[str, Array]]:
    """The arrays among the arguments of a call, those in lists and dictionaries too, by name."""
    try:
        given = inspect.signature(target).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # the call itself will say what does not fit
        return
    for name, value in given.items():
        if isinstance(value, np.ndarray):
            yield name, value
        elif isinstance(value, tuple | list | dict):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in items:
                if isinstance(item, np.ndarray):
                    yield f"{name}[{key!r}]", item


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return "None" if value is None else f"a {type(value).__name__}"
