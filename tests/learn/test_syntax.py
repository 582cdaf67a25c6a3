"""Threads may parse at once."""

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import mydl.learn
from mydl.learn.syntax import parse

TEXT = "".join(f"def f{i}(x):\n    return [x + {i} for x in (1, 2, 3) if x]\n" for i in range(50))


def test_many_threads_parse_the_same():
    expected = ast.dump(ast.parse(TEXT))
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(parse, [TEXT] * 40))
    assert all(ast.dump(tree) == expected for tree in trees)


def test_what_is_not_python_is_refused():
    with pytest.raises(SyntaxError):
        parse("def")


def test_nothing_else_parses():
    """Threads check answers: ``ast.parse`` is only safe behind the lock."""
    for path in Path(mydl.learn.__file__).parent.glob("*.py"):
        assert path.stem == "syntax" or "ast.parse" not in path.read_text(), path
