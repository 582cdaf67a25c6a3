"""The first screen, `mydl help`, and the page that each error names."""

# ruff: noqa: RUF001, as signs of formulas look like others

import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys

import pytest
import typer
from rich.cells import cell_len
from typer.testing import CliRunner

import mydl
from mydl.cli import help as help_command
from mydl.cli import main, pages
from mydl.cli.first_screen import COMMANDS
from mydl.cli.formulas import displayed, in_a_line
from mydl.cli.manual import Manual, beside
from mydl.cli.page_screen import rendered
from mydl.cli.page_text import Reading, excerpt
from mydl.layer import Layer, LayerError

MANUAL = Manual()
WHOLE = typer.main.get_command(main.app)
NAMES = {page.path.removesuffix(".md") for page in MANUAL.pages}


def walk(command=WHOLE, words=()):
    """Every command that does something, with its words."""
    children = getattr(command, "commands", {})
    if not children or command.invoke_without_command:
        yield words, command
    for name, child in children.items():
        yield from walk(child, (*words, name))


LEAVES = {words: command for words, command in walk() if words}


def invoke(*arguments):
    return CliRunner().invoke(main.app, list(arguments))


def page_exists(page):
    return page in NAMES or f"{page}/index" in NAMES


# ---- the first screen --------------------------------------------------------------------------


def test_the_first_screen_fits_a_terminal():
    shown = invoke("--help").output.rstrip("\n").split("\n")
    assert len(shown) < 24  # one is for what is typed next
    assert max(map(len, shown)) <= 80
    assert "`mydl train`" in shown[1]
    assert "`mydl learn`" in shown[1]


def test_a_narrow_terminal_loses_nothing(monkeypatch):
    monkeypatch.setenv("COLUMNS", "44")
    shown = invoke("--help").output
    assert max(map(len, shown.split("\n"))) <= 44
    words = " ".join(shown.split())
    assert all(" ".join(text.split()) in words for of in COMMANDS.values() for text in of.values())


def test_it_shows_each_command_once():
    shown = [name for commands in COMMANDS.values() for name in commands]
    assert sorted(shown) == sorted(WHOLE.commands)
    lines = invoke("--help").output.split("\n")
    assert [line.split()[0] for line in lines if line.startswith("  ")] == shown
    assert all(heading in lines for heading in COMMANDS)


def test_mydl_alone_shows_the_same():
    alone = invoke()
    assert alone.output == invoke("--help").output == invoke("-h").output
    assert alone.exit_code == 2, "as before, and as of a group of commands"


@pytest.mark.parametrize("arguments", [["--help"], [], ["help"], ["learn", "--help"]])
def test_help_loads_no_compiler(arguments):
    script = (
        "import sys\n"
        "from mydl.cli.main import run\n"
        f"sys.argv = ['mydl', *{arguments!r}]\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numba', 'matplotlib', 'PIL', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'loads {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ---- every command has a page ------------------------------------------------------------------


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_has_a_page(words):
    assert page_exists(pages.of_command(words))


@pytest.mark.parametrize("name", WHOLE.commands)
def test_the_help_of_a_command_names_its_page(name):
    assert pages.pointer(pages.of_command([name])) in invoke(name, "--help").output


def test_every_page_that_is_named_exists():
    named = {*pages.COMMANDS.values(), *pages.ERRORS.values(), *pages.LAYERS.values(), pages.BUG}
    assert not {page for page in named if not page_exists(page)}


def test_pages_that_commands_name_in_their_code_exist():
    sources = [inspect.getsource(module) for module in modules("mydl.cli.")]
    named = {name for text in sources for name in re.findall(r'\b(?:about|fail)\("(.*?)"', text)}
    assert len(named) > 5
    assert not {page for page in named if not page_exists(page)}


def modules(prefix="mydl."):
    found = (each.name for each in pkgutil.walk_packages(mydl.__path__, "mydl."))
    names = [name for name in found if name.startswith(prefix) and ".exercises" not in name]
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def test_every_layer_has_a_page():
    kinds = {name for name in mydl.layers.__all__ if issubclass(getattr(mydl.layers, name), Layer)}
    assert kinds - {"Layer"} <= set(pages.LAYERS)
    assert "SoftmaxCrossEntropy" in pages.LAYERS


def test_every_kind_of_error_has_a_page():
    """But for those that no user sees: they end before a command does."""
    inner = {"BrokenTeam", "NotMeasured", "Tampered", "WrongAnswer", "LayerError"}
    kinds = {
        name
        for module in modules()
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, Exception) and not name.startswith("_")
        if kind.__module__.startswith("mydl.")
    }
    assert kinds - inner <= {
        *pages.ERRORS,
        *(name for name in kinds if name in ("MissingDataError", "DownloadError")),  # DataErrors
    }
    assert set(pages.ERRORS) <= kinds


