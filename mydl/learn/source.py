"""The library's own code, shown beside an exercise's. It is read and not imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from .syntax import parse

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Source:
    """A piece of the library.

    Attributes
    ----------
    file
        The path inside the package, ``mydl/layers/conv.py``.
    line
        Where the piece begins.
    text
        The piece.
    """

    file: str
    line: int
    text: str


def source_of(name: str) -> Source:
    """The source of a function, class or method, ``"mydl.layers.conv:Conv2d.backward"``.

    >>> source = source_of("mydl.layers.relu:ReLU.forward")
    >>> source.file, source.text.splitlines()[0]
    ('mydl/layers/relu.py', 'def forward(self, x: Array) -> Array:')
    """
    module, _, path = name.partition(":")
    parts = module.split(".")[1:]
    file = PACKAGE.joinpath(*parts).with_suffix(".py")
    if not file.is_file():
        file = PACKAGE.joinpath(*parts, "__init__.py")
    if module.split(".")[0] != PACKAGE.name or not file.is_file():
        raise ValueError(f"LIBRARY names {name}, and there is no module {module} in mydl")
    text = file.read_text(encoding="utf-8")
    node: ast.AST = parse(text)
    moved = _import_of(node, path.partition(".")[0])
    if moved:
        return source_of(f"{module}.{moved}:{path}")
    for part in path.split(".") if path else []:
        node = _child(node, part, name)
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        return Source(f"mydl/{file.relative_to(PACKAGE).as_posix()}", 1, text.rstrip())
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = text.splitlines()[first - 1 : node.end_lineno]
    indent = len(lines[0]) - len(lines[0].lstrip())
    piece = "\n".join(line[indent:] for line in lines)
    return Source(f"mydl/{file.relative_to(PACKAGE).as_posix()}", first, piece)


def _import_of(module: ast.AST, name: str) -> str:
    """The module inside a package from which the package takes a name; "" if it defines it."""
    for node in ast.iter_child_nodes(module):
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            return node.module or ""
    return ""


def _child(node: ast.AST, part: str, name: str) -> ast.AST:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and child.name == part:
            return child
    raise ValueError(f"LIBRARY names {name}, and there is no {part} in it")
