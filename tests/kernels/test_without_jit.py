"""Kernels are plain Python, too: the same tests pass with Numba's compiler switched off."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(HERE.glob("test_*.py")), ids=lambda path: path.stem)
def test_kernels_without_the_compiler(path):
    if path == Path(__file__):
        pytest.skip("this file starts the others")
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "MYDL_HYPOTHESIS_PROFILE": "few"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", str(path)],
        cwd=HERE.parent.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
