"""The layers' rules that no derivative shows: inputs left alone, gradients added, dtypes kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layer import Array
from .diagnosis import Diagnosis
from .probe import Probe


def observe(
    probe: Probe, dy: Array, rng: np.random.Generator
) -> tuple[dict[str, Array], list[Diagnosis]]:
    """The analytic gradients by array, and a diagnosis of each rule that the layer breaks.

    Runs forward and backward three times: once for the gradients, once more with gradients that do
    not start at zero, and once with other numbers, after which the first results must still stand.

    Parameters
    ----------
    probe
        The layer, in float64.
    dy
        Gradient of its output.
    rng
        Draws the gradients to start from.

    Returns
    -------
    tuple[dict[str, Array], list[Diagnosis]]
        The gradients, without "x" if backward returned no array of its shape; and the diagnoses.
    """
    faults: list[Diagnosis] = []
    inputs = {"x": probe.arrays["x"].copy(), "dy": dy.copy()}
    watched = {**inputs, **{path: p.data for path, p in probe.parameters.items()}}
    before = {name: values.copy() for name, values in watched.items()}

    for parameter in probe.parameters.values():
        parameter.zero_grad()
    y = probe.forward(inputs["x"])
    faults += _written_to("forward", watched, before)
    faults += _wrong_array("forward", "y", y, dy.shape, dy.dtype)
    dx = probe.backward(inputs["dy"])
    gradients = {path: p.grad.copy() for path, p in probe.parameters.items()}
    if np.shape(dx) == inputs["x"].shape:
        gradients["x"] = np.array(dx, np.float64)
    faults += _written_to("backward", watched, before)
    faults += _wrong_array("backward", "dx", dx, inputs["x"].shape, dy.dtype)

    faults += _not_added(probe, gradients, dy, rng)
    first = [("forward", y), ("backward", dx)]
    kept = [
        (call, result, result.copy()) for call, result in first if isinstance(result, np.ndarray)
    ]
    probe.forward(probe.arrays["x"] / 2)
    probe.backward(dy / 2)
    faults += [
        Diagnosis(
            "reused",
            f"the next {call} wrote into the array that {call} had returned: return a new one each "
            "time",
        )
        for call, result, copy in kept
        if not np.array_equal(result, copy, equal_nan=True)
    ]
    for path, parameter in probe.parameters.items():
        parameter.data = before[path]
    return gradients, faults


def check_dtype(probe: Probe, rng: np.random.Generator) -> list[Diagnosis]:
    """A diagnosis of each result that has not the dtype of the probe."""
    dtype = probe.arrays["x"].dtype
    y = probe.forward(probe.arrays["x"].copy())
    faults = _wrong_array("forward", "y", y, np.shape(y), dtype)
    dx = probe.backward(rng.normal(size=np.shape(y)).astype(dtype))
    return faults + _wrong_array("backward", "dx", dx, np.shape(dx), dtype)


def _written_to(call: str, watched: dict[str, Array], before: dict[str, Array]) -> list[Diagnosis]:
    """A diagnosis of each array that is not as it was; it is then put back."""
    faults = []
    for name, values in watched.items():
        if not np.array_equal(values, before[name]):
            index = tuple(int(i) for i in np.argwhere(values != before[name])[0])
            sentence = (
                f"{call} wrote into {name}, which it may only read: {before[name][index]:.6g} "
                f"became {values[index]:.6g} at {index}; work on a copy"
            )
            faults.append(Diagnosis("mutated", sentence))
            values[...] = before[name]
    return faults


def _wrong_array(
    call: str, name: str, result: Any, shape: tuple[int, ...], dtype: Any
) -> list[Diagnosis]:
    if isinstance(result, float | np.floating) and not shape:
        return []  # the value of a loss
    if not isinstance(result, np.ndarray):
        sentence = f"{call} must return an array, {name}, got {type(result).__name__}"
        return [Diagnosis("none" if result is None else "type", sentence)]
    faults = []
    if result.shape != shape:
        sentence = f"{name} must have shape {shape}, got {result.shape} from {call}"
        faults.append(Diagnosis("shape", sentence))
    if result.dtype != dtype:
        sentence = f"{name} must be {dtype}, as x is, got {result.dtype} from {call}"
        faults.append(Diagnosis("dtype", sentence))
    return faults


def _not_added(
    probe: Probe, gradients: dict[str, Array], dy: Array, rng: np.random.Generator
) -> list[Diagnosis]:
    """A diagnosis of each parameter whose ``grad`` was not increased by its gradient."""
    starts = {path: rng.normal(size=p.shape) for path, p in probe.parameters.items()}
    for path, parameter in probe.parameters.items():
        parameter.grad = starts[path]
    probe.forward(probe.arrays["x"].copy())
    probe.backward(dy.copy())
    faults = []
    for path, parameter in probe.parameters.items():
        gradient, start, now = gradients[path], starts[path], parameter.grad
        sizes = np.abs(gradient) + np.abs(start)
        room = 1e-12 * np.max(sizes, where=np.isfinite(sizes), initial=0)
        if np.allclose(now, start + gradient, rtol=0, atol=room, equal_nan=True):
            continue
        if np.allclose(now, gradient, rtol=0, atol=room):
            sentence = f"backward overwrites {path}.grad: add to it, {path}.grad += ..."
            faults.append(Diagnosis("overwritten", sentence))
        else:
            sentence = (
                f"backward must add the same gradient to {path}.grad whatever is in it already"
            )
            faults.append(Diagnosis("not-added", sentence))
    return faults