# ---- every error names the right page ----------------------------------------------------------

# What is typed, and the page that must be named.
WRONG = {
    "nonsense": "first-run",
    "trian": "first-run",
    "--nonsense": "first-run",
    "train --epochs x": "first-run",
    "train --nonsense": "first-run",
    "train --epochs 0": "recipes",
    "train --preset nonsense": "recipes",
    "train --config nonsense.toml": "recipes",
    "train --model nonsense": "recipes",
    "train --data nonsense": "data",
    "train --data cifar10 --data-dir nowhere": "data",
    "train --data imagefolder --data-dir nowhere": "data",
    "train --pretrained --weights x.npz": "fine-tuning",
    "train --freeze nonsense": "fine-tuning",
    "train --weights nonsense.npz": "weights",
    "train --resume nowhere": "checkpoints",
    "train --resume nowhere --epochs 3": "checkpoints",
    "train --out full": "checkpoints",
    "train --resume full": "checkpoints",
    "doctor --lr -1": "recipes",
    "doctor --data nonsense": "data",
    "doctor --nonsense": "doctor",
    "lr-find --steps 3": "doctor",
    "lr-find --out nowhere/picture.png": "doctor",
    "data list --nonsense": "data",
    "data info": "data",
    "data info nonsense": "data",
    "data show digits --cutout 3": "data",
    "data nonsense": "data",
    "runs nowhere": "reports",
    "runs --sort nonsense": "reports",
    "compare": "reports",
    "compare full nowhere": "checkpoints",
    "eval": "fine-tuning",
    "eval --pretrained --mirror": "fine-tuning",
    "eval --pretrained --data digits": "fine-tuning",
    "eval --data imagefolder --data-dir nowhere": "data",
    "eval full --preprocess caffe": "first-run",
    "eval nonsense.npz": "weights",
    "classify": "classify",
    "classify nonsense.jpg": "classify",
    "classify text.txt": "classify",
    "classify text.txt --weights text.txt": "weights",
    "classify --top 0 text.txt": "classify",
    "explore nonsense.jpg": "explore",
    "explore text.txt": "weights",
    "explore --size 999": "explore",
    "explore --index x": "explore",
    "export": "export",
    "export full model.nonsense": "export",
    "export nonsense.npz model.onnx": "weights",
    "summary nonsense": "architectures",
    "summary --graph nonsense.txt": "architectures",
    "summary --input 3x2x2": "layers/conv2d",
    "summary squeezenet1_1 --input 3x5x5": "layers/maxpool",
    "summary squeezenet_tiny --graph g.svg --backward --image text.txt": "architectures",
    "gradcheck nonsense": "gradient-checking",
    "gradcheck --method nonsense relu": "gradient-checking",
    "gradcheck wrong.py:Twice --input 2x3": "gradient-checking",
    "gradcheck wrong.py:Narrow --input 2x2x2x3": "layers/conv2d",
    "learn nonsense": "learn",
    "learn --dir x check": "learn",
    "learn list --nonsense": "learn",
    "learn start nonsense": "learn",
    "learn check": "learn",
    "learn check --json": "teaching",
    "learn check --all nowhere": "teaching",
    "learn watch nonsense": "learn",
    "learn hint nonsense": "learn",
    "learn solution relu": "learn",
    "learn notebook": "learn",
    "learn notebook text.txt": "learn",
    "learn new": "teaching",
    "learn new relu x": "teaching",
    "learn verify nowhere": "teaching",
    "bench --mode nonsense": "benchmarking",
    "bench --input nonsense": "benchmarking",
    "bench --rounds x": "benchmarking",
    "help nonsense": "",
    "help --nonsense": "help",
    "visualize nonsense": "visualize",
    "visualize cam nonsense.jpg": "visualize",
    "visualize cam --model text.txt": "weights",
    "visualize style text.txt": "visualize",
    "visualize filters --layer nonsense": "visualize",
    "visualize class nonsense": "visualize",
    "visualize compare": "visualize",
    **{
        f"visualize {name} --out nowhere/picture.png": "visualize"
        for name in WHOLE.commands["visualize"].commands
        if name != "class"
    },
}
OWN_LAYERS = """\
import numpy as np
from mydl import Conv2d

class Twice:
    def forward(self, x):
        return 2 * x
    def backward(self, dy):
        return dy

class Narrow:
    def forward(self, x):
        return Conv2d(3, 4, kernel_size=9, rng=np.random.default_rng(0)).forward(x)
    def backward(self, dy):
        return dy
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to go wrong in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    (tmp_path / "text.txt").write_text("This is no picture, and these are no weights.\n")
    (tmp_path / "wrong.py").write_text(OWN_LAYERS)
    return tmp_path


def run(arguments, monkeypatch, capsys):
    """What `mydl` writes to the standard error, and its exit status."""
    monkeypatch.setattr(sys, "argv", ["mydl", *arguments])
    with pytest.raises(SystemExit) as end:
        main.run()
    told = capsys.readouterr().err
    if isinstance(end.value.code, str):  # what Python prints as it exits
        return told + end.value.code + "\n", 1
    return told, end.value.code


@pytest.mark.parametrize("typed", WRONG)
def test_an_error_names_the_page(typed, folder, monkeypatch, capsys):
    told, status = run(typed.split(), monkeypatch, capsys)
    assert status in (1, 2)
    *_, last = told.splitlines()
    assert last == pages.pointer(WRONG[typed]), told
    assert told.count("More: ") == 1
    assert "unexpected" not in told
    name = last.removeprefix("More: mydl help").strip()
    assert not name or MANUAL.find(name).path.removesuffix("/index.md") in (
        f"{WRONG[typed]}.md",
        WRONG[typed],
    )


def test_every_command_is_among_them(monkeypatch):
    monkeypatch.setattr(typer.main, "get_command", lambda _: WHOLE)  # made once, not each time
    tried = {tuple(main.typed(wrong.split())[0]) for wrong in WRONG}
    assert set(LEAVES) <= tried


def test_a_group_alone_shows_its_help_and_no_error(monkeypatch, capsys):
    told, status = run(["data"], monkeypatch, capsys)
    assert (told, status) == ("", 2)


def test_an_answer_that_is_wrong_keeps_its_own_last_line(folder, monkeypatch, capsys):
    """`mydl learn check` says itself what to do next."""
    invoke("learn", "start", "relu")
    told, status = run(["learn", "check", "relu"], monkeypatch, capsys)
    assert (told, status) == ("", 1)


def test_a_fault_of_mydl_says_how_to_report_it(monkeypatch, capsys):
    def broken(*arguments):
        raise KeyError("layer")

    monkeypatch.setattr(main, "app", broken)
    monkeypatch.setattr(main, "typed", lambda arguments: ([], [], True))
    told, status = run(["train"], monkeypatch, capsys)
    assert status == 1
    assert told == (
        "mydl: unexpected KeyError: 'layer'\n"
        "This is a bug. Run the command again with --debug for the traceback.\n"
        "More: mydl help help\n"
    )
    monkeypatch.setattr(sys, "argv", ["mydl", "--debug", "train"])
    with pytest.raises(KeyError):
        main.run()


def test_an_error_knows_its_page():
    assert pages.of_error(ValueError("x")) is None
    assert pages.of_error(LayerError("x", "Conv2d")) == "layers/conv2d"
    assert pages.of_error(LayerError("x", "MyLayer")) is None
    assert pages.of_error(mydl.data.dataset.MissingDataError("x")) == "data"
    error = ValueError("a")
    error.__cause__ = LayerError("b", "ReLU")
    assert pages.of_error(error) == "layers/relu"


def test_an_error_has_the_page_of_the_innermost_place():
    for error, page in [
        (ValueError("x"), "data"),
        (OSError("x"), "data"),
        (LayerError("x", "ReLU"), "layers/relu"),
    ]:
        with pytest.raises(type(error)), pages.about("learn"), pages.about("data"):
            raise error
        assert pages.of_error(error) == page
    error = LayerError("x", "ReLU")
    with pytest.raises(LayerError), pages.about(None):
        raise error
    assert pages.of_error(error) is None


# ---- mydl help ---------------------------------------------------------------------------------


def test_the_list_has_every_page():
    shown = invoke("help").output
    for page in MANUAL.pages:
        assert re.search(rf"^  {re.escape(page.name)} +{re.escape(page.title)}$", shown, re.M)


def test_the_list_is_that_of_the_front_page():
    front = (MANUAL.folder / "index.md").read_text(encoding="utf-8")
    headings = re.findall(r"^:caption: (.+)$", front, re.M)
    groups = [heading for heading, _ in MANUAL.groups()]
    assert groups == [heading for heading in headings if heading in groups]
    assert "Others" not in groups, "a page is in no list of docs/index.md"


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("checkpoints", "checkpoints.md"),
        ("docs/checkpoints.md", "checkpoints.md"),
        ("conv2d", "layers/conv2d.md"),
        ("Conv2d", "layers/conv2d.md"),
        ("layers/conv2d", "layers/conv2d.md"),
        ("MaxPool2d", "layers/maxpool.md"),
        ("layers", "layers/index.md"),
        ("lr-find", "doctor.md"),
        ("gradcheck", "gradient-checking.md"),
        ("learn verify", "teaching.md"),
        ("mydl bench", "benchmarking.md"),
    ],
)
def test_a_page_has_several_names(typed, path):
    assert MANUAL.find(typed).path == path


def test_names_tell_pages_apart():
    names = [page.name for page in MANUAL.pages]
    assert len(set(names)) == len(names)
    assert all(MANUAL.find(page.name) is page for page in MANUAL.pages)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("chekpoints", "there is no page 'chekpoints': did you mean 'checkpoints'?"),
        ("nesterov", "there is no page 'nesterov'; the word is most often in "),
        ("qqqqqqq", "there is no page 'qqqqqqq'"),
    ],
)
def test_an_unknown_page(typed, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        MANUAL.find(typed)


def test_a_page_in_a_pipe_is_plain_text():
    shown = invoke("help", "checkpoints").output
    assert shown.startswith("Checkpoints: nothing lost\n===")
    assert "\x1b" not in shown
    assert not re.search(r" $", shown, re.M)


def test_a_long_page_goes_through_a_pager(monkeypatch):
    paged, printed = [], []
    monkeypatch.setattr(help_command.pydoc, "pager", paged.append)
    monkeypatch.setattr(help_command.typer, "echo", lambda text, nl: printed.append(text))
    monkeypatch.setattr(help_command.sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(help_command.sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("LESS", raising=False)
    help_command.show("\x1b[1mline\x1b[0m\n" * 200)
    help_command.show("short\n")
    monkeypatch.setenv("LESS", "-F")
    help_command.show("\x1b[1mline\x1b[0m\n" * 200)
    assert paged == ["\x1b[1mline\x1b[0m\n" * 200, "line\n" * 200]
    assert printed == ["short\n"]


def test_what_the_terminal_cannot_show_is_no_error():
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-m", "mydl", "help", "winograd"],
        capture_output=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    assert b"?" in done.stdout


@pytest.mark.parametrize("width", [40, 80, 100])
@pytest.mark.parametrize("page", MANUAL.pages, ids=lambda page: page.name)
def test_nothing_of_a_page_looks_broken(page, width):
    markdown = Reading(MANUAL, page).whole()
    quoted = " ".join(re.findall(r"`([^`\n]+)`", markdown))
    lines = rendered(markdown, width).splitlines()
    code = [line for line in lines if line.startswith("    ")]
    prose = "\n".join(line for line in lines if not line.startswith("    "))
    assert len(lines) > 3
    assert max(map(cell_len, lines)) <= width
    assert lines[1] == "=" * min(width, cell_len(lines[0])) or cell_len(page.title) > width
    for left_over in (r"\{[\w-]+\}`", r"```", r"^:::", r"\$\$", "<!--", r"\\[a-z]+\{", r"\]\("):
        assert re.search(left_over, quoted) or not re.search(left_over, prose, re.M), left_over
    assert not any(re.search(r"^ *(:pyobject:|```\{)", line) for line in code)


# ---- how pages are read ------------------------------------------------------------------------

PAGE = """\
---
orphan: true
---

