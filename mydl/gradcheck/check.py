"""The gradient check: every derivative that backward claims, against one that is measured."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..layer import Array, Layer, whole_number
from .conduct import check_dtype, observe
from .diagnosis import Diagnosis
from .explain import Explainer
from .probe import Probe
from .report import Entry, GradcheckReport
from .slope import EPS, CentralDifference, ComplexStep, Direction, Measure

DRAWS = int.from_bytes(b"gradcheck")
ROUNDINGS = 8  # a layer rounds more than once on the way
TOLERANCES = {"central": 1e-7, "complex": 1e-12}


def gradcheck(
    layer: Any,
    x: Array,
    *,
    labels: Array | None = None,
    method: str = "central",
    tolerance: float | None = None,
    samples: int | None = 64,
    seed: int = 0,
) -> GradcheckReport:
    """Check the backward pass of a layer, a container, a whole network or a loss.

    A copy of the layer in float64 and in training mode runs forward and backward once, with a
    random upstream gradient ``dy``. Then the derivative of ``sum of dy * y`` by entries of x and of
    every parameter is measured on the forward pass alone and compared with what backward gave. A
    uniform dy would hide errors: the true gradient of softmax is then zero.

    In arrays with more than ``samples`` entries only so many are visited, and one derivative more
    is measured along a random direction in which all of the array's entries move: an error in an
    entry that was not visited shows there.

    At a kink (a ReLU at 0, a tie in a maximum) there is no derivative to compare with. Such an
    entry, found by one-sided differences that do not approach each other as the step shrinks, is
    set aside and counted, as long as backward's value lies between the two. Entries of equal value
    are then moved together, which takes away a tie of a maximum: their gradients must have the
    right sum, or a tie's gradient sent twice would pass.

    The check also watches that forward and backward leave their inputs and the parameters alone,
    keep the dtype, return arrays that the next pass leaves alone, and add to gradients that do not
    start at zero. The caller's layer is not touched.

    Parameters
    ----------
    layer
        A Layer; a loss with ``forward(x, labels)`` and ``backward()``; or a network with ``loss(x,
        labels)`` and ``backward()``. Its biases should be random, too.
    x
        The input, of random values, so that no ReLU is at 0 and no maximum has a tie.
    labels
        Those that belong to x, to check a loss or a network with its loss.
    method
        "central" differences; or "complex" steps, exact to the last digits, but forward must work
        in complex128, as all of mydl.layers does.
    tolerance
        Largest relative error that passes, ``|analytic - numeric| / max(|analytic|, |numeric|,
        floor)``; None takes 1e-7 for central differences and 1e-12 for complex steps. The floor is
        the derivative of which rounding could make up the tolerance: anything smaller is compared
        absolutely.
    samples
        Entries to visit in each array; None visits all.
    seed
        Fixes dy and the samples.

    Returns
    -------
    GradcheckReport
        A report that is true if all is right and prints as a table.

    Raises
    ------
    TypeError, ValueError
        An argument is wrong, or the layer cannot do what the method needs.

    Examples
    --------
    >>> from mydl.layers import Linear
    >>> rng = np.random.default_rng(0)
    >>> report = gradcheck(Linear(3, 2, rng=rng), rng.normal(size=(4, 3)))
    >>> bool(report)
    True
    """
    check_input(layer, x)
    if method not in TOLERANCES:
        raise ValueError(f"method must be 'central' or 'complex', got {method!r}")
    tolerance = TOLERANCES[method] if tolerance is None else tolerance
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance must be between 0 and 1, got {tolerance}")
    if samples is not None:
        samples = whole_number(samples, "samples", 1)
    seed = whole_number(seed, "seed", 0)
    # Not the caller's default_rng(seed): dy would be x itself, and hide what their signs reveal.
    rng = np.random.default_rng((seed, DRAWS))
    probe = Probe(layer, x, labels, np.float64)
    y = probe.output()
    if not np.isfinite(y).all():
        raise ValueError("the layer gives values that are not finite for this x: choose another x")
    if not np.allclose(probe.output(), y, rtol=0, atol=1e-9 * np.abs(y).max(initial=0)):
        raise ValueError(
            "forward gives other values for the same x: what it draws must come from a "
            "numpy.random.Generator that is an attribute of the layer"
        )
    dy = np.ones(y.shape) if labels is not None else np.asarray(rng.normal(size=y.shape))

    gradients, faults = observe(probe, dy, rng)
    if _dtype(layer, x) == np.float32:
        faults += check_dtype(Probe(layer, x, labels, np.float32), rng)
    roundoff = _roundoff(probe, y, rng)
    central_tolerance = tolerance if method == "central" else TOLERANCES["central"]
    central = CentralDifference(probe, dy, y, roundoff, central_tolerance)
    measure: Measure = central
    if method == "complex":
        in_complex, complex_faults = complex_probe(layer, x, labels, y)
        faults += complex_faults
        measure = ComplexStep(in_complex, central, dy, y, roundoff, tolerance)

    entries = {
        name: list(_entries(layer, name, array, gradients[name], measure, samples, rng))
        for name, array in probe.arrays.items()
        if name in gradients
    }
    wrong = {
        name: own for name, own in entries.items() if any(entry.verdict == "wrong" for entry in own)
    }
    explainer = Explainer(layer, probe, central, dy, y, labels, gradients, samples)
    return GradcheckReport(
        subject=repr(layer).splitlines()[0],
        method=method,
        tolerance=tolerance,
        seed=seed,
        entries=[entry for own in entries.values() for entry in own],
        faults=[fault.sentence for fault in faults],
        sizes={_place(layer, name): array.size for name, array in probe.arrays.items()},
        diagnoses=explainer.explain(wrong),
        broken_rules=faults,
    )


def _entries(
    layer: Any,
    name: str,
    array: Array,
    gradient: Array,
    measure: Measure,
    samples: int | None,
    rng: np.random.Generator,
) -> Iterator[Entry]:
    """Compare the gradient of one array with measured slopes, entry by entry."""

    def compare(index: tuple[int, ...] | str, direction: Direction) -> Entry:
        analytic = float((gradient[direction.where] * direction.lengths).sum())
        slope = measure.compare(direction, analytic)
        return Entry(*_place(layer, name), index, analytic, **vars(slope))

    every = samples is None or array.size <= samples
    flat = np.arange(array.size) if every else np.sort(rng.permutation(array.size)[:samples])
    tied: set[float] = set()
    for position in flat:
        index = tuple(int(i) for i in np.unravel_index(position, array.shape))
        entry = compare(index, Direction.of(name, array, index))
        yield entry
        value = float(array[index])
        if entry.verdict == "kink" and value not in tied:
            tied.add(value)
            yield compare(f"all {value:g}", Direction.of(name, array, array == value))
    if not every:
        lengths: Array = np.asarray(rng.normal(size=array.shape))
        lengths /= np.linalg.norm(lengths)
        yield compare("all", Direction.of(name, array, ..., lengths))


def _place(layer: Any, name: str) -> tuple[str, str]:
    """(path of the layer, name of its array) of an array of the probe."""
    inner, _, array = name.rpartition(".")
    path = ".".join(part for part in (getattr(layer, "path", ""), inner) if part)
    return path or type(layer).__name__, array


def _roundoff(probe: Probe, y: Array, rng: np.random.Generator) -> float:
    """The error that rounding may leave in a value of y.

    A layer rounds y itself, and what it computes on the way. How much the latter matters shows when
    x is rounded otherwise: a batch norm of nearly equal values, for one, magnifies it.
    """
    x = probe.arrays["x"]
    exact = x.copy()
    x *= 1 + EPS * rng.choice([-1, 1], x.shape)
    moved = float(np.abs(probe.output() - y).max(initial=0))
    x[...] = exact
    return ROUNDINGS * max(moved, EPS * float(np.abs(y).max(initial=0)))


def complex_probe(
    layer: Any, x: Array, labels: Array | None, y: Array
) -> tuple[Probe, list[Diagnosis]]:
    """A probe for complex steps, after a look at whether its forward pass can be trusted."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            probe = Probe(layer, x, labels, np.complex128)
            complex_y = probe.output()
    except (TypeError, ValueError, np.exceptions.ComplexWarning) as error:
        raise ValueError(
            f"forward does not work in complex128 ({error}): use method='central'"
        ) from error
    if complex_y.dtype != np.complex128:
        raise ValueError(
            f"forward turns complex128 into {complex_y.dtype} and so loses the imaginary part, "
            "which carries the derivative: use method='central'"
        )
    if complex_y.shape != y.shape or not np.allclose(complex_y, y, rtol=1e-10, atol=1e-12):
        sentence = "forward gives other values in complex128 than in float64"
        return probe, [Diagnosis("complex", sentence)]
    return probe, []


def _dtype(layer: Any, x: Array) -> np.dtype[Any]:
    """The dtype in which the layer is used: that of its parameters, or of x if it has none."""
    parameters = layer.parameters() if isinstance(layer, Layer) else []
    return parameters[0].data.dtype if parameters else x.dtype


def check_input(layer: Any, x: Array) -> None:
    """Raise TypeError or ValueError if these cannot be checked."""
    if isinstance(layer, type) or not (hasattr(layer, "forward") and hasattr(layer, "backward")):
        raise TypeError(f"expected a layer with forward and backward, got {layer!r}")
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        kind = f"an array of {x.dtype}" if isinstance(x, np.ndarray) else type(x).__name__
        raise TypeError(f"x must be an array of floating-point numbers, got {kind}")
    if x.size == 0:
        raise ValueError(f"x must have values to check, got an empty array of shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("x must be finite, got NaN or infinity")
