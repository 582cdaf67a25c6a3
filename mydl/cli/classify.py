"""``mydl classify``: what is on a photograph."""

from __future__ import annotations

import glob
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .pages import fail

if TYPE_CHECKING:
    from ..classifier import Classifier

AT_ONCE = 32  # photographs in memory
BAR = 24  # characters of the bar that stands for certainty
PATIENCE = 3.0  # seconds, after which a person at a terminal is told what they wait for
WHY_IT_TAKES_LONG = "compiling the kernels, which only the first run on a machine does"


def classify(
    photographs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PHOTOGRAPH", help="Files, folders of files, or patterns such as '*.jpg'."
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="File of weights, or the folder of a run.",
            show_default="SqueezeNet 1.1 trained on ImageNet, which comes with mydl",
        ),
    ] = None,
    preprocess: Annotated[
        str,
        typer.Option(
            help="How images go in: caffe or torchvision.",
            show_default="what the weights expect, as far as their file tells",
        ),
    ] = "",
    top: Annotated[int, typer.Option(help="Classes to show, the most probable ones.")] = 5,
    threads: Annotated[
        int | None, typer.Option(help="Threads to use.", show_default="one a core")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say what is on photographs: the most probable classes and their probabilities.

    Files that are no pictures are reported and skipped; the exit status is then 1.
    """
    from ..classifier import Classifier

    if not photographs:
        raise ValueError("name at least one photograph, folder or pattern: mydl classify cat.jpg")
    if top < 1:
        raise ValueError(f"--top must be at least 1, got {top}")
    if weights is None and preprocess not in ("", "caffe"):
        raise ValueError("the embedded weights need --preprocess caffe; name others with --weights")
    paths, faults = find_photographs(photographs)
    classifier = (
        Classifier.pretrained(threads)
        if weights is None
        else Classifier.from_file(weights, preprocess, threads)
    )
    if weights is not None:
        typer.echo(f"{weights}: images go in {classifier.how}", err=True)
    results = []
    why = threading.Timer(PATIENCE, typer.echo, [WHY_IT_TAKES_LONG], {"err": True})
    why.daemon = True
    if sys.stderr.isatty():
        why.start()
    for start in range(0, len(paths), AT_ONCE):
        for result in _classify(classifier, paths[start : start + AT_ONCE], top, faults):
            why.cancel()
            results.append(result)
            if not as_json:
                _show(_described(result, "█" if _can_show("█") else "#"))
    if as_json:
        print(json.dumps(results, indent=2))
    for fault in faults:
        typer.echo(f"mydl: {fault}", err=True)
    if faults:
        fail("classify")


def find_photographs(names: list[str]) -> tuple[list[Path], list[str]]:
    """The files that names, folders and patterns stand for, and a sentence for each of nothing.

    A pattern stands for the files that fit it, or if there are none, for the folders.
    """
    from ..data.imagefolder import ENDINGS, pictures_in

    paths: list[Path] = []
    faults = []
    for name in names:
        path = Path(name).expanduser()
        found = [path]
        if not path.exists() and glob.has_magic(name):
            fitting = sorted(map(Path, glob.glob(str(path), recursive=True)))
            found = [p for p in fitting if p.is_file()] or fitting
            if not found:
                faults.append(f"{name}: no file fits this pattern")
        for path in found:
            inside = pictures_in(path) if path.is_dir() else [path]
            paths += inside
            if not inside:
                faults.append(f"{path}: the folder has no pictures ({', '.join(ENDINGS)})")
    return paths, faults


def _classify(
    classifier: Classifier, paths: list[Path], top: int, faults: list[str]
) -> Iterator[dict[str, Any]]:
    """The result for each file that can be read, as JSON has it; others add to ``faults``."""
    from ..data.dataset import DataError

    read_ = list(zip(paths, classifier.prepare_all(paths), strict=True))
    faults += [str(image) for _, image in read_ if isinstance(image, DataError)]
    good = [(path, image) for path, image in read_ if not isinstance(image, DataError)]
    if not good:
        return
    for (path, _), row in zip(
        good, classifier.probabilities([image for _, image in good]), strict=True
    ):
        predictions = [
            {
                "index": int(index),
                "synset": classifier.classes[index].synset,
                "label": classifier.classes[index].label,
                "probability": float(row[index]),
            }
            for index in (-row).argsort(kind="stable")[:top]
        ]
        yield {"file": str(path), "predictions": predictions}


def _described(result: dict[str, Any], block: str) -> str:
    """A line for the file and one for each class, with a bar of blocks."""
    lines = [result["file"]]
    for prediction in result["predictions"]:
        p = prediction["probability"]
        lines.append(f"  {100 * p:5.1f} %  {block * round(BAR * p):{BAR}}  {prediction['label']}")
    return "\n".join(lines) + "\n"


def _show(text: str) -> None:
    """Print text, with an escape for what standard output cannot show, as in odd file names."""
    encoding = sys.stdout.encoding
    typer.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True