(place)=
# A page

<!-- not run: nothing -->
See [the other](other.md#there), [code](../mydl/layers/relu.py), [relu.py](../mydl/layers/relu.py),
[a site](https://example.org) and {func}`mydl.train`.
Half of it is $\\frac{1}{2} x_1^2$, and `$HOME` is $5.

$$
y = \\begin{cases} x & x > 0 \\\\ 0 & \\text{else} \\end{cases}
$$

![A picture](images/a.svg)

```{literalinclude} ../mydl/layers/relu.py
:pyobject: ReLU.backward
```

```{literalinclude} ../tests/nowhere.py
```

:::{note}
Mind the `gap`.
:::

```{eval-rst}
.. autoclass:: mydl.Conv2d
   :members:
```

```{include} other.md
```

```{toctree}
:caption: More

other
```

```{math}
a \\cdot b
```

| a | b |
| --- | ---: |
| $|x|$ | 1 |
"""


@pytest.fixture
def manual(tmp_path):
    (tmp_path / "page.md").write_text(PAGE)
    (tmp_path / "other.md").write_text("# The other\n\nIts text.\n")
    return Manual(tmp_path)


def test_what_is_of_sphinx_becomes_text(manual):
    shown = rendered(Reading(manual, manual.find("page")).whole(), 100)
    relu = inspect.getsource(mydl.ReLU.backward)
    for wanted in (
        "A page\n======",
        "See the other, code (mydl/layers/relu.py), relu.py, a site (https://example.org) and "
        "mydl.train.",
        "Half of it is 1/2 x₁², and $HOME is $5.",
        "        ⎧ x  x > 0\n    y = ⎨\n        ⎩ 0  else\n",
        "[picture: A picture]",
        "mydl/layers/relu.py, ReLU.backward:\n\n" + relu,
        "(see tests/nowhere.py in mydl's repository)",
        "▌ Note: Mind the gap.",
        "python -m pydoc mydl.Conv2d",
        "The other\n=========\n\nIts text.",
        "mydl help other: The other",
        "    a · b\n",
        "|x|",
        "Pages named here\n----------------",
    ):
        assert " ".join(wanted.split()) in " ".join(shown.split()), wanted
    for gone in ("orphan", "(place)", "not run", "```", ":::", "{func}", "$$"):
        assert gone not in shown


def test_parts_of_files_that_pages_include():
    text = (
        "import a\n\n\n@wraps\ndef f():\n    return 1\n\n\n"
        "class C:\n    def f(self):\n        pass\n"
    )
    assert excerpt(text, {"pyobject": "f"}) == "@wraps\ndef f():\n    return 1"
    assert excerpt(text, {"pyobject": "C.f"}) == "def f(self):\n    pass"
    assert excerpt(text, {"lines": "1,4-5"}) == "import a\n@wraps\ndef f():"
    assert excerpt(text, {"lines": "10-"}) == "def f(self):\n    pass"
    assert excerpt(text, {"start-at": "def f", "end-before": "class"}).strip().startswith("def f")
    assert excerpt(text, {"start-after": "@wraps", "end-at": "return"}) == "def f():\n    return 1"


def test_the_code_that_pages_include_is_found():
    """In the package, so that it is there without the repository, too."""
    for page in MANUAL.pages:
        for target, name in re.findall(
            r"\{literalinclude\} (\S+)\n(?::pyobject: (\S+))?", page.text()
        ):
            path = beside(page.path, target)
            if path.startswith("../mydl/"):
                shown = Reading(MANUAL, page).whole()
                assert f"(see {path}" not in shown
                if name:
                    text = (MANUAL.folder / path).read_text()
                    assert excerpt(text, {"pyobject": name}) != text.rstrip(), (page.path, name)


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{\partial L}{\partial x}", "∂L/∂x"),
        (r"\frac{a + b}{2h}", "(a + b)/(2h)"),
        (r"\frac12", "1/2"),
        (r"dW = x^T\,dy", "dW = xᵀ dy"),
        (r"x_{n,i,j,c}", "x[n,i,j,c]"),
        (r"e^{-z}", "e^(-z)"),
        (r"10^{-4}", "10⁻⁴"),
        (r"\alpha = 1", "α = 1"),
        (r"\log\left(1 + e^z\right)", "log(1 + e^z)"),
        (r"\log x", "log x"),
        (r"\sqrt{\sigma^2 + \varepsilon}", "√(σ² + ε)"),
        (r"\hat{x}_i \in \mathbb{R}", "x̂ᵢ ∈ ℝ"),
        (r"\sum_{i=1}^N x_i", "Σ(i=1)^N xᵢ"),
        (r"K_h \times K_w", "K_h × K_w"),
        (r"\text{if } x > 0", "if x > 0"),
        (r"\unknown{x}", "unknown x"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "[1; 2]"),
    ],
)
def test_formulas_in_a_line(latex, text):
    assert in_a_line(latex) == text


def test_formulas_on_lines_of_their_own():
    latex = r"A = \begin{pmatrix} 1 & -2 \\ 10 & 4 \\ 0 & 0 \end{pmatrix}^T"
    assert displayed(latex) == [
        "    ⎛  1  -2 ⎞",
        "A = ⎜ 10   4 ⎟ᵀ",
        "    ⎝  0   0 ⎠",
    ]
    assert displayed(r"\begin{aligned} a &= b \\ &= c + d \end{aligned}") == ["a = b", "  = c + d"]
