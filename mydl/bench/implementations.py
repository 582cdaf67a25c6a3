"""Who is measured: each implementation by name, with the function that prepares its step."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ..names import unknown
from .cases import Case, Step

# Module of this package, and the function there: (case, threads) -> the step to time.
# It raises ImportError where a library is missing, saying how to get it, and ValueError where the
# implementation cannot do such a case.
_PLACES = {
    "mydl": ("engine", "step"),
    "torch-eager": ("torch_peer", "eager"),
    "torch-channels-last": ("torch_peer", "channels_last"),
    "torch-compile": ("torch_peer", "compiled"),
    "onnxruntime": ("onnx_runtime", "step"),
    "numpy-course": ("numpy_course", "step"),
}
IMPLEMENTATIONS = tuple(_PLACES)

# Not a network but a matrix product: what the others are held against.
SGEMM = "sgemm"


def choose_implementations(only: list[str]) -> list[str]:
    """All names, or those in ``only``, in the order of ``IMPLEMENTATIONS``.

    Raises
    ------
    ValueError
        There is no such implementation.
    """
    for name in only:
        if name not in IMPLEMENTATIONS:
            raise ValueError(unknown("implementation", name, IMPLEMENTATIONS))
    return [name for name in IMPLEMENTATIONS if not only or name in only]


def prepare(name: str, case: Case, threads: int) -> Step:
    """The step to time of an implementation.

    Raises
    ------
    ImportError
        A library is missing.
    ValueError
        The implementation cannot do such a case.
    """
    module, function = (SGEMM, "step") if name == SGEMM else _PLACES[name]
    step = getattr(import_module(f"{__package__}.{module}"), function)
    return cast("Step", step(case, threads))
