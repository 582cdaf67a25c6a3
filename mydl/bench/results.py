"""What was measured, as tables and sentences for people and as plain values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .compare import Comparison

TORCH_MODES = ("torch-eager", "torch-channels-last", "torch-compile")
HEADER = ("", "images/s", "middle half", "times mydl", "memory MB", "of limit")


def results(comparison: Comparison) -> list[dict[str, Any]]:
    """One row of values for each implementation that was measured."""
    rows = []
    for name, speeds in comparison.speeds.items():
        low, middle, high = np.quantile(speeds, [0.25, 0.5, 0.75])
        mydl = "mydl" in comparison.speeds
        memory = comparison.memory[name]
        rows.append(
            {
                **comparison.case.to_dict(),
                "implementation": name,
                "images_per_second": _digits(middle),
                "spread": [_digits(low), _digits(high)],
                "rounds": len(speeds),
                "ratio_to_mydl": _digits(comparison.ratio(name, "mydl")) if mydl else None,
                "peak_memory_mb": None if memory is None else round(memory, 1),
                "share_of_limit": _digits(middle / comparison.limit),
            }
        )
    return rows


def ratio(comparison: Comparison) -> dict[str, Any] | None:
    """How many times as fast mydl was as PyTorch's fastest mode; None if one is not there."""
    peer = comparison.fastest(TORCH_MODES)
    if peer is None or "mydl" not in comparison.speeds:
        return None
    low, middle, high = np.quantile(comparison.ratios("mydl", peer), [0.25, 0.5, 0.75])
    return {
        **comparison.case.to_dict(),
        "against": peer,
        "ratio": _digits(middle),
        "spread": [_digits(low), _digits(high)],
    }


def missing(comparisons: Sequence[Comparison]) -> dict[str, str]:
    """Why an implementation was not measured, in one sentence, by its name.

    A reason that does not hold in every case begins with the cases.
    """
    found = {}
    for name in dict.fromkeys(name for c in comparisons for name in c.absent):
        absences = [(c.case, c.absent[name]) for c in comparisons if name in c.absent]
        uninstalled = [str(reason) for _, reason in absences if reason.missing]
        if uninstalled:
            found[name] = uninstalled[0]
            continue
        cases: dict[str, list[str]] = {}
        for case, reason in absences:
            cases.setdefault(str(reason), []).append(str(case))
        found[name] = "; ".join(
            why if len(where) == len(comparisons) else f"in {_some(where)}: {why}"
            for why, where in cases.items()
        )
    return found


def _some(cases: list[str]) -> str:
    return cases[0] if len(cases) == 1 else f"{len(cases)} cases, as {cases[0]}"


def table(comparison: Comparison) -> str:
    """The rows of one case and what they say, as text."""
    lines = [HEADER]
    for row in results(comparison):
        low, high = row["spread"]
        memory, times = row["peak_memory_mb"], row["ratio_to_mydl"]
        lines.append(
            (
                row["implementation"],
                _speed(row["images_per_second"]),
                f"{_speed(low)} to {_speed(high)}" if row["rounds"] > 1 else "one round",
                "" if times is None else f"{times:.2f}",
                "" if memory is None else f"{memory:,.0f}",
                f"{row['share_of_limit']:.0%}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    gflops = np.median(comparison.sgemm)
    text = [
        f"{comparison.case}",
        f"limit of direct convolution: {_speed(comparison.limit)} images/s "
        f"(sgemm {gflops:.0f} GFLOP/s)",
    ]
    for first, *others in lines:
        cells = [first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]
        text.append("  ".join(cells).rstrip())
    return "\n".join([*text, *sentences(comparison)])


def sentences(comparison: Comparison) -> list[str]:
    """How mydl did against PyTorch's fastest mode, and against each of the others."""
    if "mydl" not in comparison.speeds:
        return []
    torch = comparison.fastest(TORCH_MODES)
    peers = [(torch, f"PyTorch's fastest mode ({torch})")] if torch else []
    peers += [(name, name) for name in ("onnxruntime", "numpy-course") if name in comparison.speeds]
    if not peers:
        return []
    does = {"train": "trains", "infer": "infers"}[comparison.case.mode]
    *parts, last = [f"{_times(comparison.ratio('mydl', name))} {called}" for name, called in peers]
    others = f"{', '.join(parts)} and " if parts else ""
    return [f"mydl {does} {others}{last}."]


def _times(ratio: float) -> str:
    """A ratio in words, which do not make a slower one sound like a faster one."""
    if ratio < 0.95:
        return f"slower, at {ratio:.2f} times the speed of"
    if ratio < 1.05:
        return f"as fast ({ratio:.2f} times) as"
    return f"{ratio:.{1 if ratio < 10 else 0}f} times as fast as"


def _speed(value: float) -> str:
    """Images per second with the digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _digits(value: float) -> float:
    """Four digits: more than any measurement has."""
    return float(f"{value:.4g}")
