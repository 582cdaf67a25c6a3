"""The runner of pages itself: each kind of mistake on a page is found, with its line."""

import os
import subprocess
import sys
import textwrap

import pytest

from . import command_line, output
from .page import ROOT, blocks, commands, pages
from .replay import Replay, sound
from .update import update


class NoSamples:
    """A page that finds an empty folder."""

    def put(self, text, folder):
        pass


def page(text):
    return textwrap.dedent(text).lstrip("\n")


def faults_of(text, folder):
    """What running a page finds, which is nothing before that."""
    assert sound(page(text)) == []
    return Replay(folder, NoSamples()).run(page(text))


def the_fault(faults):
    (fault,) = faults
    return fault


RIGHT = """
    # A page

    <!-- file: layer.py -->
    ```python
    SLOPE = 3
    ```

    Whose blocks share names, files and the folder.

    ```python
    from layer import SLOPE

    y = 2 * SLOPE
    ```

    ```python
    >>> y
    6
    >>> print("error 4.71e-10 after 3.2 s")
    error 4.69e-10 after 2.9 s
    ```

    - In a list as well:

      ```bash
      # a comment
      test -f layer.py   # it is there
      python -c \\
          'print(1)' > one.txt
      ```

    ```console
    $ cat one.txt layer.py
    1
    SLOPE = 3
    $ python -c 'print("a\\nb\\nc\\nd")'
    a
    ...
    d
    $ test -f layer.py
    ```

    ```toml
    lr = 0.1
    ```
"""


def test_a_page_that_is_right_passes(tmp_path):
    assert faults_of(RIGHT, tmp_path) == []


def test_a_page_leaves_nothing_behind(tmp_path):
    before = dict(os.environ), os.getcwd(), list(sys.path)
    faults_of(RIGHT, tmp_path)
    assert before == (dict(os.environ), os.getcwd(), sys.path)
    assert "layer" not in sys.modules


def test_a_changed_file_is_imported_anew(tmp_path):
    text = RIGHT + page(
        """
        <!-- file: layer.py -->
        ```python
        SLOPE = 4
        ```

        ```python
        >>> from layer import SLOPE
        >>> SLOPE
        4

        ```
        """
    )
    assert faults_of(text, tmp_path) == []


def test_an_answer_replaces_the_file_from_its_first_function_on(tmp_path):
    (tmp_path / "relu.py").write_text("import numpy as np\n\n\ndef relu(x):\n    ...\n")
    text = """
        <!-- answer: relu.py -->
        ```python
        def relu(x):
            return np.maximum(x, 0)
        ```

        ```python
        >>> from relu import relu
        >>> int(relu(-1))
        0
        ```
    """
    assert faults_of(text, tmp_path) == []


