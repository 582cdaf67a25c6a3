"""The notebooks: how they are stored, where they lead, and that each runs from top to bottom."""

import json
import re
from pathlib import Path

import pytest

from mydl.learn.course import Course

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

SECONDS = 60  # of the processor, for all cells of a notebook
OUTPUT = 400_000  # bytes of all outputs of a notebook, pictures in base 64

# Put before the first cell: nothing may be fetched from elsewhere.
OFFLINE = """
import socket, time

def _refuse(self, address, *rest):
    raise OSError(f"a notebook wanted to reach {address}")

socket.socket.connect = socket.socket.connect_ex = _refuse
socket.getaddrinfo = lambda host, *rest, **options: _refuse(None, host)
_begin = time.process_time()
"""


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def source(path, kind):
    return "\n\n".join(
        "".join(cell["source"]) for cell in read(path)["cells"] if cell["cell_type"] == kind
    )


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 7


@each_notebook
def test_stored_without_outputs(path):
    notebook = read(path)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"].keys() == {"kernelspec", "language_info"}
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@each_notebook
def test_cells_have_names(path):
    names = [cell["id"] for cell in read(path)["cells"]]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z][a-z0-9-]{0,63}", name), "not a name, so not a stable one"


@each_notebook
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\(([^)\s]+)\)", source(path, "markdown"))
    assert links
    for link in links:
        if not link.startswith("https://"):
            assert (FOLDER / link.partition("#")[0]).is_file(), link


@each_notebook
def test_exercises_exist(path):
    text = source(path, "markdown")
    names = re.findall(r"`mydl learn start ([a-z0-9-]+)`", text)
    assert names, "each notebook ends with an exercise to go on with"
    known = {exercise.name for exercise in Course().exercises}
    assert set(names) <= known


@each_notebook
def test_formulas_become_mathml(path):
    latex2mathml = pytest.importorskip("docutils.utils.math.latex2mathml")
    text = re.sub(r"`[^`]*`", "", source(path, "markdown"))
    for display, inline in re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$", text, flags=re.DOTALL):
        assert latex2mathml.tex2mathml(display or inline)


def test_the_index_lists_all():
    listed = re.findall(r"\]\(([\w-]+\.ipynb)\)", (FOLDER / "index.md").read_text(encoding="utf-8"))
    assert listed == [path.name for path in NOTEBOOKS]


@pytest.mark.slow
@each_notebook
def test_runs_in_an_empty_folder(path, tmp_path):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(path, as_version=4)
    code = nbformat.v4.new_code_cell
    notebook.cells.insert(0, code(OFFLINE))
    notebook.cells.append(code("print(time.process_time() - _begin)"))
    # The limit is of the processor's time: a busy machine takes longer on the clock.
    client = nbclient.NotebookClient(
        notebook, timeout=900, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()

    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    noise = [out.text for out in outputs if out.output_type == "stream" and out.name == "stderr"]
    assert not noise, noise[0]
    shown = {kind for out in outputs for kind in out.get("data", {})}
    assert shown & {"image/png", "image/jpeg"}
    assert len(json.dumps(outputs)) <= OUTPUT
    assert float(notebook.cells[-1].outputs[0].text) <= SECONDS
    assert not list(tmp_path.iterdir()), "a notebook leaves no files behind"
