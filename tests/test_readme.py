"""The README tells the truth: its shown output is real, its files are there, its commands exist."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mydl import Conv2d
from mydl.gradcheck import gradcheck

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_printed_report_is_real():
    """All but the errors, whose last digits are the rounding of the machine's BLAS."""
    shown = re.search(r"```text\n(Conv2d\(.*?)```", README, re.DOTALL).group(1)
    rng = np.random.default_rng(0)
    conv = Conv2d(2, 3, kernel_size=3, stride=2, padding=1, rng=rng)
    x = rng.normal(size=(1, 5, 5, 2)).astype(np.float32)
    printed = str(gradcheck(conv, x)).splitlines()
    assert shown.splitlines()[:2] == printed[:2]
    for ours, theirs in zip(shown.splitlines()[2:], printed[2:], strict=True):
        assert re.split(r"\s{2,}", ours)[:4] == re.split(r"\s{2,}", theirs)[:4]


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_somewhere(link):
    if not link.startswith("https://"):
        assert (ROOT / link).exists()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`mydl ([a-z-]+)", README))))
def test_commands_exist(command):
    done = subprocess.run(
        [sys.executable, "-m", "mydl", command, "--help"], capture_output=True, check=False
    )
    assert done.returncode == 0


@pytest.mark.parametrize("kind", ["main", "test"])
def test_the_two_commands_can_be_found_by_a_machine(kind):
    lines = README.splitlines()
    place = lines.index(f"<!-- {kind} command -->")
    assert lines[place + 1] == "```bash"
    assert lines[place + 2].startswith("pip install ")
    assert lines[place + 3] == "```"
