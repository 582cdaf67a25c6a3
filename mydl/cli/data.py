"""``mydl data``: which data sets there are, what is in them, and what they look like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..data.dataset import Dataset
    from ..layer import Array
    from ..training.config import TrainingConfig

data = typer.Typer(
    no_args_is_help=True,
    help="Show which data sets there are, what is in them, and what they look like.",
)

MOST_CLASSES = 30  # that are listed one by one

Name = Annotated[str, typer.Argument(help="As `mydl train --data` takes it.", show_default=False)]
DataDir = Annotated[
    Path | None, typer.Option(help="Folder or archive with the data set.", show_default=False)
]
ImageSize = Annotated[int, typer.Option(help="Pixels of the side that photographs are scaled to.")]
Validation = Annotated[float, typer.Option(help="Share of the training images to validate on.")]
Download = Annotated[bool, typer.Option("--download", help="Download without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@data.command("list")
def list_all(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the data sets and where a copy of each was found."""
    from ..data import DATASETS, find_dataset

    places = {name: find_dataset(name, data_dir) for name in DATASETS}
    if as_json:
        documents = {
            name: {"about": DATASETS[name], "place": None if place is None else str(place)}
            for name, place in places.items()
        }
        typer.echo(json.dumps(documents, indent=2))
        return
    from .table import print_table

    own = {"digits": "in the package", "imagefolder": "--data-dir", "npz": "--data-dir"}
    rows = [
        [name, DATASETS[name], own.get(name) or (str(place) if place else "no copy found")]
        for name, place in places.items()
    ]
    print_table(["name", "what it is", "where"], rows, left=3)
    typer.echo(
        "\nCopies are looked for in $MYDL_DATA, ./data and the user's cache, or in --data-dir."
    )


