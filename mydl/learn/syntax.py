"""Parsing Python where several threads do."""

from __future__ import annotations

import ast
import threading

_LOCK = threading.Lock()


def parse(text: str | bytes) -> ast.Module:
    """What ``ast.parse`` gives, in one thread at a time.

    Some versions of Python count the depth of a tree for all threads together, and stop with a
    SystemError when two build theirs at once (https://github.com/python/cpython/issues/106905).

    Raises
    ------
    SyntaxError
        The text is not Python.
    """
    with _LOCK:
        return ast.parse(text)
