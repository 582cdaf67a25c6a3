"""What the checks of an exercise found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

PASSED = "passed"


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    Attributes
    ----------
    title
        Of the check.
    points
        What it is worth.
    kind
        "passed", or a slug for what is wrong: "sign", "timeout", ...
    sentence
        What is wrong, in words; "" if nothing is.
    picture
        Where the mistake sits, drawn with characters; "" where there is nothing to draw.
    line
        Of the student's file where it went wrong, where it is known.
    """

    title: str
    points: float
    kind: str = PASSED
    sentence: str = ""
    picture: str = ""
    line: int | None = None

    @property
    def passed(self) -> bool:
        """Whether the check found nothing wrong."""
        return self.kind == PASSED

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Result:
    """What all checks of an exercise found in one file.

    Attributes
    ----------
    exercise
        Its name.
    file
        That was checked.
    checks
        One result each, in order.
    output
        The beginning of what the student's code printed.
    seconds
        That it took.
    """

    exercise: str
    file: str
    checks: tuple[CheckResult, ...]
    output: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def points(self) -> float:
        """What can be earned."""
        return sum(check.points for check in self.checks)

    @property
    def earned(self) -> float:
        """What was earned."""
        return sum(check.points for check in self.checks if check.passed)

    @property
    def first_failure(self) -> CheckResult | None:
        """The first check that did not pass."""
        return next((check for check in self.checks if not check.passed), None)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "exercise": self.exercise,
            "file": self.file,
            "passed": self.passed,
            "earned": self.earned,
            "points": self.points,
            "seconds": round(self.seconds, 2),
            "checks": [check.to_dict() for check in self.checks],
            "output": self.output,
        }
