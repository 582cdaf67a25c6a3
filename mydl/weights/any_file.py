"""Read a weight file of any kind: what it is, its content says and not its name."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..layer import Array
from . import deep_compression, npz, onnx_files, safetensors_files, tensorflow, torch_files
from .npz import WeightsError
from .raw import reading

# The magic number of PyTorch's legacy files, as a pickle has it behind its first bytes.
TORCH_LEGACY = struct.pack("<Q", 0x1950A86A20F9469CFC6C & (1 << 64) - 1)

# The kinds of files, and the checksum that covers each of their tensors.
CHECKSUMS = {
    "mydl": "CRC-32",
    "npz": "CRC-32",
    "torch": "CRC-32",
    "torch-legacy": None,
    "safetensors": "SHA-256",  # if mydl wrote it
    "tensorflow": "CRC-32C",
    "onnx": "SHA-256",  # if mydl wrote it
    "deep-compression": "SHA-256",  # of the only such file there is
}


@dataclass(frozen=True)
class WeightFile:
    """The tensors of a file.

    Attributes
    ----------
    path
        Of the file.
    kind
        A key of ``CHECKSUMS``.
    checksum
        Which checksum the tensors had, and have been found to be right by; None if the file has
        none, so that changed numbers could not be noticed.
    tensors
        By the names and in the layouts of the file.
    """

    path: Path
    kind: str
    checksum: str | None
    tensors: dict[str, Array]


def read_any(path: Path) -> WeightFile:
    """The tensors of a file of any kind.

    Parameters
    ----------
    path
        Of the file; for a TensorFlow checkpoint of any of its files, of its folder, or what the
        names of its files begin with; for a run of ``mydl train`` the run's folder.

    Raises
    ------
    WeightsError
        The file is missing, damaged or of no known kind.
    """
    if path.is_dir() and (path / "model.npz").is_file():
        path = path / "model.npz"
    kind = kind_of(path)
    checksum = CHECKSUMS[kind]
    if kind in _VERIFIERS:
        tensors, verified = _VERIFIERS[kind](path)
        checksum = checksum if verified else None
    else:
        tensors = _READERS[kind](path)
    if kind == "npz" and tensors.pop(npz.DESCRIPTION, None) is not None:
        kind = "mydl"
    return WeightFile(path, kind, checksum, tensors)


def kind_of(path: Path) -> str:
    """Which kind of file this is, a key of ``CHECKSUMS``; our own .npz files are "npz" here.

    Raises
    ------
    WeightsError
        The file is missing or of no known kind.
    """
    with reading(path):
        start, size = b"", 0
        if path.is_file():
            with path.open("rb") as file:
                start, size = file.read(32), path.stat().st_size
    if start.startswith(b"PK"):
        return _kind_of_archive(path)
    if start.startswith(b"\x80") and TORCH_LEGACY in start:
        return "torch-legacy"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= size - 8:
        return "safetensors"
    # A checkpoint is several files, which their names hold together.
    if tensorflow.is_checkpoint(path):
        return "tensorflow"
    if path.is_dir():
        raise WeightsError(f"{path}: the folder has neither a model.npz nor a checkpoint")
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file")
    if deep_compression.is_deep_compression(path):
        return "deep-compression"
    if onnx_files.is_onnx(path):
        return "onnx"
    raise WeightsError(
        f"{path}: this is no weight file of a known kind: .npz, PyTorch's .pth, .safetensors, "
        "TensorFlow's checkpoints, ONNX or Deep Compression"
    )


def _kind_of_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception as error:  # zipfile raises a dozen kinds on damaged files
        raise WeightsError(f"{path}: a damaged zip archive ({error})") from None
    if any(name.endswith("/data.pkl") for name in names):
        return "torch"
    if any(name.endswith(".npy") for name in names):
        return "npz"
    raise WeightsError(f"{path}: a zip archive, but neither NumPy's nor PyTorch's")


def _read_onnx(path: Path) -> tuple[dict[str, Array], bool]:
    """An ONNX file, with matrices as PyTorch has them, (out, in), however the graph uses them."""
    tensors, verified = onnx_files.read_and_verify(path)
    for name in {weight for use, weight, _ in onnx_files.graph_order(path) if use == "MatMul"}:
        if name in tensors:
            tensors[name] = tensors[name].T
    return tensors, verified


_READERS: dict[str, Callable[[Path], dict[str, Array]]] = {
    "npz": npz.read,
    "torch": torch_files.read,
    "torch-legacy": torch_files.read,
    "tensorflow": tensorflow.read,
    "deep-compression": deep_compression.read,
}

# Formats without a checksum, except for the one that mydl writes into its files.
_VERIFIERS: dict[str, Callable[[Path], tuple[dict[str, Array], bool]]] = {
    "safetensors": safetensors_files.read_and_verify,
    "onnx": _read_onnx,
}
