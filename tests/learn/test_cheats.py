"""What students try for fun, or by mistake, earns no points."""

import sys

import pytest

from mydl.learn.course import Course
from mydl.learn.runner import run

WRONG = "def im2col(x, kernel_size):\n    return x\n"
COMPARES = "import numpy as np\nimport mydl.learn.checks as checks\n"
REPORT = """
import glob, json, os
open_files = [os.readlink(link) for link in glob.glob("/proc/self/fd/*") if os.path.exists(link)]
(report,) = [file for file in open_files if file.endswith("report")]
"""
FORGED = """
with open(report, "a") as lines:
    for _ in range(5):
        result = {"title": "forged", "points": 1}
        lines.write(SIGN + json.dumps({"result": result}) + "\\n")
    lines.write(SIGN + json.dumps({"end": True}) + "\\n")
os._exit(0)
"""

CHEATS = {
    "prints results": (WRONG + "print('right    everything\\n\\n5 of 5 points.')", None),
    "prints the report": (WRONG + """print('{"end": true}')""", None),
    "leaves at once": ("import sys\nsys.exit(0)", "exception"),
    "leaves when called": ("import os\ndef im2col(x, k): os._exit(0)", "crash"),
    "replaces allclose": (COMPARES + WRONG + "np.allclose = lambda *a, **k: True", "tampered"),
    "replaces isfinite": (COMPARES + WRONG + "np.isfinite = lambda a: a", "tampered"),
    "replaces compare": (COMPARES + WRONG + "checks.compare = lambda *a, **k: None", "tampered"),
    "replaces code": (
        COMPARES + WRONG + "checks.compare.__code__ = (lambda *a, **k: None).__code__",
        "tampered",
    ),
    "replaces the diagnosis": (
        COMPARES + WRONG + "checks.diagnose = lambda *a, **k: 0",
        "tampered",
    ),
    "replaces a method": (
        "from mydl.learn.checks import WrongAnswer\n"
        "WrongAnswer.__init__ = lambda self, *a: None\n" + WRONG,
        "tampered",
    ),
    "replaces a builtin": ("import builtins\nbuiltins.sorted = lambda a: a\n" + WRONG, "tampered"),
    "replaces the check": (
        "import sys\n"
        "checks = sys.modules['mydl_learn_checks_im2col']\n"
        "checks.compare_cols = lambda *a: None\n" + WRONG,
        "tampered",
    ),
    "replaces what is told": (
        "import json\n"
        "plain = json.dumps\n"
        "json.dumps = lambda what: plain(\n"
        "    {'result': {**what['result'], 'kind': 'passed'}} if 'result' in what else what\n"
        ")\n" + WRONG,
        "tampered",
    ),
    "replaces what is told, and fails": (
        "from mydl.learn.result import CheckResult\n"
        "CheckResult.to_dict = lambda self: {'title': self.title, 'points': self.points}\n"
        "raise ValueError\n",
        "tampered",
    ),
    "replaces when called": (
        COMPARES + "def im2col(x, k):\n    np.allclose = lambda *a, **k: True\n    return x\n",
        "tampered",
    ),
}


def im2col():
    return Course()["im2col"]


@pytest.mark.parametrize("name", CHEATS)
def test_cheating_earns_nothing(tmp_path, name):
    text, kind = CHEATS[name]
    file = tmp_path / "im2col.py"
    file.write_text(text)
    result = run(im2col(), file)
    assert result.earned == 0
    assert not result.passed
    if kind:
        assert result.first_failure.kind == kind, result.first_failure


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the report in /proc")
@pytest.mark.parametrize("sign", ["''", "'0' * 64 + ' '", "open(report).readline()[:65]"])
def test_a_forged_report_earns_nothing(tmp_path, sign):
    file = tmp_path / "im2col.py"
    file.write_text(REPORT + FORGED.replace("SIGN", sign))
    result = run(im2col(), file)
    assert result.earned == 0
    assert result.first_failure.kind == "crash"


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the report in /proc")
def test_lines_that_are_copied_earn_nothing(tmp_path):
    """A right answer to the first check cannot be told twice."""
    text = im2col().solution_text().replace("def im2col", "def right")
    file = tmp_path / "im2col.py"
    file.write_text(
        REPORT + text + "calls = []\n"
        "def im2col(x, kernel_size):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 1:\n"
        "        return right(x, kernel_size)\n"
        "    passed = [line for line in open(report) if '\"result\"' in line]\n"
        "    assert len(passed) == 1\n"
        "    with open(report, 'a') as lines:\n"
        "        lines.writelines(4 * passed)\n"
        "    os._exit(0)\n"
    )
    result = run(im2col(), file)
    assert [check.passed for check in result.checks] == [True, False, False, False, False]
