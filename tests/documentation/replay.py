"""Runs the blocks of a page in a folder, one after the other, and tells where the page is wrong.

```` ```python ````
    With ``>>>`` a doctest, else executed. All blocks of a page share a namespace and a folder.
```` ```bash ````
    Each command has to succeed.
```` ```console ````
    Lines ``$ command``, each with its output: what goes to stdout, and if the command fails, to
    stderr too. Numbers that differ between runs are masked (see output.py), and a line ``...``
    stands for any lines.
```` ```toml ````, ```` ```json ````
    Has to parse.
```` ```text ````
    Is not looked at.

Comments right above a block change what is done with it:

``<!-- file: layer.py -->``
    The block is written to that file.
``<!-- answer: conv_dw.py -->``
    The block replaces that file from its first function on, as one fills in an exercise.
``<!-- run with: --epochs 1 -->``
    The block's calls of mydl get these options too, each those that it has.
``<!-- needs: onnxruntime -->``
    The block is run where that package is installed.
``<!-- not run: it downloads 170 MB -->``
    The block is only checked: its calls of mydl have to parse, its Python has to compile.
"""

import contextlib
import doctest
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import traceback
import types
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from . import command_line, output
from .page import blocks, commands, inline_commands

MARKERS = {"file", "answer", "run with", "needs", "not run", "main command", "test command"}
RUN = {"python", "pycon", "bash", "console"}
LANGUAGES = RUN | {"toml", "json", "text"}
# Sphinx builds these, and fails if something is wrong with them.
DIRECTIVES = {"eval-rst", "figure", "image", "include", "literalinclude", "math", "toctree"}
ADMONITIONS = {"note", "tip", "warning", "important", "seealso", "admonition", "dropdown"}

CLOSED = "http://127.0.0.1:9"
ENVIRONMENT = {
    **{f"{kind}_proxy": CLOSED for kind in ("http", "https", "all")},
    **{f"{kind}_PROXY": CLOSED for kind in ("HTTP", "HTTPS", "ALL")},
    "no_proxy": "localhost,127.0.0.1",
    "NO_PROXY": "localhost,127.0.0.1",
    "PIP_NO_INDEX": "1",
    "COLUMNS": "88",
    "MPLBACKEND": "Agg",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "PYTHONUTF8": "1",
    "PYTHONWARNINGS": "error",
    "PYTHONDONTWRITEBYTECODE": "1",
}
REMOVED = re.compile(r"PYTEST_.*|MYDL_.*|FORCE_COLOR|COV_.*")
SECONDS = 600


@dataclass(frozen=True)
class Fault:
    """Where a page is wrong, and how."""

    line: int
    what: str

    def __str__(self):
        return f"line {self.line}: {self.what}"


class Checker(doctest.OutputChecker):
    """Compares as Python's doctest does, and where that fails, without numbers that differ."""

    def check_output(self, want, got, flags):
        masked = (output.masked(text, output.MEASURED) for text in (want, got))
        return super().check_output(want, got, flags) or super().check_output(*masked, flags)


def sound(text):
    """What is wrong on a page as far as it can be seen without running anything."""
    faults = []
    for block in blocks(text):
        try:
            _check(block)
        except (ValueError, SyntaxError, command_line.WrongCommand) as error:
            faults.append(Fault(block.line, f"{block.language}: {error}"))
    for line, command in inline_commands(text):
        try:
            command_line.check_inline(command)
        except command_line.WrongCommand as error:
            faults.append(Fault(line, str(error)))
    return faults


def _check(block):
    if not block.language:
        raise ValueError("the block has no language")
    known = block.language in LANGUAGES or "file" in block.markers
    if directive := re.fullmatch(r"\{(.*)\}", block.language):
        known = directive[1] in DIRECTIVES | ADMONITIONS
    if not known:
        raise ValueError(f"nothing checks this language; there are {', '.join(sorted(LANGUAGES))}")
    for key, value in block.markers.items():
        if key not in MARKERS:
            raise ValueError(f"unknown comment <!-- {key} -->; there are {', '.join(MARKERS)}")
        if not value and not key.endswith("command"):
            raise ValueError(f"<!-- {key}: --> says nothing")
    if block.language in ("bash", "console"):
        called = commands(block)
        for command in called:
            command_line.check(command.text)
            if block.is_run and re.match(r"(cd|export|source|\.) ", command.text):
                raise ValueError(f"{command.text}: each command has a shell of its own")
        extra = block.markers.get("run with", "")
        if extra and not sum(command_line.appended(each.text, extra)[1] for each in called):
            raise ValueError(f"no command of the block has the options {extra}")
    elif block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "json":
        json.loads(block.text)
    elif block.is_doctest:
        doctest.DocTestParser().get_examples(block.text)
    elif block.language in ("python", "pycon"):
        compile(block.text, f"line {block.line}", "exec")