@data.command()
def info(
    name: Name,
    data_dir: DataDir = None,
    image_size: ImageSize = 0,
    validation: Validation = 0.1,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Say how many images a data set has of each class, their mean and deviation, where it lies."""
    dataset = _open(name, data_dir, image_size, validation, download)
    document = _describe(dataset, data_dir)
    typer.echo(json.dumps(document, indent=2) if as_json else _as_text(document))


@data.command()
def show(
    name: Name,
    out: Annotated[Path, typer.Option(help="The PNG file to write.")] = Path("grid.png"),
    augment: Annotated[
        bool, typer.Option("--augment", help="Show images as training sees them, epoch by epoch.")
    ] = False,
    cutout: Annotated[int, typer.Option(help="With --augment, as `mydl train` takes it.")] = 0,
    mixup: Annotated[float, typer.Option(help="With --augment, as `mydl train` takes it.")] = 0.0,
    columns: Annotated[int, typer.Option(min=1, max=40, help="Images in a row.")] = 10,
    rows: Annotated[int, typer.Option(min=1, max=100, help="Classes to show, at most.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Chooses the images and what happens.")] = 0,
    epoch: Annotated[int, typer.Option(min=1, help="With --augment, the first to show.")] = 1,
    validation: Validation = 0.1,
    data_dir: DataDir = None,
    image_size: ImageSize = 0,
    download: Download = False,
) -> None:
    """Draw training images, a row for each class.

    With --augment a row is one image: as it is, and then as each epoch of a run with the same seed
    and the same validation images sees it.
    """
    from ..data.grid import draw_grid, first_of_each_class
    from ..training.config import TrainingConfig

    if (cutout or mixup) and not augment:
        raise ValueError("--cutout and --mixup go with --augment")
    config = TrainingConfig(data=name, cutout=cutout, mixup=mixup, seed=seed)
    dataset = _open(name, data_dir, image_size, validation, download)
    chosen = first_of_each_class(dataset, columns, seed)[:rows]
    if augment:
        epochs = range(epoch, epoch + columns - 1)
        pictures = _augmented(dataset, config, [row[0] for row in chosen], epochs)
        titles = ["as it is", *(f"epoch {number}" for number in epochs)]
    else:
        seen = slice(dataset.margin, dataset.margin + dataset.image_size)
        pictures, titles = [dataset.train_images[row][:, seen, seen] for row in chosen], []
    names = [dataset.class_names[dataset.train_labels[row[0]]] for row in chosen]
    draw_grid(out, pictures, names, titles)
    typer.echo(f"Wrote {out}: {len(names)} of {len(dataset.class_names)} classes of {name}")


def _open(
    name: str, data_dir: Path | None, image_size: int, validation: float, download: bool
) -> Dataset:
    from ..data.split import hold_out
    from .datasets import open_dataset

    return hold_out(open_dataset(name, data_dir, download, image_size), validation)


def _augmented(
    dataset: Dataset, config: TrainingConfig, chosen: list[int], epochs: range
) -> list[Array]:
    """Each chosen image as it is and as epochs, counted from 1, see it: (1 + epochs, S, S, C)."""
    import numpy as np

    from ..training.images import TrainingImages

    indices = np.array(chosen)
    images = TrainingImages(dataset, config)
    seen = [images.plain().load(indices, 0)[0]]
    seen += [images.load(indices, epoch - 1)[0] for epoch in epochs]
    pixels = (np.stack(seen, axis=1) * dataset.std + dataset.mean) * 255
    return list(np.rint(pixels).clip(0, 255).astype(np.uint8))


def _describe(dataset: Dataset, data_dir: Path | None) -> dict[str, Any]:
    import numpy as np

    from ..data import DATASETS, find_dataset
    from ..data.fitted import mean_and_deviation

    mean, std = mean_and_deviation(dataset.train_images)
    counts = {}
    for part in ("train", "validation", "test"):
        labels = getattr(dataset, f"{part}_labels")
        if labels is not None:
            counts[part] = np.bincount(labels, minlength=len(dataset.class_names)).tolist()
    return {
        "name": dataset.name,
        "about": DATASETS[dataset.name],
        "place": str(find_dataset(dataset.name, data_dir)),
        "image_shape": list(dataset.image_shape),
        "images": {part: sum(numbers) for part, numbers in counts.items()},
        "mean": mean.tolist(),
        "std": std.tolist(),
        "normalised_by": {"mean": dataset.mean.tolist(), "std": dataset.std.tolist()},
        "mirror": dataset.mirror,
        "classes": {
            name: {part: numbers[i] for part, numbers in counts.items()}
            for i, name in enumerate(dataset.class_names)
        },
    }


def _as_text(document: dict[str, Any]) -> str:
    from .table import plain_table

    height, width, channels = document["image_shape"]
    by = document["normalised_by"]
    images = ", ".join(f"{count:,} {part}" for part, count in document["images"].items())
    lines = [
        f"{document['name']}: {document['about']}",
        f"lies in    {document['place']}",
        f"images     {images}",
        f"size       {height}x{width} pixels, {channels} channels",
        f"mean       {_numbers(document['mean'])}",
        f"deviation  {_numbers(document['std'])}",
        f"inputs     minus {_numbers(by['mean'])}, divided by {_numbers(by['std'])}",
        f"mirrored   {'yes' if document['mirror'] else 'no'}, when images are augmented",
        "",
    ]
    classes = document["classes"]
    if len(classes) > MOST_CLASSES:
        sizes = [sum(counts.values()) for counts in classes.values()]
        return "\n".join(
            [*lines, f"{len(classes)} classes of {min(sizes):,} to {max(sizes):,}; --json has all"]
        )
    rows = [[name, *(f"{count:,}" for count in of.values())] for name, of in classes.items()]
    return "\n".join([*lines, plain_table(["class", *document["images"]], rows, left=1)])


def _numbers(values: list[float]) -> str:
    return ", ".join(f"{value:.4f}" for value in values)
