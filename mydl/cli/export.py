"""``mydl export``: write a trained network for other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..models import SqueezeNet
    from ..models.saved import ModelCard

TOLERANCE = 1e-4  # of logits from another program, relative to the largest


def export(
    weights: Annotated[Path, typer.Argument(help="A run's folder or a model.npz.")],
    output: Annotated[Path, typer.Argument(help="File to write; its ending says the format.")],
) -> None:
    """Write a trained network for other programs: .onnx for ONNX Runtime."""
    from ..models.saved import load_model

    write = WRITERS.get(output.suffix.lower())
    if write is None:
        raise ValueError(f"{output}: the ending must be one of {', '.join(WRITERS)}")
    if not output.parent.is_dir():
        raise ValueError(f"{output}: there is no folder {output.parent}")
    model, card = load_model(weights)
    write(model, card, output)


def _write_onnx(model: SqueezeNet, card: ModelCard, output: Path) -> None:
    from ..models.onnx_export import INPUT, OUTPUT, export_onnx

    try:
        export_onnx(model, output, card=card)
    except ImportError as error:
        raise ValueError(str(error)) from None
    _say_written(output, card)
    h, w, c = card.image_shape
    typer.echo(f"input   {INPUT}: float32 (N, {c}, {h}, {w})")
    typer.echo(f"output  {OUTPUT}: float32 (N, {len(card.class_names)})")
    typer.echo(_compare_with_onnxruntime(model, card, output))


def _compare_with_onnxruntime(model: SqueezeNet, card: ModelCard, path: Path) -> str:
    """Run random images here and in ONNX Runtime; returns the sentence that says they agree.

    Raises:
        ValueError: they do not.
    """
    import numpy as np

    from ..models.onnx_export import INPUT

    try:
        import onnxruntime
    except ImportError:
        return "not run in ONNX Runtime, which is not installed: pip install 'mydl[onnx]'"
    images = np.random.default_rng(0).normal(size=(4, *card.image_shape)).astype(np.float32)
    wanted = model.eval().forward(images)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {INPUT: images.transpose(0, 3, 1, 2)})
    largest = max(np.abs(wanted).max(), np.finfo(np.float32).tiny)  # a last ReLU may leave zeros
    difference = float(np.abs(logits - wanted).max() / largest)
    if not difference <= TOLERANCE:
        raise ValueError(
            f"{path}: ONNX Runtime {onnxruntime.__version__} computes other logits than mydl, a "
            f"relative difference of {difference:.1e}: do not use the file"
        )
    return (
        f"run in ONNX Runtime {onnxruntime.__version__}: the logits of {len(images)} random images "
        f"are mydl's, up to {difference:.1e} of the largest"
    )


def _say_written(output: Path, card: ModelCard) -> None:
    typer.echo(f"{output}: {card.model} trained on {card.data}, {output.stat().st_size:,} bytes")


# By the ending of the file.
WRITERS: dict[str, Callable[[SqueezeNet, ModelCard, Path], None]] = {".onnx": _write_onnx}
