"""What holds for the repository as a whole: imports, sizes, the wheel, the root links."""

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mydl

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mydl"
EXERCISES = PACKAGE / "learn" / "exercises"  # data: loaded by path, each file on its own
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if EXERCISES not in path.parents)

# Imports go from a part to parts before it in this list, never after.
ORDER = [
    "names",
    "figure_files",
    "kernels",
    "layer",
    "init",
    "layers",
    "losses",
    "parameter_vector",
    "optim",
    "schedules",
    "metrics",
    "data",
    "weights",
    "pretrained",
    "models",
    "fused",
    "parallel",
    "classifier",
    "gradcheck",
    "learn",
    "explorer",
    "visualize",
    "training",
    "bench",
    "cli",
]
# The kernels name the array type, which the contract defines.
EXCEPTIONS = {("kernels", "layer")}


def part(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_parts(path: Path) -> set[str]:
    """The parts of the package that a file imports, whether at its top or inside a function."""
    package = path.relative_to(ROOT).parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            names = [*base, *(node.module.split(".") if node.module else [])]
            if len(names) > 1:
                found.add(names[1])
            else:
                found.update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    here = part(path)
    if here in ("__init__", "__main__"):
        return
    assert here in ORDER, f"say in ORDER where {here} belongs"
    for there in imported_parts(path) - {here, "__version__"}:
        allowed = ORDER.index(there) < ORDER.index(here) or (here, there) in EXCEPTIONS
        assert allowed, f"{path.name}, in {here}, imports {there}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_inside_the_package_are_relative(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and not node.level:
            assert not (node.module or "").startswith("mydl")
        if isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] == "mydl" for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_are_short_and_say_what_they_are(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "a module begins with a docstring"
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = [n.body[0] for n in ast.walk(tree) if isinstance(n, documented) and n.body]
    lines = path.read_text().count("\n")
    if path.parent.name == "layers":
        assert lines <= 200, f"{lines} lines, and a layer is to be read as a page"
    for first in docstrings:
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            lines -= first.end_lineno - first.lineno + 1
    assert lines <= 400, f"{lines} lines beside docstrings"


def test_import_is_light():
    """`import mydl` loads neither the compiler nor the drawing library."""
    script = (
        "import sys, mydl\n"
        "heavy = {'numba', 'matplotlib', 'rich', 'PIL', 'pooch'} & set(sys.modules)\n"
        "sys.exit(f'import mydl loads {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_there():
    for name in mydl.__all__:
        assert getattr(mydl, name) is not None
        assert getattr(mydl, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'Conv3d'"):
        mydl.Conv3d  # noqa: B018


def test_a_checkout_that_is_called_mydl_does_not_hide_the_package_from_the_folder_above(tmp_path):
    (tmp_path / "mydl" / "layers").mkdir(parents=True)
    script = "import mydl, mydl.layers; print(mydl.__file__, mydl.layers.__file__)"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [Path(file) for file in done.stdout.split()] == [
        PACKAGE / "__init__.py",
        PACKAGE / "layers" / "__init__.py",
    ]


@pytest.mark.parametrize("link", ["layers", "models"])
def test_root_links_are_for_browsing_not_for_importing(link):
    assert (ROOT / link).resolve() == PACKAGE / link
    done = subprocess.run(
        [sys.executable, "-c", f"import {link}"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "relative import" in done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_every_module_and_the_data(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {str(path.relative_to(ROOT)) for path in SOURCES} <= names
    assert "mydl/py.typed" in names
    assert any(name.endswith("digits.npz") for name in names)
    embedded = ("squeezenet1_1.npz", "imagenet_classes.txt", "LICENSE-pretrained.txt")
    assert {f"mydl/pretrained/{name}" for name in embedded} <= names
    assert "mydl/training/report.html" in names
    page = {str(path.relative_to(ROOT)) for path in (PACKAGE / "explorer" / "page").iterdir()}
    assert "mydl/explorer/page/index.html" in page <= names
    exercises = {str(path.relative_to(ROOT)) for path in EXERCISES.glob("*/*.*")}
    assert exercises
    assert exercises <= names
    assert not any(name.startswith(("layers/", "models/", "tests/")) for name in names)


@pytest.mark.slow
def test_the_wheel_holds_the_documentation(tmp_path, wheel):
    """And `mydl help` shows it, from an installation in an empty folder."""
    names = set(zipfile.ZipFile(wheel).namelist())
    docs = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    hidden = {path for path in docs if any(part[0] in "._" for part in path.split("/"))}
    assert {f"mydl/pages/{path}" for path in docs - hidden} <= names
    assert not any(name.startswith("mydl/pages/") and not name.endswith(".md") for name in names)
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    (tmp_path / "empty").mkdir()
    for page, shown in [
        ("changelog", "What changes for users"),
        ("contributing", "pip install -e"),
        ("relu", "def backward(self, dy: Array)"),
    ]:
        done = subprocess.run(
            [sys.executable, "-m", "mydl", "help", page],
            cwd=tmp_path / "empty",
            env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
            capture_output=True,
            text=True,
        )
        assert shown in done.stdout, done.stderr
