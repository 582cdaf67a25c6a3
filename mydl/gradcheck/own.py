"""A layer of one's own, from a Python file, to be checked at the command line."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..layer import Shape
from ..names import unknown
from .cases import Case, Rng
from .report import GradcheckReport
from .sweep import Sweep


@dataclass(frozen=True)
class OwnCase(Case):
    """A layer of a user's file, whose errors are told with the line.

    Parameters
    ----------
    name, setting, build, shape, labels, samples
        As of a :class:`Case`.
    file
        Where the layer is.
    """

    file: Path = Path()

    def check(self, method: str = "central", seed: int = 0, **options: Any) -> GradcheckReport:
        with told_by_line(self.file):
            return super().check(method, seed, **options)

    def sweep(self, seed: int = 0) -> Sweep:
        with told_by_line(self.file):
            return super().sweep(seed)


def is_file(name: str) -> bool:
    """Whether a name is FILE.py or FILE.py:NAME, and not a layer of the library.

    >>> is_file("my_layers.py:Swish"), is_file("conv2d")
    (True, False)
    """
    return name.partition(":")[0].endswith(".py")


def own_case(target: str, shape_text: str | None) -> Case:
    """The case that checks a layer of a user's file.

    Parameters
    ----------
    target
        FILE.py:NAME; NAME is a class or a function without arguments, or a layer.
    shape_text
        The shape of the input, as in 2x5x4x3.

    Raises
    ------
    ValueError
        The file, the name or the shape will not do.
    """
    file_name, _, name = target.partition(":")
    if shape_text is None:
        raise ValueError(
            f"say the shape of the input for {target}, as in --input 2x5x4x3 for 2 samples of 5 "
            "rows, 4 columns and 3 channels"
        )
    shape = parse_shape(shape_text)
    path = Path(file_name)
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    with told_by_line(path):
        module = _load(path)
    if not name:
        names = listing_of(module)
        hint = (
            f", as in {path}:{names[0]}" if names else "; it has no class with forward and backward"
        )
        raise ValueError(f"say which layer of {path} to check{hint}")
    if not hasattr(module, name):
        names = [each for each in vars(module) if not each.startswith("_")]
        raise ValueError(f"{path}: {unknown('name', name, names or ['nothing'])}")
    thing = getattr(module, name)
    with told_by_line(path):
        _layer(thing, target)  # so that what is wrong with it is said at once

    def build(rng: Rng) -> Any:
        return _layer(thing, target)

    return OwnCase(name, "x".join(map(str, shape)), build, shape, file=path)


def parse_shape(text: str) -> Shape:
    """The shape of "2x5x4x3".

    >>> parse_shape("2x5x4x3")
    (2, 5, 4, 3)
    """
    numbers = text.lower().replace(",", "x").split("x")
    if not all(n.isascii() and n.isdigit() and int(n) for n in numbers):
        raise ValueError(
            "--input must be the shape of the input, as in 2x5x4x3 for 2 samples of 5 rows, 4 "
            f"columns and 3 channels, got {text!r}"
        )
    return tuple(map(int, numbers))


def listing_of(module: ModuleType) -> list[str]:
    """The names of what a module defines that looks like a layer."""
    return [
        name
        for name, thing in vars(module).items()
        if hasattr(thing, "forward")
        and hasattr(thing, "backward")
        and getattr(thing, "__module__", type(thing).__module__) == module.__name__
    ]


@contextmanager
def told_by_line(path: Path) -> Iterator[None]:
    """Turn an error of the user's code into a ValueError with the line of their file."""
    try:
        yield
    except SyntaxError as error:
        raise ValueError(f"{error.filename}:{error.lineno}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename).resolve() == path.resolve()
        ]
        if not lines:
            raise
        raise ValueError(f"{path}:{lines[-1]}: {type(error).__name__}: {error}") from error


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)  # the file may import its neighbours
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module


def _layer(thing: Any, target: str) -> Any:
    """The layer that a class or a function makes, or that is there."""
    if callable(thing) and (isinstance(thing, type) or not hasattr(thing, "forward")):
        try:
            inspect.signature(thing).bind()
        except TypeError as error:
            raise ValueError(
                f"{target} takes arguments ({error}): name a function without arguments that "
                "returns the layer, such as def make(): return MyLayer(3, 2)"
            ) from None
        thing = thing()
    if not (hasattr(thing, "forward") and hasattr(thing, "backward")):
        raise ValueError(
            f"{target} must be or make a layer with forward and backward, got "
            f"{type(thing).__name__}"
        )
    return thing
