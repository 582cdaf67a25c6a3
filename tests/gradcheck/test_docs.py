"""The session in docs/gradient-checking.md is what the command prints."""

import re
from pathlib import Path

import typer
from typer.testing import CliRunner

from mydl.cli.gradcheck import gradcheck

PAGE = Path(__file__).parents[2] / "docs" / "gradient-checking.md"


def test_the_layer_of_the_page_is_explained_as_shown(tmp_path, monkeypatch):
    text = PAGE.read_text()
    layer = re.search(r"```python\n(import numpy as np\n.*?)```", text, re.DOTALL)[1]
    command, shown = re.search(
        r"<!-- gradcheck: my_layers.py -->\n```text\n\$ mydl gradcheck (.*?)\n(.*?)```",
        text,
        re.DOTALL,
    ).groups()
    monkeypatch.chdir(tmp_path)
    Path("my_layers.py").write_text(layer)
    app = typer.Typer()
    app.command()(gradcheck)
    result = CliRunner().invoke(app, command.split())
    assert _rounded(result.output) == _rounded(shown)
    assert Path("errors.png").is_file()


def _rounded(text):
    """Without the last digits of measured numbers, which differ between machines."""
    return re.sub(r"(\d\.\d{5})\d+", r"\1", text)
