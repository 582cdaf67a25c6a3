"""The ``mydl`` command: registers the commands and turns errors into one sentence."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .. import __version__
from .bench import bench
from .classify import classify
from .compare import compare
from .data import data
from .doctor import doctor
from .evaluate import evaluate
from .explore import explore
from .export import export
from .gradcheck import gradcheck
from .learn import learn
from .lr_find import lr_find
from .runs import runs
from .summary import summary
from .train import train
from .visualize import visualize

app = typer.Typer(
    name="mydl",
    help="Learn backpropagation on a real network: layers in NumPy with hand-written backward "
    "passes, composed into SqueezeNet.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; works anywhere.")
    ] = False,
) -> None:
    if version:
        typer.echo(f"mydl {__version__}")
        raise typer.Exit


# The commands import what they need when they are called: `mydl --help` loads no compiler.
app.command("train")(train)
app.command("doctor")(doctor)
app.command("lr-find")(lr_find)
app.command("runs")(runs)
app.command("compare")(compare)
app.add_typer(data, name="data")
app.command("eval")(evaluate)
app.command("classify")(classify)
app.command("explore")(explore)
app.add_typer(visualize, name="visualize")
app.command("export")(export)
app.command("summary")(summary)
app.command("gradcheck")(gradcheck)
app.add_typer(learn, name="learn")
app.command("bench")(bench)


def run() -> None:
    """Run the command line; an error is one sentence and exit status 1, unless --debug."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        app(arguments)
    except (ValueError, OSError) as error:
        if debug:
            raise
        sys.exit(f"mydl: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        sys.exit(
            f"mydl: unexpected {type(error).__name__}: {error}\n"
            "This is a bug. Run the command again with --debug for the traceback."
        )