@pytest.mark.parametrize(
    ("block", "line", "words"),
    [
        ("```console\n$ echo right\nwrong\n```", 2, "$ echo right\n- wrong\n+ right"),
        ("```console\n$ echo right\n```", 2, "+ right"),
        ("```console\n$ true\nnothing\n```", 2, "- nothing"),
        ("```console\n$ true\n$ ls nowhere\n```", 3, "+ ls: "),
        ("```bash\ntrue\nls nowhere\n```", 3, "$ ls nowhere\nexit status "),
        ("```bash\nfalse | true\n```", 2, "exit status 1"),
        ("```bash\nmydl summary nonet\n```", 2, "nonet"),
        ("```python\nx = 1\nassert x == 2\n```", 3, "AssertionError"),
        ("```python\n>>> 1 + 1\n3\n```", 1, "- 3\n    + 2"),
        ("```python\n>>> 0.1904\n0.1905\n```", 1, "+ 0.1904"),
        ("```python\n>>> 1 + 1\n2\n>>> 2 + 2\n5\n\n```", 1, "line 4"),
        ("```pycon\n>>> nothing\n```", 1, "NameError"),
    ],
)
def test_what_does_not_do_as_shown_is_found(block, line, words, tmp_path):
    fault = the_fault(faults_of(block, tmp_path))
    assert fault.line == line
    assert words in str(fault)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("```\nx\n```", "no language"),
        ("```julia\nx\n```", "nothing checks this language"),
        ("```{code-block} python\nx\n```", "nothing checks this language"),
        ("<!-- run wiht: --epochs 1 -->\n```bash\nmydl train\n```", "unknown comment"),
        ("<!-- not run: -->\n```bash\nmydl train\n```", "says nothing"),
        ("<!-- not run -->\n```bash\nmydl train\n```", "says nothing"),
        ("```bash\nmydl trian\n```", "trian"),
        ("```bash\nmydl train --epcohs 3\n```", "--epcohs"),
        ("```bash\nmydl train --epochs many\n```", "valid integer"),
        ("```bash\nmydl data show digits --nothing\n```", "--nothing"),
        ("```bash\npython -m mydl train --nothing\n```", "--nothing"),
        ("```bash\nls && mydl train --nothing | cat\n```", "--nothing"),
        ("```console\n$ mydl eval --nothing\n```", "--nothing"),
        ("<!-- not run: it takes long -->\n```bash\nmydl train --nothing\n```", "--nothing"),
        ("<!-- run with: --nothing 1 -->\n```bash\nmydl train\n```", "no command of the block"),
        ("```bash\ncd elsewhere\n```", "a shell of its own"),
        ("```console\nls\n```", "lines `$ command`"),
        ("```toml\nlr: 1\n```", "toml"),
        ("```json\n{\n```", "json"),
        ("```python\nx =\n```", "invalid syntax"),
        ("<!-- not run: it needs PyTorch -->\n```python\nx =\n```", "invalid syntax"),
        ("`mydl trian`", "no command trian"),
        ("| `mydl train --epcohs 3` | text |", "no option --epcohs"),
        ("`mydl data lst`", "no command lst"),
    ],
)
def test_what_is_wrong_is_found_without_running_it(block, words):
    assert words in str(the_fault(sound(f"# A page\n\n{block}\n")))


@pytest.mark.parametrize(
    "text",
    [
        "`mydl train --resume RUN`, `mydl visualize NAME photo.jpg` and `mydl --help`",
        "`mydl data list`, `mydl train --debug --no-batch-norm`, `mydl gradcheck mine.py:Layer`",
        "<!-- not run: it installs -->\n```bash\npip install mydl && mydl train > log 2>&1\n```",
        "<!-- not run: MPI -->\n```bash\nmpiexec -n 4 mydl train --data cifar10 --lr 0.1\n```",
        "```{toctree}\nfirst-run\n```",
        "````text\n```\n````",
        "<!-- file: hints.md -->\n```markdown\n## Hint 1\n```",
    ],
)
def test_what_is_right_is_sound(text):
    assert sound(text) == []


def test_a_block_without_end_is_found():
    with pytest.raises(ValueError, match="line 3: the block does not end"):
        sound("# A page\n\n```bash\nls\n")


def test_not_run_is_not_run(tmp_path):
    text = """
        <!-- not run: it would write a file -->
        ```bash
        touch here
        ```

        <!-- needs: no_such_package -->
        ```python
        import no_such_package
        ```
    """
    assert faults_of(text, tmp_path) == []
    assert not any(tmp_path.iterdir())


def test_options_go_to_those_commands_that_have_them(tmp_path):
    text = """
        <!-- run with: --epochs 1 --no-augment -->
        ```bash
        mydl data list && mydl train --lr 1 > log   # it learns
        mydl data show digits
        ```
    """
    assert sound(page(text)) == []
    said = tmp_path / "bin" / "mydl"
    said.parent.mkdir()
    said.write_text("#!/bin/sh\necho mydl $* >> calls\n")
    said.chmod(0o755)
    for command in commands(blocks(page(text))[0]):
        extended, _ = command_line.appended(command.text, "--epochs 1 --no-augment")
        script = f"PATH={said.parent}:$PATH\n{extended}{command.text}"
        subprocess.run(["bash", "-ec", script], check=True, cwd=tmp_path)
    called = (tmp_path / "calls").read_text().splitlines()
    assert called == [
        "mydl data list",
        "mydl train --lr 1 --epochs 1 --no-augment",
        "mydl data show digits",
    ]


