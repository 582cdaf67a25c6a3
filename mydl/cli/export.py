"""``mydl export``: write a trained network for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..models import Network
    from ..models.saved import ModelCard

TOLERANCE = 1e-4  # of logits from another program, relative to the largest


def export(
    weights: Annotated[Path, typer.Argument(help="A run's folder or a model.npz.")],
    output: Annotated[Path, typer.Argument(help="File to write; its ending says the format.")],
) -> None:
    """Write a trained network for other programs.

    .onnx for ONNX Runtime; .pth and .safetensors with PyTorch's names and layouts; .npz for mydl.
    """
    from ..models.saved import load_model
    from ..models.storing import save_weights, writer_of

    writer_of(output)  # a wrong ending is told before anything is loaded
    if not output.parent.is_dir():
        raise ValueError(f"{output}: there is no folder {output.parent}")
    model, card = load_model(weights)
    try:
        save_weights(model, output, card)
    except ImportError as error:
        raise ValueError(str(error)) from None
    typer.echo(f"{output}: {card.model} trained on {card.data}, {output.stat().st_size:,} bytes")
    if output.suffix.lower() == ".onnx":
        _say_how_to_run(model, card, output)


def _say_how_to_run(model: Network, card: ModelCard, output: Path) -> None:
    from ..models.onnx_export import INPUT, OUTPUT

    h, w, c = card.image_shape
    typer.echo(f"input   {INPUT}: float32 (N, {c}, {h}, {w})")
    typer.echo(f"output  {OUTPUT}: float32 (N, {len(card.class_names)})")
    typer.echo(_compare_with_onnxruntime(model, card, output))


def _compare_with_onnxruntime(model: Network, card: ModelCard, path: Path) -> str:
    """Run random images here and in ONNX Runtime; returns the sentence that says they agree.

    Raises
    ------
    ValueError
        They do not.
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
