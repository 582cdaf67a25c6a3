"""The exception that says what is wrong with an answer."""

from __future__ import annotations

from typing import NoReturn

from ..gradcheck.diagnosis import Diagnosis


class WrongAnswer(Exception):
    """An answer is rejected: what is wrong with it, in words.

    Parameters
    ----------
    diagnosis
        The kind of mistake, the sentence for the student and where the mistake sits.
    axes
        The names of the axes of the array that was compared.
    line
        Of the student's file, where it is known.
    """

    def __init__(
        self, diagnosis: Diagnosis, axes: tuple[str, ...] = (), line: int | None = None
    ) -> None:
        super().__init__(diagnosis.sentence)
        self.diagnosis = diagnosis
        self.axes = axes
        self.line = line


def fail(kind: str, sentence: str, line: int | None = None) -> NoReturn:
    """Reject the answer, for checks that compare no arrays.

    Parameters
    ----------
    kind
        A short slug, such as ``"step-too-large"``.
    sentence
        Tells the student what is wrong and what to do about it.
    line
        Of the student's file, where it is known.
    """
    raise WrongAnswer(Diagnosis(kind, sentence), line=line)
