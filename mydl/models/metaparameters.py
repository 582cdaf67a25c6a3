"""The general form of SqueezeNet: five numbers from which every fire module follows."""

from __future__ import annotations

from dataclasses import dataclass

from ..layer import whole_number


@dataclass(frozen=True)
class Metaparameters:
    """Sizes for the fire modules of a SqueezeNet; the defaults are those of the paper's table 1.

    Fire module i, where i = 0 is fire2, has::

        e_i     = base_e + incr_e * floor(i / freq)        expand filters, 1x1 and 3x3 together
        e_i,3x3 = pct_3x3 * e_i                            of them 3x3
        e_i,1x1 = e_i - e_i,3x3                            of them 1x1
        s_i     = squeeze_ratio * e_i                      squeeze filters

    Filters are whole: e_i,3x3 and s_i are rounded to the nearest number, a half upwards. (What the
    authors did with the 1 % of figure 3 the paper does not say.)

    Parameters
    ----------
    base_e
        Expand filters of the first fire module.
    incr_e
        Expand filters that are added after every ``freq`` modules.
    pct_3x3
        Share of the expand filters that are 3x3, a fraction from 0 to 1.
    freq
        Fire modules with the same number of expand filters.
    squeeze_ratio
        Squeeze filters for each expand filter, a fraction above 0 up to 1.

    Raises
    ------
    ValueError
        An argument has a wrong value.

    References
    ----------
    SqueezeNet (arXiv 1602.07360), section 5.1.

    Examples
    --------
    >>> Metaparameters().fire(0), Metaparameters().fire(7)
    ((16, 64, 64), (64, 256, 256))
    >>> Metaparameters(squeeze_ratio=0.5, pct_3x3=0.01).fire(2)
    (128, 253, 3)
    """

    base_e: int = 128
    incr_e: int = 128
    pct_3x3: float = 0.5
    freq: int = 2
    squeeze_ratio: float = 0.125

    def __post_init__(self) -> None:
        for name, least in (("base_e", 2), ("incr_e", 0), ("freq", 1)):
            object.__setattr__(self, name, whole_number(getattr(self, name), name, least))
        for name in ("pct_3x3", "squeeze_ratio"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ValueError(f"{name} must be a fraction from 0 to 1, got {value!r}")

    def fire(self, i: int) -> tuple[int, int, int]:
        """Filters of fire module i (from 0): squeeze, expand 1x1, expand 3x3.

        Raises
        ------
        ValueError
            A kind of filter is left with none.
        """
        expand = self.base_e + self.incr_e * (i // self.freq)
        squeeze = _nearest(self.squeeze_ratio * expand)
        expand3x3 = _nearest(self.pct_3x3 * expand)
        if squeeze < 1:
            raise ValueError(
                f"squeeze_ratio must leave at least one squeeze filter, got {self.squeeze_ratio:g} "
                f"of {expand} expand filters in fire{i + 2}"
            )
        if not 0 < expand3x3 < expand:
            raise ValueError(
                f"pct_3x3 must leave at least one filter of 1x1 and of 3x3 pixels, got "
                f"{self.pct_3x3:g} of {expand} expand filters in fire{i + 2}"
            )
        return squeeze, expand - expand3x3, expand3x3


def _nearest(number: float) -> int:
    return int(number + 0.5)
