"""The page of all commands, written from what the commands say of themselves."""

import subprocess
import sys

MARK = "<!-- commands -->"


def insert(app, docname, source):
    """Put the commands where a page has the mark."""
    if MARK in source[0]:
        source[0] = source[0].replace(MARK, commands())


def commands():
    """A section for each command, in the order of `mydl --help`, below the page's title."""
    typer = [sys.executable, "-m", "typer", "mydl.cli.main", "utils", "docs", "--name", "mydl"]
    done = subprocess.run(typer, capture_output=True, text=True, check=True)
    lines, in_code = [], False
    for line in done.stdout.splitlines():
        in_code ^= line.startswith("```")
        lines.append(f"#{line}" if line.startswith("#") and not in_code else line)
    return "\n".join(lines)


def setup(app):
    app.connect("source-read", insert)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
