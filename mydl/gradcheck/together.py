"""What the wrong gradients of a layer or a network have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from .comparison import listing
from .diagnosis import Diagnosis

Place: TypeAlias = tuple[str, str]


def together(kinds: dict[Place, str], order: Sequence[Place]) -> Diagnosis | None:
    """One sentence about all wrong arrays, or None if there is nothing to say.

    Parameters
    ----------
    kinds
        Of the diagnosis of each wrong array, by (layer, array).
    order
        (layer, array) of every array, x first, then as the layers follow each other.
    """
    if not kinds or len(order) == 1:
        return None
    layers = list(dict.fromkeys(layer for layer, _ in order[1:]))
    if len(layers) > 1:
        return _in_a_network(kinds, order[0], layers)
    right = [
        array for place, array in zip(order, _arrays(order), strict=True) if place not in kinds
    ]
    if len(kinds) == 1:
        (wrong,) = _arrays(list(kinds))
        verb = "is" if len(right) == 1 else "are"
        sentence = f"only the gradient of {wrong} is wrong: {listing(right)} {verb} right"
        return Diagnosis("only-array", sentence)
    if not right and len(set(kinds.values())) == 1 and "scattered" not in kinds.values():
        sentence = (
            f"{listing(_arrays(order))} are wrong in the same way: look at what backward does to "
            "dy before it uses it"
        )
        return Diagnosis("all-arrays", sentence)
    return None


def _in_a_network(kinds: dict[Place, str], x: Place, layers: Sequence[str]) -> Diagnosis:
    """Where on the way from the output back to x the gradients begin to be wrong."""
    wrong = [layer for layer in layers if any(p[0] == layer for p in kinds if p != x)]
    if not wrong:
        sentence = (
            "the gradients of all parameters are right, and only that of x is wrong: look at the "
            "last steps of the way back, where the gradients of branches are added up"
        )
        return Diagnosis("only-array", sentence)
    last = wrong[-1]
    if len(wrong) == 1 and x not in kinds:
        sentence = f"only {last} is wrong, and hands on the right gradient: look at its parameters"
        return Diagnosis("only-layer", sentence)
    after = layers[layers.index(last) + 1 :]
    sentence = f"on the way back from the output, {last} is the first layer that is wrong"
    if after:
        sentence += f", and {after[0]} is still right"
    return Diagnosis("from-layer", f"{sentence}: look there, and check that layer alone")


def _arrays(places: Sequence[Place]) -> list[str]:
    return [array for _, array in places]