def _can_run(block):
    """Whether a block does something when the page is run, and all that it needs is there."""
    needed = block.markers.get("needs")
    there = needed is None or importlib.util.find_spec(needed) is not None
    does = block.language in RUN or "file" in block.markers
    return does and there and "not run" not in block.markers


class Replay:
    """A page's folder, the names that its Python has defined, and what its commands printed."""

    def __init__(self, folder, samples):
        self.folder = Path(folder).resolve()
        self.samples = samples
        self.printed = {}  # line of a console's block to the block's new text
        module = types.ModuleType("__main__")  # for classes, which ask for their module
        self.names = module.__dict__

    @contextlib.contextmanager
    def _inside(self):
        """Python in the page's folder, which leaves nothing behind."""
        import matplotlib.pyplot as plt

        before, path, modules = Path.cwd(), list(sys.path), set(sys.modules)
        kept = {key: value for key, value in os.environ.items() if not REMOVED.fullmatch(key)}
        scripts = str(Path(sys.executable).parent)
        kept["PATH"] = os.pathsep.join([scripts, kept.get("PATH", "")])
        with (
            mock.patch.dict(os.environ, kept | ENVIRONMENT, clear=True),
            # urlopen would keep the closed proxy for tests that come later.
            mock.patch.object(urllib.request, "_opener", None),
            np.printoptions(),
            np.errstate(),
        ):
            os.chdir(self.folder)
            sys.path.insert(0, str(self.folder))
            try:
                yield
            finally:
                os.chdir(before)
                sys.path[:] = path
                self._forget_modules(modules)
                plt.close("all")

    def _forget_modules(self, but=()):
        """Forget modules that were imported from the page's folder, which may have changed."""
        importlib.invalidate_caches()
        for name in set(sys.modules) - set(but):
            file = getattr(sys.modules[name], "__file__", None)
            if file and self.folder in Path(file).parents:
                del sys.modules[name]

    def run(self, text, name="page"):
        """Run a page's blocks; gives a list of faults."""
        todo = [block for block in blocks(text) if _can_run(block)]
        self.samples.put("".join(block.text for block in todo), self.folder)
        faults = []
        with self._inside():
            for block in todo:
                if "file" in block.markers or "answer" in block.markers:
                    self._write(block)
                elif block.is_doctest:
                    faults += self._doctest(block, name)
                elif block.language in ("python", "pycon"):
                    faults += self._execute(block, name)
                elif block.language == "bash":
                    for command in commands(block):
                        faults += self._succeed(command, block)
                elif block.language == "console":
                    faults += self._console(block)
        return faults

    def _write(self, block):
        path = self.folder / block.markers.get("file", block.markers.get("answer"))
        head = ""
        if "answer" in block.markers:
            head = re.split(r"^def ", path.read_text(), maxsplit=1, flags=re.M)[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + block.text)
        self._forget_modules()

    def _doctest(self, block, name):
        examples = doctest.DocTestParser().get_examples(block.text)
        test = doctest.DocTest(examples, {}, name, name, block.line, block.text)
        test.globs = self.names  # which DocTest copies
        runner = doctest.DocTestRunner(
            Checker(), False, doctest.NORMALIZE_WHITESPACE | doctest.REPORT_NDIFF
        )
        said = []
        runner.run(test, out=said.append, clear_globs=False)
        return [Fault(block.line, "".join(said))] if said else []

    def _execute(self, block, name):
        try:
            # Empty lines before it, so that a traceback has the page's line numbers.
            exec(compile("\n" * block.line + block.text, name, "exec"), self.names)
        except Exception as error:
            trace = traceback.TracebackException.from_exception(error)
            trace.stack = traceback.StackSummary(trace.stack[1:])
            line = next((f.lineno for f in reversed(trace.stack) if f.filename == name), block.line)
            return [Fault(line, "".join(trace.format()))]
        return []

    def _call(self, command, block):
        """Run a command in the folder; gives its exit status, its output and its errors."""
        before = "set -e -o pipefail\n"
        if extra := block.markers.get("run with"):
            before += command_line.appended(command.text, extra)[0]
        try:
            done = subprocess.run(
                ["bash", "-c", before + command.text],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return "124", "", f"still running after {SECONDS} seconds"
        return done.returncode, done.stdout, done.stderr

    def _succeed(self, command, block):
        status, out, errors = self._call(command, block)
        if not status:
            return []
        said = f"{out}{errors}".rstrip()
        return [Fault(command.line, f"$ {command.text}\nexit status {status}\n{said}")]

    def _console(self, block):
        faults, text = [], ""
        for command in commands(block):
            status, out, errors = self._call(command, block)
            printed = (out + errors if status else out).strip("\n").split("\n")
            shown = command.output.split("\n")
            if not output.agree(shown, printed):
                faults.append(
                    Fault(command.line, f"{command.typed}\n{output.difference(shown, printed)}")
                )
            new = [line.rstrip() for line in output.renewed(shown, printed)]
            text += "\n".join([command.typed, *new]).rstrip("\n") + "\n"
        self.printed[block.line] = text
        return faults
