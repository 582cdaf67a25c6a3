"""Which page of the documentation helps: with a command, with a layer, with an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import typer

# The page of each command; one that is not here has that of its group.
COMMANDS = {
    "": "first-run",
    "learn": "learn",
    "learn new": "teaching",
    "learn verify": "teaching",
    "gradcheck": "gradient-checking",
    "explore": "explore",
    "train": "first-run",
    "doctor": "doctor",
    "lr-find": "doctor",
    "data": "data",
    "runs": "reports",
    "compare": "reports",
    "eval": "first-run",
    "classify": "classify",
    "visualize": "visualize",
    "summary": "architectures",
    "export": "export",
    "bench": "benchmarking",
    "help": "help",
}

# Of a kind of error, by the name of its class. It comes before the page of the command.
ERRORS = {
    "CheckpointError": "checkpoints",
    "DataError": "data",
    "FormatError": "weights",
    "OtherNetwork": "architectures",
    "RunError": "checkpoints",
    "StartFailed": "benchmarking",
    "TraceError": "explore",
    "TrainingDiverged": "doctor",
    "UnsavedProgress": "learn",
    "WeightsError": "weights",
}

# Of a layer, by the name of its class.
LAYERS = {
    "AvgPool2d": "layers/avgpool",
    "BatchNorm2d": "layers/batchnorm",
    "Bypass": "layers/containers",
    "Concat": "layers/containers",
    "Conv2d": "layers/conv2d",
    "Dropout": "layers/dropout",
    "Fire": "layers/containers",
    "Flatten": "layers/flatten",
    "GlobalAvgPool2d": "layers/avgpool",
    "GroupedConv2d": "layers/grouped",
    "Linear": "layers/linear",
    "LocalResponseNorm": "layers/lrn",
    "LogSoftmax": "layers/softmax",
    "MaxPool2d": "layers/maxpool",
    "ReLU": "layers/relu",
    "Sequential": "layers/containers",
    "Softmax": "layers/softmax",
    "SoftmaxCrossEntropy": "layers/softmax-cross-entropy",
    "WinogradConv2d": "winograd",
}

BUG = "help"  # says what to do about an error that is a fault of mydl's


def of_command(words: Sequence[str]) -> str:
    """The page of a command and its sub-command.

    >>> of_command(["learn", "new"]), of_command(["learn", "hint"]), of_command([])
    ('teaching', 'learn', 'first-run')
    """
    path = " ".join(words)
    while path not in COMMANDS:
        path = path.rpartition(" ")[0]
    return COMMANDS[path]


def of_error(error: BaseException) -> str | None:
    """The page that an error knows: from where it was raised, of its kind, of its layer.

    An error that was raised from another one has that one's page, if it has none itself. None is
    the page of the command.
    """
    cause: BaseException | None = error
    while cause is not None:
        if "page" in vars(cause):
            page: str | None = vars(cause)["page"]
            return page
        for kind in type(cause).__mro__:
            if kind.__name__ in ERRORS and kind.__module__.startswith("mydl."):
                return ERRORS[kind.__name__]
        layer = getattr(cause, "layer", None)
        if layer in LAYERS:
            return LAYERS[layer]
        cause = cause.__cause__
    return None


@contextmanager
def about(page: str | None) -> Iterator[None]:
    """Let errors from here name a page, unless they know one themselves.

    With None they name the command's, also if their kind has one: a photograph that cannot be
    looked at is no question about data sets.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        if page is None or of_error(error) is None:
            vars(error)["page"] = page
        raise


def command(page: str) -> str:
    """What to type for a page; without one for the list of all.

    >>> command("layers/conv2d"), command("")
    ('mydl help conv2d', 'mydl help')
    """
    return f"mydl help {page.removeprefix('layers/')}".rstrip()


def pointer(page: str) -> str:
    """The last line of an error."""
    return f"More: {command(page)}"


def fail(page: str, quiet: bool = False) -> NoReturn:
    """End a command that has said itself what is wrong: name the page, exit with status 1.

    It is quiet where a program reads what the command prints.
    """
    if not quiet:
        typer.echo(pointer(page), err=True)
    raise typer.Exit(1)
