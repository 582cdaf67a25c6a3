"""``mydl eval``: how good a trained network is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    weights: Annotated[Path, typer.Argument(help="A run's folder or a model.npz.")],
    data: Annotated[
        str | None,
        typer.Option(help="Data set to test on.", show_default="the one it was trained on"),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder or archive with the data set.")
    ] = None,
    download: Annotated[bool, typer.Option("--download", help="Download without asking.")] = False,
    threads: Annotated[
        int | None, typer.Option(help="Threads to use.", show_default="one a core")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Test a trained network: loss, accuracy and the accuracy of each class."""
    from dataclasses import replace

    import numpy as np

    from ..models.saved import load_model
    from ..parallel import ShardedModel
    from ..training.evaluation import evaluate as evaluate_model
    from .datasets import open_dataset

    model, card = load_model(weights)
    dataset = open_dataset(data or card.data, data_dir, download)
    if tuple(dataset.class_names) != card.class_names:
        raise ValueError(
            f"{weights} tells {len(card.class_names)} classes apart "
            f"({', '.join(card.class_names)}), but {dataset.name} has {len(dataset.class_names)} "
            f"({', '.join(dataset.class_names)}): choose the data it was trained on, {card.data}"
        )
    # Images must go in as they did in training.
    dataset = replace(dataset, mean=np.array(card.mean), std=np.array(card.std))
    result = evaluate_model(ShardedModel(model, threads=threads), dataset)
    if as_json:
        by_class = dict(zip(dataset.class_names, result.class_accuracy.tolist(), strict=True))
        document = {
            "weights": str(weights),
            "data": dataset.name,
            "images": len(dataset.test_labels),
            "loss": result.loss,
            "accuracy": result.accuracy,
            "class_accuracy": by_class,
        }
        typer.echo(json.dumps(document, indent=2))
        return
    typer.echo(f"{weights} on {len(dataset.test_labels):,} test images of {dataset.name}")
    typer.echo(f"loss      {result.loss:.4f}\naccuracy  {result.accuracy:.2%}\n")
    width = max(map(len, dataset.class_names))
    counts = result.confusion.sum(axis=1)
    for name, share, count in zip(dataset.class_names, result.class_accuracy, counts, strict=True):
        typer.echo(f"{name:{width}}  {share:7.2%} of {count:,}")
