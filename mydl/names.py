"""What to say when a name is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One sentence that tells which names there are, the nearest first.

    >>> unknown("optimizer", "adm", ["sgd", "adam", "rmsprop"])
    "there is no optimizer 'adm': did you mean 'adam'? There are sgd, adam and rmsprop"
    >>> unknown("layer", "Rleu", ["ReLU", "Linear"])
    "there is no layer 'Rleu': did you mean 'ReLU'? There are ReLU and Linear"
    >>> unknown("data set", "faces", ["digits", "cifar10"])
    "there is no data set 'faces': there are digits and cifar10"
    """
    names = list(known)
    plain = {each.lower(): each for each in names}
    near = [plain[each] for each in get_close_matches(str(name).lower(), plain, 1)]
    *rest, last = names
    listing = f"there are {', '.join(rest)} and {last}" if rest else f"there is {last}"
    if near:
        listing = f"did you mean {near[0]!r}? {listing[0].upper()}{listing[1:]}"
    return f"there is no {kind} {name!r}: {listing}"
