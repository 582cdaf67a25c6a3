"""``mydl explore``: a page that shows every number of a network, forwards and backwards."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .subject import Subject, find_subject

if TYPE_CHECKING:
    from ..explorer.trace import Trace

OUT = Path("explorer.html")
SIZE = 64  # pixels of a side, where the network is for larger images
LARGEST = 256
MOST_BYTES = 100_000_000  # of a page; browsers need several times that much memory


def explore(
    network: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN_OR_WEIGHTS",
            help="A run's folder, a file of weights, or the word pretrained.",
            show_default="the newest run in runs, or else pretrained",
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Argument(metavar="IMAGE", help="A picture.", show_default="a test image of the run"),
    ] = None,
    index: Annotated[
        int | None, typer.Option(help="Number of the run's test image.", show_default="0")
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            help="Class that the loss is about: its name or number.",
            show_default="the image's, or if it is not known the network's answer",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            help="Pixels of the side that the image is scaled to.",
            show_default=f"as in training, but at most {SIZE}",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write.", show_default=str(OUT))] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the page on this machine until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes a free one.")] = 0,
    open_: Annotated[
        bool | None,
        typer.Option("--open/--no-open", help="Open the page.", show_default="at a terminal"),
    ] = None,
) -> None:
    """See inside a network: every number of one image's way through it, and of the gradient's.

    The page is one file that needs no network. Click a layer, then a cell, to see what it is the
    sum of: forwards from the image to the loss, backwards from the loss to weights and image.
    """
    from ..explorer.build import page
    from ..explorer.payload import payload

    if size is not None and not 1 <= size <= LARGEST:
        raise ValueError(f"--size must be from 1 to {LARGEST} pixels, got {size}")
    path = None if serve and out is None else _checked(out or OUT)
    subject = _find(network, image, index, size)
    result = _run(subject, label)
    title = f"{subject.network_name}, {subject.picture_name}"
    html = page(payload(result, subject.pixels, title, subject.class_names))
    if len(html) > MOST_BYTES:
        raise ValueError(
            f"the page would have {len(html) / 1e6:,.0f} MB, more than a browser takes well: "
            f"choose a smaller --size than {subject.pixels.shape[0]} or a smaller network"
        )
    typer.echo(_in_words(subject, result))
    opens = sys.stdout.isatty() if open_ is None else open_
    if path is not None:
        _write(path, html, opens and not serve)
    if serve:
        _serve(html, port, opens)


def _find(network: str | None, image: str | None, index: int | None, size: int | None) -> Subject:
    """The network and the picture; without a size large ones are scaled down to ``SIZE``."""
    subject = find_subject(network, image, index)
    if size is None:
        size = min(SIZE, subject.pixels.shape[0])
    return subject.scaled(size)


def _run(subject: Subject, label: str | None) -> Trace:
    """Run the picture through the network."""
    from ..explorer.trace import trace

    network, x = subject.trained.network, subject.inputs
    if label is not None:
        number = subject.class_of(label)
    elif subject.label is not None:
        number = subject.label
    else:
        number = int(network.predict(x[None])[0])
    return trace(network, x, number)


def _in_words(subject: Subject, result: Trace) -> str:
    names = subject.class_names
    h, w, _ = subject.pixels.shape
    return (
        f"{subject.network_name} looks at {subject.picture_name}, {h}x{w} pixels\n"
        f"loss {result.loss:.4f} for the class {names[result.label]!r}; {len(result.steps)} layers"
    )


def _checked(path: Path) -> Path:
    """A place for a file, before any work is done for it."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a file in it with --out")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")
    return path


def _write(path: Path, html: str, opens: bool) -> None:
    from ..weights.writing import whole_file

    with whole_file(path) as file:
        file.write(html.encode())
    typer.echo(f"Wrote {path}, {path.stat().st_size / 1e6:.1f} MB: open it in a browser")
    if opens:
        webbrowser.open(path.resolve().as_uri())


def _serve(html: str, port: int, opens: bool) -> None:
    from ..explorer.serve import address, server

    with server(html, port) as one:
        typer.echo(f"Serving on {address(one)} until Ctrl-C")
        if opens:
            webbrowser.open(address(one))
        try:
            one.serve_forever()
        except KeyboardInterrupt:
            typer.echo("Stopped")
