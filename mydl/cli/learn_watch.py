"""``mydl learn watch``: check whenever a file is saved."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import typer

from .learn_show import (
    begin,
    check_and_show,
    compare_with,
    count,
    next_step,
    show_hint,
    show_list,
    typed,
    width,
)

if TYPE_CHECKING:
    from ..learn import Exercise
    from ..learn.progress import Folder

POLL_SECONDS = 0.25
KEYS = "save to check; h, l or q and Enter: hint, list, quit"


def watch_folder(student: Folder, exercise: Exercise) -> None:
    """Check an exercise at every save until it is right, then the next one, and so on."""
    try:
        current: Exercise | None = exercise
        while current is not None:
            if not student.file(current).exists():
                begin(student, current)
            current = _watch(student, current)
        typer.echo(next_step(student))
    except KeyboardInterrupt:
        typer.echo(f"\n`{typed(student, 'watch')}` goes on from here.")


def _watch(student: Folder, exercise: Exercise) -> Exercise | None:
    """Wait until an exercise is right; the next one, or None at the end."""
    watched = [exercise, *(student.course[name] for name in exercise.requires)]
    seen = None
    while True:
        now = [_saved(student, one) for one in watched]
        if now != seen and now[0] is not None:
            seen = now
            typer.echo("-" * width())
            if check_and_show(student, exercise):
                typer.echo(f"{compare_with(student, exercise)}\n{count(student)}\n")
                return student.next()
            if sys.stdin.isatty():
                typer.echo(f"Watching {student.file(exercise)}: {KEYS}")
            else:
                typer.echo(f"Watching {student.file(exercise)}: save to check, Ctrl-C to end")
        key = _key()
        if key == "h":
            show_hint(student, exercise, everything=False)
        elif key == "l":
            show_list(student)
        elif key == "q":
            raise KeyboardInterrupt


def _saved(student: Folder, exercise: Exercise) -> tuple[int, int] | None:
    """What changes when a file is saved; None while it is not there, as some editors leave it."""
    try:
        status = student.file(exercise).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _key() -> str:
    """What was typed, in a terminal, within a moment; "q" when the input has ended."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        time.sleep(POLL_SECONDS)
        return ""
    import select

    if not select.select([0], [], [], POLL_SECONDS)[0]:
        return ""
    typed = os.read(0, 100)
    return typed.decode(errors="replace").strip().lower()[:1] if typed else "q"
