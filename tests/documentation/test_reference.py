"""The reference is complete: every public name is on a page, has a docstring, and it fits."""

import importlib
import inspect
import re
import tomllib
from pathlib import Path

import pytest

from mydl.layers import Conv2d

from .public import defined_in, everything, modules, packages_above

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
DIRECTIVE = re.compile(
    r"^\.\. auto(module|class|function):: (\S+)\n((?:   :[\w-]+:.*\n)*)", re.MULTILINE
)


def described():
    """The modules whose members are on a page, and the single names that are."""
    whole, single = set(), set()
    for page in REFERENCE.glob("*.md"):
        for kind, name, options in DIRECTIVE.findall(page.read_text(encoding="utf-8")):
            if kind != "module":
                single.add(name)
            elif ":no-members:" not in options:
                whole.add(name)
    return whole, single


@pytest.mark.parametrize("module", modules())
def test_every_public_name_is_on_a_page(module):
    whole, single = described()
    for name in defined_in(module):
        by_package = any(
            package in whole and name in getattr(importlib.import_module(package), "__all__", ())
            for package in packages_above(module)
        )
        assert by_package or module in whole or f"{module}.{name}" in single, (
            f"docs/reference does not show {module}.{name}: add `.. automodule:: {module}`"
        )


def test_no_module_is_described_twice():
    pages = "\n".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    names = [name for _, name, _ in DIRECTIVE.findall(pages)]
    assert sorted(names) == sorted(set(names))
    assert set(names) >= {*modules()}


def test_every_public_name_has_a_docstring():
    assert not [name for name, thing in everything() if not inspect.getdoc(thing)]


def listed_parameters(docstring):
    """The names in the section "Parameters" of a docstring, None without one."""
    lines = docstring.splitlines()
    headings = [i - 1 for i, line in enumerate(lines) if i and re.fullmatch("-{3,}", line)]
    start = next((i for i in headings if lines[i] == "Parameters"), None)
    if start is None:
        return None
    end = next((i for i in headings if i > start), len(lines))
    heads = [line for line in lines[start + 2 : end] if line and not line.startswith(" ")]
    return [name.strip() for head in heads for name in head.partition(" :")[0].split(",")]


def actual_parameters(thing):
    parameters = inspect.signature(getattr(thing, "py_func", thing)).parameters.values()
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return {stars.get(p.kind, "") + p.name for p in parameters if p.name not in ("self", "cls")}


def test_a_list_of_parameters_names_those_of_the_signature():
    """All of them and no others; a docstring may also have no such list."""
    wrong = {}
    for name, thing in everything():
        listed = None if isinstance(thing, property) else listed_parameters(inspect.getdoc(thing))
        if listed is not None and {*listed} != actual_parameters(thing):
            wrong[name] = {*listed} ^ actual_parameters(thing)
    assert not wrong


def test_the_list_of_parameters_is_read():
    """The test above sees what it is to compare."""
    assert {"in_channels", "kernel_size", "rng"} <= {*listed_parameters(inspect.getdoc(Conv2d))}
    text = "One.\n\nParameters\n----------\na, b\n    Two.\n\n    More.\n*c\n    Three.\n"
    assert listed_parameters(text) == ["a", "b", "*c"]
    assert listed_parameters("Nothing.\n\nRaises\n------\nValueError\n    Never.\n") is None


def test_examples_of_docstrings_are_run_with_the_tests():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pytest_settings = settings["tool"]["pytest"]["ini_options"]
    assert "--doctest-modules" in pytest_settings["addopts"]
    assert "mydl" in pytest_settings["testpaths"]
