"""Jupyter notebooks as files: cells are written as JSON, version 4.5 of the format, and read back.

The format is described at https://nbformat.readthedocs.io. What is written here is a small part of
it, so that nobody needs Jupyter's libraries to make or to grade a notebook.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ANSWER = "answer"  # the tag of cells that are for the student to fill in


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook.

    Attributes
    ----------
    id
        Of letters, digits, ``-`` and ``_``; no two cells of a notebook share it.
    kind
        What its text is.
    source
        The text.
    tags
        Words by which programs find it again.
    """

    id: str
    kind: Literal["markdown", "code"]
    source: str
    tags: tuple[str, ...] = ()


def notebook_text(cells: Sequence[Cell]) -> str:
    """The text of an ``.ipynb`` file with these cells, none of which has run yet."""
    document = {
        "cells": [_document(cell) for cell in cells],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def read_cells(path: Path) -> list[Cell]:
    """The cells of a notebook that somebody has worked in, those of other kinds left out.

    Raises
    ------
    ValueError
        The file is no notebook of version 4.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["nbformat"] != 4:
            raise KeyError(document["nbformat"])
        return [
            Cell(
                str(cell.get("id", number)),
                cell["cell_type"],
                "".join(cell["source"]),  # one text, or its lines
                tuple(cell.get("metadata", {}).get("tags", ())),
            )
            for number, cell in enumerate(document["cells"])
            if cell["cell_type"] in ("markdown", "code")
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path.name}: expected a Jupyter notebook of version 4, but could not read it as one; "
            "open it in Jupyter and save it again"
        ) from error


def answer_in(path: Path) -> str:
    """What stands in the cells of a notebook that are tagged as answer.

    Raises
    ------
    ValueError
        The file is no notebook, or has no such cell.
    """
    answers = [cell.source for cell in read_cells(path) if ANSWER in cell.tags]
    if not answers:
        raise ValueError(
            f"{path.name} has no cell with the tag {ANSWER!r}, by which its answer is found: write "
            "into the cell that the notebook came with, or give yours this tag"
        )
    return "\n\n".join(answers) + "\n"


def _document(cell: Cell) -> dict[str, Any]:
    metadata = {"tags": list(cell.tags)} if cell.tags else {}
    document: dict[str, Any] = {"cell_type": cell.kind, "id": cell.id, "metadata": metadata}
    if cell.kind == "code":
        document |= {"execution_count": None, "outputs": []}
    return document | {"source": cell.source.splitlines(keepends=True)}
