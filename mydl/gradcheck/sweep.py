"""How good is a measured derivative? Its error against the step, in float32 and in float64.

A large step sees the curvature, error ~ h^2; a small one drowns in rounding, error ~ eps / h. On
logarithmic axes the two are the sides of a V, whose foot lies near h = eps^(1/3). A complex step
subtracts nothing and has only the first side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..layer import Array, whole_number
from ..names import unknown
from .check import DRAWS, check_input, complex_probe
from .probe import Probe
from .table import table

LAST_DIGITS = 1e-15  # no error is told from a smaller one
NEARLY = 2  # times the least error, which rounding gives now to one step and now to another
STEPS = tuple(float(step) for step in 10.0 ** np.arange(0, -16.5, -0.5))


@dataclass(frozen=True)
class Sweep:
    """The error of measured derivatives at each step. Prints as a table.

    Attributes
    ----------
    subject
        The layer.
    array
        Whose derivatives were measured: "x", "weight", ...
    entries
        How many of them.
    reference
        What they were compared with: "complex step" or "backward".
    steps
        From large to small.
    errors
        Relative error at each step, by "float32", "float64" and "complex".
    notes
        A sentence for each method that was left out.
    """

    subject: str
    array: str
    entries: int
    reference: str
    steps: tuple[float, ...]
    errors: dict[str, list[float]]
    notes: list[str] = field(default_factory=list)

    def best(self, method: str) -> tuple[float, float]:
        """(step, error) at the foot of a curve: the largest step with nearly the least error."""
        errors = self.errors[method]
        nearly = max(NEARLY * min(errors), LAST_DIGITS)
        return next((s, e) for s, e in zip(self.steps, errors, strict=True) if e <= nearly)

    def to_dict(self) -> dict[str, Any]:
        """The sweep as lists, dictionaries, numbers and strings."""
        return {
            "subject": self.subject,
            "array": self.array,
            "entries": self.entries,
            "reference": self.reference,
            "steps": list(self.steps),
            "errors": self.errors,
            "best": {name: self.best(name) for name in self.errors},
            "notes": self.notes,
        }

    def plot(self, path: str | Path) -> None:
        """Draw the V curves into a file, whose ending says its format."""
        from .sweep_picture import draw_sweep

        draw_sweep(Path(path), self)

    def __str__(self) -> str:
        best = {name: self.best(name)[0] for name in self.errors}
        rows = [["step", *self.errors]]
        for i, step in enumerate(self.steps):
            cells = [f"{step:.1e}"]
            for name, errors in self.errors.items():
                cells.append(f"{errors[i]:.1e}{' *' if step == best[name] else ''}")
            rows.append(cells)
        title = (
            f"{self.subject}: relative error of {self.entries} derivatives by {self.array}, "
            f"against {self.reference}"
        )
        notes = [f"note: {note}" for note in self.notes]
        return "\n".join([title, *table(rows), "* the best step", *notes])


def sweep(
    layer: Any,
    x: Array,
    *,
    array: str = "x",
    labels: Array | None = None,
    entries: int = 16,
    seed: int = 0,
) -> Sweep:
    """Measure derivatives with steps from 1 to 1e-16, and how far off they are.

    The derivatives are those of ``sum of dy * y`` with a random dy, as in
    :func:`mydl.gradcheck.gradcheck`. The truth is the complex step of 1e-20 where the layer
    computes in complex128, else what backward says in float64. The error at a step is the norm of
    the difference over the norm of the truth.

    Parameters
    ----------
    layer
        A Layer, a loss or a network with its loss.
    x
        The input.
    array
        Whose derivatives to measure: "x", or a parameter's path such as "weight".
    labels
        Those that belong to x, for a loss.
    entries
        So many of the array's, drawn at random.
    seed
        Fixes dy and the entries.

    Examples
    --------
    >>> from mydl.layers import Softmax
    >>> found = sweep(Softmax(), np.random.default_rng(0).normal(size=(3, 5)))
    >>> step, error = found.best("float64")
    >>> 1e-7 < step < 1e-3 and error < 1e-8
    True
    """
    check_input(layer, x)
    entries = whole_number(entries, "entries", 1)
    rng = np.random.default_rng((whole_number(seed, "seed", 0), DRAWS))
    probe = Probe(layer, x, labels, np.float64)
    if array not in probe.arrays:
        raise ValueError(unknown("array", array, probe.arrays))
    y = probe.output()
    dy = np.ones(y.shape) if labels is not None else np.asarray(rng.normal(size=y.shape))
    positions = np.sort(rng.permutation(probe.arrays[array].size)[:entries])
    errors: dict[str, list[float]] = {}
    notes: list[str] = []
    in_complex = None
    try:
        in_complex, faults = complex_probe(layer, x, labels, y)
        if faults:
            raise ValueError(faults[0].sentence)
        truth = _imaginary(in_complex, array, positions, dy, 1e-20)
        reference = "complex steps of 1e-20"
    except ValueError as error:
        in_complex = None
        notes.append(f"no complex steps: {error}")
        gradients = probe.gradients(dy)
        if array not in gradients:
            raise ValueError(f"backward gives no gradient of {array} to compare with") from None
        truth = gradients[array].reshape(-1)[positions]
        reference = "backward in float64"
    if not truth.any():
        raise ValueError(f"the derivatives by {array} are all 0: there is no error to measure")
    dtypes: dict[str, DTypeLike] = {"float32": np.float32, "float64": np.float64}
    for name, dtype in dtypes.items():
        rounded = Probe(layer, x, labels, dtype)
        errors[name] = [
            _error(_central(rounded, array, positions, dy, step), truth) for step in STEPS
        ]
    if in_complex is not None:
        errors["complex"] = [
            _error(_imaginary(in_complex, array, positions, dy, step), truth) for step in STEPS
        ]
    subject = repr(layer).splitlines()[0]
    return Sweep(subject, array, len(positions), reference, STEPS, errors, notes)


def _central(probe: Probe, array: str, positions: Array, dy: Array, step: float) -> Array:
    """Central differences in the probe's dtype."""
    return np.array(
        [
            np.vdot(
                dy, _moved(probe, array, position, step) - _moved(probe, array, position, -step)
            )
            for position in positions
        ]
    ) / (2 * step)


def _imaginary(probe: Probe, array: str, positions: Array, dy: Array, step: float) -> Array:
    """Complex steps."""
    return np.array(
        [np.vdot(dy, _moved(probe, array, p, 1j * step).imag) / step for p in positions]
    )


def _moved(probe: Probe, array: str, position: int, step: complex) -> Array:
    """The output after a step along one entry, in double precision."""
    flat = probe.arrays[array].reshape(-1)
    saved = flat[position]
    flat[position] = saved + flat.dtype.type(step)
    with np.errstate(all="ignore"):
        y = probe.output()
    flat[position] = saved
    return y.astype(np.complex128 if y.dtype.kind == "c" else np.float64)


def _error(measured: Array, truth: Array) -> float:
    error = float(np.linalg.norm(measured - truth) / np.linalg.norm(truth))
    return error if np.isfinite(error) else float("inf")