def test_the_network_is_closed(tmp_path):
    text = """
        ```python
        import os
        import urllib.error
        import urllib.request

        for scheme in ("http", "https"):
            try:
                urllib.request.urlopen(f"{scheme}://example.org", timeout=5)
            except urllib.error.URLError as error:
                assert "refused" in str(error), error
            else:
                raise AssertionError("the network answered")
        ```
    """
    assert faults_of(text, tmp_path) == []


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a b", "a b", True),
        ("a b", "a  b", False),
        ("error 4.7e-10", "error 1.02e-09", True),
        ("error 4.7e-10", "error 4.7e-02", False),
        ("error 1.8e+00", "error 1.7e+00", False),
        ("dx  0.624224904", "dx  0.624224911", True),
        ("dx  0.624224904", "dx  0.624334904", False),
        ("took  6.8 s, 120 images/s", "took 11 s, 1,900 images/s", True),
        ("1 min 01 s", "59 s", True),
        ("run    time\nnight  38 s", "run    time\nnight   9 s", True),
        ("run  time\nnew   1 h", "run    time\nnew  59 min", True),
        ("after 10 seconds", "after 11 seconds", False),
        ("98.61 %", "97.5 %", True),
        ("loss 0.0014 of 45 layers", "loss 0.0021 of 45 layers", True),
        ("loss 0.0014 of 45 layers", "loss 0.0014 of 44 layers", False),
        ("loss  0.1904", "loss  0.2204", True),
        ("runs/digits-20260301-120000", "runs/digits-20270401-130000", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...\nd", "a\nd", True),
        ("a\n...\nd", "a\nb\nc", False),
        ("a\n...\na", "a", False),
        ("...\nc\n...\nf", "a\nb\nc\nd\ne\nf", True),
        ("...\nc\n...\nb\n...", "a\nb\nc\nd", False),
    ],
)
def test_numbers_that_differ_between_runs_are_masked(shown, printed, same):
    assert output.agree(shown.split("\n"), printed.split("\n")) is same


def test_outputs_are_written_anew(tmp_path):
    path = tmp_path / "page.md"
    before = page(
        """
        1. A step:

           ```console
           $ echo 'one
           > two'
           three
           $ echo took 1.5 s
           took 1.2 s
           ```

        ```console
        $ printf 'a\\nb\\nc\\nd\\n'
        x
        ...
        y
        ```
        """
    )
    path.write_text(before)
    want = before.replace("three", "one\n   two").replace("x\n...\ny", "a\n...\nd")
    for _ in range(2):
        assert update(path, NoSamples()) == []
        assert path.read_text() == want


def test_a_page_on_which_something_fails_is_not_written(tmp_path):
    path = tmp_path / "page.md"
    before = "```console\n$ echo right\nwrong\n```\n\n```bash\nls nowhere\n```\n"
    path.write_text(before)
    assert the_fault(update(path, NoSamples())).line == 7
    assert path.read_text() == before


# Blocks of text, which nothing checks: no more than these, and better fewer.
TEXTS = {
    "docs/checkpoints.md": 1,  # what is said of a damaged checkpoint
    "docs/cifar10.md": 5,  # what is printed of the real data, which the tests do not have
    "docs/doctor.md": 3,  # losses, which differ a little between machines
    "docs/fine-tuning.md": 1,  # folders
    "docs/photographs.md": 1,  # folders
    "docs/squeezenet.md": 1,  # a fire module in three lines
    "docs/teaching.md": 1,  # folders
    "docs/tutorial.md": 1,  # a whole run
    "docs/zh/squeezenet.md": 1,
    "docs/zh/tutorial.md": 1,
}


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_there_are_few_blocks_that_nothing_checks(path):
    found = [block.line for block in blocks(path.read_text()) if block.language == "text"]
    assert len(found) <= TEXTS.get(str(path.relative_to(ROOT)), 0), f"on lines {found}"
