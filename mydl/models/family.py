"""Which network of the SqueezeNet family arrays are the weights of, by their names and shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..layer import Shape
from .metaparameters import Metaparameters
from .squeezenet import VERSIONS

Fires = list[tuple[int, int, int]]  # squeeze, expand 1x1 and expand 3x3 filters of each module


class OtherNetwork(ValueError):
    """Arrays are not those of a network of the family; the message names the first that is not."""


def options_of(shapes: Mapping[str, Shape], version: str) -> dict[str, Any] | None:
    """The arguments of the :class:`SqueezeNet` whose arrays have these shapes.

    A network that is built with them is no larger than the arrays are together.

    Parameters
    ----------
    shapes
        By path, in our layout.
    version
        A key of ``VERSIONS``.

    Returns
    -------
    dict[str, Any] | None
        version, num_classes, bypass, batch_norm and the metaparameters; None if the layers are not
        those of this version.

    Raises
    ------
    OtherNetwork
        The layers are, but an array has another shape.
    """
    plan = VERSIONS[version]
    numbers = range(2, 2 + plan.fires)
    batch_norm = "features.conv1.conv.weight" in shapes
    conv = "conv.weight" if batch_norm else "weight"
    layers = {"features.conv1", *(f"features.fire{n}" for n in numbers), "classifier.conv10"}
    if {".".join(path.split(".")[:2]) for path in shapes} != layers:
        return None
    kernel_size, channels = plan.conv1
    if shapes.get(f"features.conv1.{conv}") != (kernel_size, kernel_size, 3, channels):
        return None

    def filters(path: str, kernel_size: int, channels: int) -> int:
        """How many filters there are, all of which see so many channels."""
        shape = shapes.get(path, ())
        if len(shape) != 4 or shape[:3] != (kernel_size, kernel_size, channels) or shape[3] < 1:
            wanted = f"({kernel_size}, {kernel_size}, {channels}, filters)"
            raise OtherNetwork(f"{path} should have the shape {wanted}, but has {shape or 'none'}")
        return shape[3]

    fires: Fires = []
    around = []  # of each module: whether it has a bypass, and whether that needs a projection
    for number in numbers:
        place = f"features.fire{number}"
        bypassed = f"{place}.inner.squeeze.{conv}" in shapes
        inside = f"{place}.inner" if bypassed else place
        squeeze = filters(f"{inside}.squeeze.{conv}", 1, channels)
        one, three = (filters(f"{inside}.expand{k}x{k}.{conv}", k, squeeze) for k in (1, 3))
        projects = one + three != channels
        if bypassed and projects:
            filters(f"{place}.projection.{conv}", 1, channels)
        around.append((bypassed, projects))
        channels = one + three
        fires.append((squeeze, one, three))
    bypass = None
    if any(bypassed for bypassed, _ in around):
        bypass = "complex" if (True, True) in around else "simple"
        for number, (bypassed, projects) in zip(numbers, around, strict=True):
            if bypassed != (bypass == "complex" or not projects):
                has = "a" if bypassed else "no"
                raise OtherNetwork(f"features.fire{number} has {has} bypass, unlike others")
    return {
        "version": version,
        "num_classes": filters("classifier.conv10.weight", 1, channels),
        "bypass": bypass,
        "batch_norm": batch_norm,
        **_metaparameters(fires),
    }


def _metaparameters(fires: Fires) -> dict[str, Any]:
    """The arguments of the :class:`Metaparameters` that give fire modules of these sizes.

    Raises
    ------
    OtherNetwork
        There are none.
    """
    expands = [one + three for _, one, three in fires]
    steps = [i for i in range(1, len(fires)) if expands[i] != expands[i - 1]]
    found = {
        "base_e": expands[0],
        "incr_e": expands[steps[0]] - expands[0] if steps else 0,
        "freq": steps[0] if steps else Metaparameters.freq,
        "pct_3x3": _share([three for _, _, three in fires], expands),
        "squeeze_ratio": _share([squeeze for squeeze, _, _ in fires], expands),
    }
    try:
        sizes = Metaparameters(**found)  # type: ignore[arg-type]
        if [sizes.fire(i) for i in range(len(fires))] == fires:
            return found
    except ValueError:
        pass
    raise OtherNetwork(f"no metaparameters give fire modules of the sizes {fires}")


def _share(parts: Iterable[int], wholes: Iterable[int]) -> float:
    """The shortest decimal fraction whose share of each whole is, rounded, the part."""
    bounds = [((p - 0.5) / w, (p + 0.5) / w) for p, w in zip(parts, wholes, strict=True)]
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    middle = (low + high) / 2
    return next((f for f in (round(middle, d) for d in range(12)) if low <= f < high), middle)
