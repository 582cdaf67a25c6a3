"""A whole run as plain values for programs; docs/benchmarking.md describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .compare import Comparison
from .results import missing, ratio, results

STEADY = 1.25  # between the quartiles of sgemm's speed; an idle machine stays well below


def unsteady(comparisons: Sequence[Comparison]) -> list[str]:
    """A sentence if the machine was not the same throughout: sgemm always does the same work."""
    low, high = np.quantile([speed for c in comparisons for speed in c.sgemm], [0.25, 0.75])
    if high <= STEADY * low:
        return []
    return [
        f"the machine's speed varied during the run (sgemm's quartiles are {low:.0f} and "
        f"{high:.0f} GFLOP/s): something else was at work, so measure again"
    ]


def report(
    machine: dict[str, Any],
    warnings: Sequence[str],
    threads: int,
    comparisons: Sequence[Comparison],
    startup: dict[str, float] | None,
) -> dict[str, Any]:
    """Everything that ``mydl bench --json`` prints.

    Parameters
    ----------
    machine
        What :func:`mydl.bench.machine.machine` says.
    warnings
        Of what is in the way of honest numbers.
    threads
        That each implementation had.
    comparisons
        One for each case.
    startup
        What :func:`mydl.bench.startup.startup` measured; None if it was left out.
    """
    sgemm = [speed for comparison in comparisons for speed in comparison.sgemm]
    ratios = [ratio(comparison) for comparison in comparisons]
    return {
        "machine": {**machine, "warnings": [*warnings, *unsteady(comparisons)]},
        "threads": threads,
        "sgemm_gflops": round(float(np.median(sgemm)), 1),
        "sgemm_gflops_best": round(max(sgemm), 1),
        "cases": [
            {
                **comparison.case.to_dict(),
                "multiply_adds": comparison.case.multiply_adds(),
                "sgemm_gflops": round(float(np.median(comparison.sgemm)), 1),
                "limit_images_per_second": round(comparison.limit, 1),
            }
            for comparison in comparisons
        ],
        "results": [row for comparison in comparisons for row in results(comparison)],
        "ratios": [row for row in ratios if row is not None],
        "startup": startup,
        "missing": missing(comparisons),
    }
