"""The page's script, run by node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import mydl

PAGE = Path(mydl.__file__).parent / "explorer" / "page"
ASK = Path(__file__).with_name("ask.mjs")


@pytest.fixture(scope="session")
def node():
    """The program that runs the page's script."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("there is no node on the path, which runs the page's script")
    return path


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory):
    """A copy of the page's script, as node wants it."""
    folder = tmp_path_factory.mktemp("page")
    for script in PAGE.glob("*.js"):
        shutil.copy(script, folder)
    (folder / "package.json").write_text('{"type": "module"}')  # import and export are allowed
    return folder


@pytest.fixture(scope="session")
def ask(node, page_folder):
    """``ask(payload, questions, terms=False)``: the page's answers, see ask.mjs."""
    command = [node, str(ASK), str(page_folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def answers(payload, questions, terms=False):
            asked = json.dumps({"payload": payload, "terms": terms, "questions": questions})
            process.stdin.write(f"{asked}\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield answers
