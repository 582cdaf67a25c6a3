"""``mydl classify``: what is on a photograph."""

from __future__ import annotations

import glob
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..classifier import Classifier

AT_ONCE = 32  # photographs in memory
BAR = 24  # characters of the bar that stands for certainty


def classify(
    photographs: Annotated[
        list[str], typer.Argument(help="Files, folders of files, or patterns such as '*.jpg'.")
    ],
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
    for start in range(0, len(paths), AT_ONCE):
        for result in _classify(classifier, paths[start : start + AT_ONCE], top, faults):
            results.append(result)
            if not as_json:
                typer.echo(_described(result))
    if as_json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    for fault in faults:
        typer.echo(f"mydl: {fault}", err=True)
    if faults:
        sys.exit(1)


def find_photographs(names: list[str]) -> tuple[list[Path], list[str]]:
    """The files that names, folders and patterns stand for, and a sentence for each of nothing."""
    from ..data.imagefolder import ENDINGS

    paths: list[Path] = []
    faults = []
    for name in names:
        path = Path(name).expanduser()
        if path.is_dir():
            found = sorted(p for p in path.iterdir() if p.suffix.lower() in ENDINGS and p.is_file())
            if not found:
                faults.append(f"{path}: the folder has no pictures ({', '.join(ENDINGS)})")
        elif not path.exists() and glob.has_magic(name):
            found = sorted(
                Path(p) for p in glob.glob(str(path), recursive=True) if Path(p).is_file()
            )
            if not found:
                faults.append(f"{name}: no file fits this pattern")
        else:
            found = [path]
        paths += found
    return paths, faults


def _classify(
    classifier: Classifier, paths: list[Path], top: int, faults: list[str]
) -> Iterator[dict[str, Any]]:
    """The result for each file that can be read, as JSON has it; others add to ``faults``."""
    from concurrent.futures import ThreadPoolExecutor

    from ..data.dataset import DataError

    def read(path: Path) -> Any:
        try:
            return classifier.prepare(path)
        except DataError as error:
            return error

    with ThreadPoolExecutor() as pool:
        read_ = list(zip(paths, pool.map(read, paths), strict=True))
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


def _described(result: dict[str, Any]) -> str:
    """A line for the file and one for each class, with a bar."""
    lines = [result["file"]]
    for prediction in result["predictions"]:
        p = prediction["probability"]
        bar = "█" * round(BAR * p)
        lines.append(f"  {100 * p:5.1f} %  {bar:{BAR}}  {prediction['label']}")
    return "\n".join(lines) + "\n"
