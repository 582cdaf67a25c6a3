"""What a gradient check found: true or false, a table to read, a dictionary for programs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .diagnosis import ArrayDiagnosis, Diagnosis, has_place, picture
from .slope import Verdict
from .table import table
from .together import together

SHOWN_FAILURES = 10


@dataclass(frozen=True)
class Entry:
    """One derivative, as backward gave it and as it was measured.

    Attributes
    ----------
    layer
        Path of the layer, or its kind if it stands alone.
    array
        "x", "weight", "bias", ...
    index
        Of the entry; "all" for a random direction through the whole array, "all 0.5" for the
        entries of that value moved together.
    analytic
        From backward.
    numeric
        From forward.
    step
        The distance moved.
    noise
        What rounding may have added to the measured one.
    error
        The relative error, as :func:`mydl.gradcheck.gradcheck` defines it.
    verdict
        "passed", "wrong", or "kink" where there is no derivative.
    """

    layer: str
    array: str
    index: tuple[int, ...] | str
    analytic: float
    numeric: float
    step: float
    noise: float
    error: float
    verdict: Verdict


@dataclass(frozen=True)
class ArraySummary:
    """The entries of one array in a row: how many, the worst, and whether all are 0."""

    layer: str
    array: str
    size: int
    checked: int
    wrong: int
    kinks: int
    all_zero: bool
    worst: Entry | None


@dataclass(frozen=True)
class GradcheckReport:
    """The result of a gradient check. It is true if all is right, and prints as a table.

    Attributes
    ----------
    subject
        What was checked.
    method, tolerance, seed
        How.
    entries
        Every derivative that was measured.
    faults
        A sentence for each other rule that the layer breaks.
    sizes
        Number of entries of each array, by (layer, array).
    diagnoses
        What is wrong with each array, from the pattern of its errors.
    broken_rules
        The faults, each with its kind.
    """

    subject: str
    method: str
    tolerance: float
    seed: int
    entries: list[Entry]
    faults: list[str]
    sizes: dict[tuple[str, str], int]
    diagnoses: list[ArrayDiagnosis] = field(default_factory=list)
    broken_rules: list[Diagnosis] = field(default_factory=list)

    def __bool__(self) -> bool:
        every_array = all(summary.checked for summary in self.arrays)
        return every_array and not self.failures and not self.faults

    @property
    def failures(self) -> list[Entry]:
        """The entries whose derivative is wrong, the worst first."""
        wrong = [entry for entry in self.entries if entry.verdict == "wrong"]
        return sorted(wrong, key=_badness, reverse=True)

    @property
    def kinks(self) -> list[Entry]:
        """The entries set aside because there is no derivative."""
        return [entry for entry in self.entries if entry.verdict == "kink"]

    @property
    def worst(self) -> Entry | None:
        """The entry with the largest relative error, kinks aside."""
        return _worst(self.entries)

    @property
    def together(self) -> Diagnosis | None:
        """What the wrong arrays have in common."""
        kinds = {(each.layer, each.array): each.kind for each in self.diagnoses}
        return together(kinds, list(self.sizes))

    @property
    def arrays(self) -> list[ArraySummary]:
        """A summary of each array."""
        summaries = []
        for (layer, array), size in self.sizes.items():
            own = [e for e in self.entries if (e.layer, e.array) == (layer, array)]
            single = [entry for entry in own if isinstance(entry.index, tuple)]
            kinks = sum(entry.verdict == "kink" for entry in single)
            summaries.append(
                ArraySummary(
                    layer,
                    array,
                    size,
                    checked=len(single) - kinks,
                    wrong=sum(entry.verdict == "wrong" for entry in own),
                    kinks=kinks,
                    all_zero=all(abs(e.analytic) + abs(e.numeric) <= e.noise for e in own),
                    worst=_worst(own),
                )
            )
        return summaries

    @property
    def notes(self) -> list[str]:
        """A sentence for each array of which there was little or nothing to check."""
        notes = []
        for summary in self.arrays:
            name = f"{summary.array} of {summary.layer}"
            if summary.kinks and not summary.checked:
                notes.append(
                    f"{name} was not checked: all {summary.kinks} entries lie on kinks. Draw x "
                    "and the biases at random, so that no ReLU is at 0 and no maximum has a tie"
                )
            elif summary.kinks > summary.checked:
                notes.append(
                    f"{name}: {summary.kinks} of {summary.kinks + summary.checked} derivatives lie "
                    "on kinks and say nothing. Draw x and the biases at random"
                )
            elif summary.checked and summary.all_zero:
                notes.append(f"{name}: every derivative is 0 within rounding, which says little")
        return notes

    def plot(self, path: str | Path) -> None:
        """Draw where the errors sit into a file, whose ending says its format.

        Raises
        ------
        ValueError
            No gradient is wrong.
        """
        from .picture import draw_errors

        draw_errors(Path(path), self.diagnoses, self.subject)

    def to_dict(self) -> dict[str, Any]:
        """The report as lists, dictionaries, numbers and strings; numbers not finite are None."""
        return {
            "subject": self.subject,
            "passed": bool(self),
            "method": self.method,
            "tolerance": self.tolerance,
            "seed": self.seed,
            "arrays": [_plain(asdict(summary)) for summary in self.arrays],
            "failures": [_plain(asdict(entry)) for entry in self.failures],
            "kinks": [_plain(asdict(entry)) for entry in self.kinks],
            "diagnoses": [each.to_dict() for each in self.diagnoses],
            "together": self.together and self.together.to_dict(),
            "faults": self.faults,
            "notes": self.notes,
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def __str__(self) -> str:
        how = {"central": "central differences", "complex": "complex steps"}[self.method]
        rows = [["layer", "array", "checked", "kinks", *_ENTRY_HEAD]]
        for s in self.arrays:
            checked = f"{s.checked} of {s.size}"
            rows.append([s.layer, s.array, checked, str(s.kinks), *_cells(s.worst)])
        lines = [
            f"{self.subject}: {'passed' if self else 'FAILED'} "
            f"({how}, tolerance {self.tolerance:g}, seed {self.seed})",
            *table(rows),
        ]
        if self.failures:
            shown = self.failures[:SHOWN_FAILURES]
            lines += ["", f"wrong derivatives: {len(self.failures)}, the worst first"]
            lines += table(
                [
                    ["layer", "array", *_ENTRY_HEAD],
                    *([entry.layer, entry.array, *_cells(entry)] for entry in shown),
                ]
            )
        lines += self._explanation()
        if self.faults or self.notes:
            lines += [
                "",
                *(f"fault: {f}" for f in self.faults),
                *(f"note: {n}" for n in self.notes),
            ]
        return "\n".join(lines)

    def _most_telling(self) -> list[ArrayDiagnosis]:
        """Of a network, from where it begins on, without what only follows from that."""
        if self.together is None or self.together.kind != "from-layer":
            return self.diagnoses[:SHOWN_FAILURES]
        backwards = self.diagnoses[::-1]
        own = [each for each in backwards if each.kind != "scattered"] or backwards
        return own[:SHOWN_FAILURES]

    def _explanation(self) -> list[str]:
        """The diagnoses as lines, with a small picture of errors that are not everywhere."""
        lines = [f"diagnosis: {self.together.sentence}"] if self.together else []
        shown = self._most_telling()
        lines += [f"diagnosis: {each.sentence} ({each.layer})" for each in shown]
        if lines and len(shown) < len(self.diagnoses):
            lines.append(f"(and {len(self.diagnoses) - len(shown)} more arrays are wrong)")
        for each in [each for each in shown if has_place(each)][:1]:
            title, *image = picture(each, each.axes).splitlines()
            lines += ["", f"{each.array} at {title}; # is wrong, . is right", *image]
        return ["", *lines] if lines else []


_ENTRY_HEAD = ["error", "index", "analytic", "numeric", "step"]


def _cells(entry: Entry | None) -> list[str]:
    if entry is None:
        return ["-"] * len(_ENTRY_HEAD)
    return [
        f"{entry.error:.1e}",
        str(entry.index),
        f"{entry.analytic:.9g}",
        f"{entry.numeric:.9g}",
        f"{entry.step:.1e}",
    ]


def _badness(entry: Entry) -> float:
    return math.inf if math.isnan(entry.error) else entry.error


def _worst(entries: list[Entry]) -> Entry | None:
    return max((e for e in entries if e.verdict != "kink"), key=_badness, default=None)


def _plain(value: Any) -> Any:
    """``value`` with numbers that JSON has no word for as None."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
