"""What is said about the machine, and what is warned of."""

import getpass
import json
import os
import platform

import pytest

from mydl.bench import machine
from mydl.bench.participant import THREAD_VARIABLES


@pytest.fixture
def quiet(monkeypatch):
    """A machine that nothing is wrong with."""
    for name in (*THREAD_VARIABLES, "NUMBA_DISABLE_JIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0), raising=False)
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)
    library = {"user_api": "blas", "internal_api": "openblas", "version": "0.3"}
    monkeypatch.setattr(machine, "threadpool_info", lambda: [library])
    return monkeypatch


def test_everything_is_named_and_nothing_personal():
    about = machine.machine()
    assert about["cpu"]
    assert about["cores"] >= about["usable_cores"] >= 1
    assert about["memory_gb"] is None or about["memory_gb"] > 0.1
    assert about["python"] == platform.python_version()
    assert about["numba"]
    said = json.dumps(about) + machine.describe(about)
    assert os.path.expanduser("~") == "/" or os.path.expanduser("~") not in said
    assert platform.node() not in said.split()
    assert getpass.getuser() not in said.split()


def test_what_is_not_installed_is_left_out_of_the_text():
    about = {**machine.machine(), "torch": None, "onnxruntime": "1.20", "memory_gb": None}
    said = machine.describe(about)
    assert "PyTorch" not in said
    assert "ONNX Runtime 1.20" in said
    assert "None" not in said


def test_vector_extensions_are_known_to_the_compiler():
    assert set(machine.vector_extensions()) <= set(machine.VECTOR_EXTENSIONS)
    if platform.machine() == "x86_64":
        assert "sse2" in machine.vector_extensions()


def test_a_quiet_machine_needs_no_warning(quiet):
    assert machine.warnings(2) == []


def test_each_hindrance_is_a_sentence(quiet):
    quiet.setenv("OMP_NUM_THREADS", "7")
    quiet.setenv("NUMBA_DISABLE_JIT", "1")
    quiet.setattr(os, "getloadavg", lambda: (1.9, 0.0, 0.0), raising=False)
    libraries = [
        {"user_api": "blas", "internal_api": api, "version": ""} for api in ("mkl", "blis")
    ]
    quiet.setattr(machine, "threadpool_info", lambda: libraries)
    found = machine.warnings(3)
    assert found[0].startswith("OMP_NUM_THREADS=7 is set")
    assert any("NUMBA_DISABLE_JIT" in warning for warning in found)
    assert "3 threads share 2 usable cores: fewer may be faster" in found
    assert any("load average 1.9 on 2 cores" in warning for warning in found)
    assert any("2 BLAS libraries are loaded (mkl, blis)" in warning for warning in found)
    assert len(found) == 5


def test_a_variable_that_says_the_same_is_no_hindrance(quiet):
    quiet.setenv("OMP_NUM_THREADS", "2")
    assert machine.warnings(2) == []


def test_a_blas_that_takes_no_orders(quiet):
    quiet.setattr(machine, "threadpool_info", list)
    assert "cannot be told its number of threads" in machine.warnings(2)[0]
