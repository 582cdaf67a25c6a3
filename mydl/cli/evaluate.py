"""``mydl eval``: how good a trained network is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .pages import about

if TYPE_CHECKING:
    from ..training.evaluation import Evaluation

FOLDER = "imagefolder"
MOST_CLASSES = 30  # whose accuracies are listed


@dataclass(frozen=True)
class _Test:
    """What there is to tell: who was tested, on what, how, and how it went."""

    network: str
    data: str
    class_names: Sequence[str]
    result: Evaluation
    mirror: bool = False


def evaluate(
    run: Annotated[
        Path | None,
        typer.Argument(help="A run's folder or a model.npz.", show_default=False),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="A file of ImageNet weights, or as RUN.", show_default=False)
    ] = None,
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="Test the embedded ImageNet network.")
    ] = False,
    preprocess: Annotated[
        str, typer.Option(help="Images that a file's weights expect: caffe, torchvision.")
    ] = "",
    data: Annotated[
        str | None,
        typer.Option(help="Data set to test on.", show_default="the one it was trained on"),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder or archive with the data set.")
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Photographs: test on all, not just those kept for testing."),
    ] = False,
    mirror: Annotated[
        bool | None,
        typer.Option(
            "--mirror/--no-mirror",
            help="A run: take the mean over each image and its mirror image.",
            show_default="as in training",
        ),
    ] = None,
    download: Annotated[bool, typer.Option("--download", help="Download without asking.")] = False,
    threads: Annotated[
        int | None, typer.Option(help="Threads to use.", show_default="one a core")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Test a trained network: loss, accuracy and the accuracy of each class.

    A run is tested on the test images of its data. An ImageNet network (--pretrained or --weights)
    is tested on a folder of photographs (--data imagefolder --data-dir DIR), in which each class's
    folder is named by the class's synset id (n01440764) or by its name (tench).
    """
    from ..models.saved import is_saved_model

    with about("fine-tuning"):  # the page on tests with photographs
        path = _only_one(run, weights, pretrained, data)
        if path is not None and not everything and (path.is_dir() or is_saved_model(path)):
            with about("first-run"):
                test = _test_run(path, preprocess, data, data_dir, download, threads, mirror)
        elif mirror:
            raise ValueError("--mirror is for runs of mydl, not for networks for ImageNet")
        elif data in (None, FOLDER):
            test = _test_photographs(path, preprocess, data_dir, threads)
        else:
            raise ValueError(
                f"--all and networks for ImageNet are for folders of photographs, not for {data}: "
                f"give --data {FOLDER} --data-dir DIR"
            )
    typer.echo(_as_json(test) if as_json else _as_text(test))


def _only_one(
    run: Path | None, weights: Path | None, pretrained: bool, data: str | None
) -> Path | None:
    """The file of the network; None stands for the embedded one.

    Raises
    ------
    ValueError
        Not just one network was named.
    """
    named = [path for path in (run, weights) if path is not None]
    if len(named) + pretrained > 1:
        raise ValueError("RUN, --weights and --pretrained each name a network: give one of them")
    if not named and not pretrained and data != FOLDER:
        raise ValueError("name what to test: a run's folder, --weights FILE or --pretrained")
    return named[0] if named else None


def _test_run(
    path: Path,
    preprocess: str,
    data: str | None,
    data_dir: Path | None,
    download: bool,
    threads: int | None,
    mirror: bool | None,
) -> _Test:
    """Test a network that mydl has trained on the test images of a data set."""
    import numpy as np

    from ..models.saved import load_model
    from ..parallel import ShardedModel
    from ..training.evaluation import evaluate as evaluate_model
    from .datasets import open_dataset

    if preprocess:
        raise ValueError(f"{path} says itself how images go in: leave out --preprocess")
    model, card = load_model(path)
    data = data or card.data
    size = card.image_shape[0]
    dataset = open_dataset(data, data_dir, download, size if data == FOLDER else 0)
    if tuple(dataset.class_names) != card.class_names:
        raise ValueError(
            f"{path} tells {len(card.class_names)} classes apart "
            f"({', '.join(card.class_names)}), but {dataset.name} has {len(dataset.class_names)} "
            f"({', '.join(dataset.class_names)}): choose the data it was trained on, {card.data}"
        )
    # Images must go in as they did in training.
    dataset = replace(dataset, mean=np.array(card.mean), std=np.array(card.std))
    mirror = card.mirror if mirror is None else mirror
    result = evaluate_model(ShardedModel(model, threads=threads), dataset, mirror=mirror)
    return _Test(str(path), dataset.name, dataset.class_names, result, mirror)


def _test_photographs(
    path: Path | None, preprocess: str, data_dir: Path | None, threads: int | None
) -> _Test:
    """Test a network, the embedded one if there is no path, on a folder of photographs."""
    from ..classifier import Classifier
    from ..data.imagefolder import existing_folder
    from ..training.labelled import evaluate_labelled, find_labelled

    if path is None:
        classifier = Classifier.pretrained(threads)
    else:
        classifier = Classifier.from_file(path, preprocess, threads)
    photographs = find_labelled(existing_folder(data_dir), classifier.classes)
    result, notes = evaluate_labelled(classifier, photographs)
    for note in notes:
        typer.echo(f"{FOLDER}: {note}", err=True)
    names = [f"{c.synset} {c.label}" if c.synset else c.label for c in classifier.classes]
    network = "the embedded SqueezeNet 1.1" if path is None else str(path)
    return _Test(network, FOLDER, names, result)


def _as_json(test: _Test) -> str:
    result = test.result
    document = {
        "weights": test.network,
        "data": test.data,
        "images": len(result.probabilities),
        "mirror": test.mirror,
        "loss": result.loss,
        "accuracy": result.accuracy,
        "top5": result.top5,
        "class_accuracy": {name: share for name, share, _ in _by_class(test)},
    }
    return json.dumps(document, indent=2)


def _as_text(test: _Test) -> str:
    result = test.result
    lines = [
        f"{test.network} on {len(result.probabilities):,} test images of {test.data}"
        + (", each with its mirror image" if test.mirror else ""),
        f"loss      {result.loss:.4f}",
        f"accuracy  {result.accuracy:.2%}",
    ]
    if len(test.class_names) > 5:
        lines.append(f"top 5     {result.top5:.2%}")
    classes = _by_class(test)
    if len(classes) > MOST_CLASSES:
        return "\n".join([*lines, f"\n--json shows the accuracy of each of {len(classes)} classes"])
    width = max(len(name) for name, _, _ in classes)
    rows = [f"{name:{width}}  {share:7.2%} of {count:,}" for name, share, count in classes]
    return "\n".join([*lines, "", *rows])


def _by_class(test: _Test) -> list[tuple[str, float, int]]:
    """Name, accuracy and number of images of each class that has some."""
    shares = test.result.class_accuracy.tolist()
    counts = test.result.confusion.sum(axis=1).tolist()
    rows = zip(test.class_names, shares, counts, strict=True)
    return [(name, share, count) for name, share, count in rows if count]
