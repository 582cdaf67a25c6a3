"""The ``mydl`` command: registers the commands and turns errors into one sentence and a page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from .. import __version__
from . import pages
from .bench import bench
from .classify import classify
from .compare import compare
from .data import data
from .doctor import doctor
from .evaluate import evaluate
from .explore import explore
from .export import export
from .first_screen import COMMANDS, FirstScreen
from .gradcheck import gradcheck
from .help import help_
from .learn import learn
from .lr_find import lr_find
from .runs import runs
from .summary import summary
from .train import train
from .visualize import visualize

app = typer.Typer(
    name="mydl",
    cls=FirstScreen,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; works anywhere.")
    ] = False,
) -> None:
    """What stands before a command: ``--version`` and ``--debug``."""
    if version:
        typer.echo(f"mydl {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


# They import what they need when they are called: `mydl --help` loads no compiler.
FUNCTIONS: dict[str, Callable[..., None] | typer.Typer] = {
    "learn": learn,
    "gradcheck": gradcheck,
    "explore": explore,
    "train": train,
    "doctor": doctor,
    "lr-find": lr_find,
    "data": data,
    "runs": runs,
    "compare": compare,
    "eval": evaluate,
    "classify": classify,
    "visualize": visualize,
    "summary": summary,
    "export": export,
    "bench": bench,
    "help": help_,
}
for panel, sentences in COMMANDS.items():
    for name, sentence in sentences.items():
        function = FUNCTIONS[name]
        page = pages.pointer(pages.of_command([name]))
        if isinstance(function, typer.Typer):
            app.add_typer(
                function, name=name, rich_help_panel=panel, short_help=sentence, epilog=page
            )
        else:
            app.command(name, rich_help_panel=panel, short_help=sentence, epilog=page)(function)


def run() -> None:
    """Run the command line; an error is one sentence, its page and exit status 1, unless --debug.

    A wrong use, such as an option that there is not, is shown as typer does it, with status 2.
    """
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        app(arguments)
    except (ValueError, OSError) as error:
        if debug:
            raise
        page = pages.of_error(error)
        if page is None:
            page = pages.of_command(typed(arguments)[0])
        sys.exit(f"mydl: {error}\n{pages.pointer(page)}")
    except SystemExit as end:
        command, rest, is_group = typed(arguments)
        if end.code == 2 and (rest or not is_group):  # a group alone has shown its help
            print(pages.pointer(pages.of_command(command)), file=sys.stderr)
        raise
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        sys.exit(
            f"mydl: unexpected {type(error).__name__}: {error}\n"
            "This is a bug. Run the command again with --debug for the traceback.\n"
            f"{pages.pointer(pages.BUG)}"
        )


def typed(arguments: list[str]) -> tuple[list[str], list[str], bool]:
    """What was typed: the command and its sub-command, the rest, and whether it is a group.

    >>> typed(["learn", "check", "relu"]), typed(["data"])
    ((['learn', 'check'], ['relu'], False), (['data'], [], True))
    """
    command = typer.main.get_command(app)
    found: list[str] = []
    for argument in arguments:
        commands = getattr(command, "commands", {})
        if argument not in commands:
            break
        found.append(argument)
        command = commands[argument]
    return found, arguments[len(found) :], hasattr(command, "commands")
