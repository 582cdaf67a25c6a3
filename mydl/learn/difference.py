"""How a student's code differs from the exercise's, in words and line by line."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from .syntax import parse

_LEFT_OUT = "\0"  # no line of Python
LOOPS = (ast.For, ast.While, ast.comprehension)


@dataclass(frozen=True)
class Style:
    """What can be counted in a piece of code.

    Attributes
    ----------
    lines
        Of code, without docstrings, comments and empty lines.
    loops
        How many there are, comprehensions included.
    depth
        How many stand inside each other.
    operations
        Functions of NumPy and methods of arrays that are called, and ``@``.
    """

    lines: int
    loops: int
    depth: int
    operations: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Style:
        """Count in the text of a file."""
        tree = parse(text)
        rows: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.stmt) and not _is_docstring(node):
                body = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.stmt)]
                last = body[0].lineno - 1 if body else node.end_lineno
                rows.update(range(node.lineno, max(last or 0, node.lineno) + 1))
        written = {i for i, line in enumerate(text.splitlines(), 1) if _is_code(line)}
        loops = sum(isinstance(node, LOOPS) for node in ast.walk(tree))
        return cls(len(rows & written), loops, _depth(tree), frozenset(_operations(tree)))


def in_words(yours: str, theirs: str) -> list[str]:
    """Sentences about how the text of a student's file differs from the solution.

    >>> loops = "def total(x):\\n    s = 0.0\\n    for v in x:\\n        s += v\\n    return s"
    >>> for sentence in in_words(loops, "def total(x):\\n    return np.sum(x)"):
    ...     print(sentence)
    Yours has 5 lines of code, the exercise's 2.
    You loop where the exercise uses whole arrays: yours has 1 loop, the exercise's none.
    Only the exercise's uses np.sum.
    """
    a, b = Style.of(yours), Style.of(theirs)
    sentences = []
    if a.lines != b.lines:
        sentences.append(f"Yours has {a.lines} lines of code, the exercise's {b.lines}.")
    if a.loops > b.loops:
        sentences.append(
            "You loop where the exercise uses whole arrays: "
            f"yours has {_loops(a)}, the exercise's {_loops(b, '')}."
        )
    elif a.loops < b.loops:
        sentences.append(
            "You use whole arrays where the exercise loops: "
            f"yours has {_loops(a)}, the exercise's {_loops(b, '')}."
        )
    for whose, here, there in (("yours", a, b), ("the exercise's", b, a)):
        only = sorted(here.operations - there.operations)
        if only:
            sentences.append(f"Only {whose} uses {', '.join(only)}.")
    return sentences or ["It counts the same: lines, loops and the functions of NumPy."]


def diff(yours: str, theirs: str) -> list[str]:
    """The lines that differ, with a few around them: ``-`` is only in yours, ``+`` in the other.

    Docstrings are left out.
    """
    a, b = (_without_docstrings(text) for text in (yours, theirs))
    _, _, *lines = list(difflib.unified_diff(a, b, lineterm="", n=2)) or [""] * 2
    return [line for line in lines if not line.startswith("@@")]


def _without_docstrings(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.splitlines()]
    try:
        nodes = [node for node in ast.walk(parse(text)) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError):
        return lines
    for node in filter(_is_docstring, nodes):
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        lines[first:last] = [_LEFT_OUT] * (last - first)
    return "\n".join(line for line in lines if line != _LEFT_OUT).strip().split("\n")


def _loops(style: Style, word: str = " loop") -> str:
    if not style.loops:
        return "none" if not word else "no loop"
    plural = "s" if word and style.loops > 1 else ""
    nested = f" ({style.depth} inside each other)" if style.depth > 1 else ""
    return f"{style.loops}{word}{plural}{nested}"


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _depth(node: ast.AST) -> int:
    inner = max((_depth(child) for child in ast.iter_child_nodes(node)), default=0)
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return inner + len(node.generators)
    return inner + isinstance(node, ast.For | ast.While)


def _operations(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield "@"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = ast.unparse(node.func)
            yield name if name.startswith(("np.", "numpy.")) else f".{node.func.attr}()"
