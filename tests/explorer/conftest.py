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
def ask(tmp_path_factory):
    """``ask(payload, questions)``: the answers of the page's functions, see ask.mjs."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on the path, which runs the page's script")
    folder = tmp_path_factory.mktemp("page")
    for script in PAGE.glob("*.js"):
        shutil.copy(script, folder)
    (folder / "package.json").write_text('{"type": "module"}')  # import and export are allowed

    def answers(payload, questions):
        command = [node, str(ASK), str(folder)]
        asked = json.dumps({"payload": payload, "questions": questions})
        done = subprocess.run(command, input=asked, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return answers
