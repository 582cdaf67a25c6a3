"""What a measurement depends on: processor, memory and libraries; nothing about the person."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from .. import __version__
from ..parallel import usable_cores
from .participant import THREAD_VARIABLES

VECTOR_EXTENSIONS = ("sse2", "avx", "fma", "avx2", "avx512f", "neon", "sve")
BUSY = 0.25  # of the cores, by the load average: more than a desktop at rest


def machine() -> dict[str, Any]:
    """Everything by name, for JSON; None for what is not installed or not known."""
    return {
        "cpu": cpu_name(),
        "architecture": platform.machine(),
        "vector_extensions": vector_extensions(),
        "cores": os.cpu_count(),
        "usable_cores": usable_cores(),
        "memory_gb": memory_gb(),
        "system": system_name(),
        "mydl": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas_name(),
        "numba": _version("numba"),
        "torch": _version("torch"),
        "onnxruntime": _version("onnxruntime"),
    }


def describe(machine: dict[str, Any]) -> str:
    """The same in two lines of text."""
    hardware = [
        f"{machine['cpu']}, {machine['usable_cores']} of {machine['cores']} cores",
        *machine["vector_extensions"][-1:],  # the widest
        *([f"{machine['memory_gb']} GB"] if machine["memory_gb"] else []),
        machine["system"],
    ]
    libraries = [
        f"mydl {machine['mydl']}, Python {machine['python']}, "
        f"NumPy {machine['numpy']} with {machine['blas']}, Numba {machine['numba']}",
        *([f"PyTorch {machine['torch']}"] if machine["torch"] else []),
        *([f"ONNX Runtime {machine['onnxruntime']}"] if machine["onnxruntime"] else []),
    ]
    return f"{', '.join(hardware)}\n{', '.join(libraries)}"


def warnings(threads: int) -> list[str]:
    """What is in the way of honest numbers, a sentence each.

    Parameters
    ----------
    threads
        That each implementation is going to have.
    """
    found = [
        f"{name}={os.environ[name]} is set; everything here is measured with {threads} threads, "
        "which --threads changes"
        for name in THREAD_VARIABLES
        if os.environ.get(name, str(threads)) != str(threads)
    ]
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        found.append("NUMBA_DISABLE_JIT is set: mydl's kernels run uncompiled, and very slowly")
    cores = usable_cores()
    if threads > cores:
        found.append(f"{threads} threads share {cores} usable cores: fewer may be faster")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > BUSY * cores:
        found.append(
            f"other programs are busy (load average {load:.1f} on {cores} cores): speeds will be "
            "too low, and ratios not to be trusted"
        )
    libraries = [library["internal_api"] for library in _blas_libraries()]
    if len(libraries) > 1:
        found.append(
            f"{len(libraries)} BLAS libraries are loaded ({', '.join(libraries)}): their threads "
            "may get into each other's way"
        )
    if not libraries:
        found.append(
            f"{blas_name()} cannot be told its number of threads: sgemm, and with it the limit, "
            f"may have more than {threads}"
        )
    return found


def cpu_name() -> str:
    """As its maker calls it, or at least the architecture."""
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        name = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        return name or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def vector_extensions() -> list[str]:
    """Those of the processor that Numba's compiler knows of, the widest last."""
    from llvmlite.binding import get_host_cpu_features

    features = get_host_cpu_features()
    return [name for name in VECTOR_EXTENSIONS if features.get(name)]


def memory_gb() -> float | None:
    """In 10^9 bytes; None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None


def system_name() -> str:
    """The operating system with its version."""
    if platform.system() == "Darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def blas_name() -> str:
    """The library that multiplies NumPy's matrices, with its version where it says."""
    libraries = _blas_libraries()
    if libraries:
        return " ".join(filter(None, (libraries[0]["internal_api"], libraries[0]["version"])))
    build: Any = np.show_config(mode="dicts")
    return str(build["Build Dependencies"]["blas"]["name"])


def _blas_libraries() -> list[dict[str, Any]]:
    return [library for library in threadpool_info() if library["user_api"] == "blas"]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
