"""Machine code kept on disk is not used beyond a change of any kernel's source."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mydl
from mydl.kernels.pointwise import multiply

MULTIPLY = """
import numpy as np
from mydl.kernels.pointwise import multiply
one = np.ones((1, 1), np.float32)
out = one.copy()
multiply(one, one, one[0] * 0, out, False, False)
print(out.item())
"""


def test_a_kernel_keeps_its_name_and_its_parts():
    assert multiply.__name__ == "multiply"
    assert multiply.__doc__ == multiply.loops.__doc__
    a = np.ones((2, 3))
    out = np.zeros((2, 2))
    multiply.reference(a, a.T, np.zeros(2), out, False, False)
    assert (out == 3).all()


def test_arrays_that_may_only_be_read_do_and_others_after_them():
    a, bias = np.ones((2, 3)), np.zeros(2)
    for read_only in ([], [a], [a, bias], [bias], []):
        for array in (a, bias):
            array.flags.writeable = all(array is not other for other in read_only)
        out = np.zeros((2, 2))
        multiply(a, np.ones((3, 2)), bias, out, False, False)
        assert (out == 3).all()


@pytest.mark.slow
@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="nothing is compiled")
def test_kept_machine_code_is_thrown_away_when_a_file_it_depends_on_changes(tmp_path):
    hidden = shutil.ignore_patterns("__pycache__")
    package = shutil.copytree(Path(mydl.__file__).parent, tmp_path / "mydl", ignore=hidden)

    def product():
        """1 times 1, plus 0, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-c", MULTIPLY],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return float(done.stdout)

    assert product() == 1
    assert list(package.glob("kernels/__pycache__/pointwise.*.nbc"))
    simd = package / "kernels" / "simd.py"
    addition = "builder.fadd(a, b"
    assert addition in simd.read_text()
    simd.write_text(simd.read_text().replace(addition, "builder.fsub(a, b"))
    assert product() == -1
