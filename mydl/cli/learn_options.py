"""The arguments and options that commands of ``mydl learn`` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[
    str | None,
    typer.Argument(help="Of the exercise, as in conv-dw.", show_default="the one at hand"),
]
Names = Annotated[
    list[str] | None,
    typer.Argument(help="Of the exercise, as in conv-dw; of several with --all."),
]
Dir = Annotated[Path, typer.Option("--dir", help="The folder with your exercises.")]
Exercises = Annotated[
    Path | None,
    typer.Option(help="A folder with exercises of your teacher's as well.", show_default=False),
]

CLASS = "For teachers"
Everyone = Annotated[
    Path | None,
    typer.Option(
        "--all",
        metavar="FOLDER",
        help="Check all submissions in a folder that has a sub-folder for each student.",
        show_default=False,
        rich_help_panel=CLASS,
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="With --all: print JSON for programs.", rich_help_panel=CLASS),
]
CsvFile = Annotated[
    Path | None,
    typer.Option(
        "--csv",
        help="With --all: write the points of each part of each exercise.",
        show_default=False,
        rich_help_panel=CLASS,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="With --all: how many are checked at the same time.",
        show_default="one a core",
        rich_help_panel=CLASS,
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        help="With --all: seconds for the checks of one answer.",
        show_default="what the exercise asks for, 10",
        rich_help_panel=CLASS,
    ),
]
Memory = Annotated[
    int | None,
    typer.Option(
        min=64,
        help="With --all: MiB of memory for one answer.",
        show_default="2048",
        rich_help_panel=CLASS,
    ),
]
