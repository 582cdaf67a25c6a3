"""The README's links lead to files, and a machine finds its two commands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_somewhere(link):
    if not link.startswith("https://"):
        assert (ROOT / link).exists()


@pytest.mark.parametrize("kind", ["main", "test"])
def test_the_two_commands_can_be_found_by_a_machine(kind):
    lines = README.splitlines()
    place = lines.index(f"<!-- {kind} command -->")
    assert lines[place + 1] == "```bash"
    assert lines[place + 2].startswith("pip install ")
    assert lines[place + 3] == "```"
