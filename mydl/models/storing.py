"""Write the weights of a network for mydl and for other programs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ..layer import Array
from ..weights import save_npz
from .naming import flattened, to_torch, torch_names
from .network import Network

if TYPE_CHECKING:
    from .saved import ModelCard

    Writer = Callable[[Network, Path, ModelCard | None], None]


def save_weights(
    network: Network, path: str | os.PathLike[str], card: ModelCard | None = None
) -> None:
    """Write all parameters of a network, all or nothing, in the format that the ending says.

    ==================  ===========================================================================
    ``.npz``            for mydl, under its own names
    ``.pth``, ``.pt``   a PyTorch state dict with torchvision's names and layouts, which its
                        networks load with ``strict=True``
    ``.safetensors``    the same names and layouts, and a checksum
    ``.onnx``           the network itself, for inference, see :func:`export_onnx`
    ==================  ===========================================================================

    :func:`load_weights` reads the same numbers back from each (from ``.onnx`` in float32).

    Parameters
    ----------
    network
        Any network; its mode does not matter.
    path
        Of the file to write.
    card
        What else to say of the network, where the format has a place for it.

    Raises
    ------
    ValueError
        The ending is none of these.
    OSError
        The place cannot be written; an earlier file there is intact.
    """
    path = Path(path)
    writer_of(path)(network, path, card)


def writer_of(path: Path) -> Writer:
    """What writes the format that a file's ending says; ValueError if there is none."""
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise ValueError(f"{path}: the ending must be one of {', '.join(WRITERS)}")
    return write


def torch_state(network: Network) -> dict[str, Array]:
    """All parameters and buffers by torchvision's names and in its layouts.

    >>> from mydl.models import squeezenet1_1
    >>> torch_state(squeezenet1_1())["features.3.expand3x3.weight"].shape
    (64, 16, 3, 3)
    """
    names, before = torch_names(network), flattened(network)
    return {
        names[path]: to_torch(values, before.get(path))
        for path, values in network.state_dict().items()
    }


def _write_npz(network: Network, path: Path, card: ModelCard | None) -> None:
    save_npz(path, network.state_dict(), asdict(card) if card else {})


def _write_torch(network: Network, path: Path, card: ModelCard | None) -> None:
    from ..weights import torch_files

    torch_files.write(path, torch_state(network))


def _write_safetensors(network: Network, path: Path, card: ModelCard | None) -> None:
    from ..weights import safetensors_files

    safetensors_files.write(path, torch_state(network))


def _write_onnx(network: Network, path: Path, card: ModelCard | None) -> None:
    from .onnx_export import export_onnx

    export_onnx(network, path, card=card)


# By the ending of the file.
WRITERS: dict[str, Writer] = {
    ".npz": _write_npz,
    ".pth": _write_torch,
    ".pt": _write_torch,
    ".safetensors": _write_safetensors,
    ".onnx": _write_onnx,
}
