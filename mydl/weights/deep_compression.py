"""Read SqueezeNet 1.0 as Deep Compression leaves it: 0.66 MB for 1.2 million weights.

Two thirds of the weights were pruned, and those that remain take one of 255 values, chosen for each
layer. The file therefore has for each weight that remains one byte, the place of its value in the
layer's list (the codebook), and half a byte, how many pruned weights lie between it and the one
before (the gap). A gap of more than 15 is bridged with entries of code 0, whose value is zero.

The file has neither names nor shapes nor a checksum: it can only be read by who knows the network.

References
----------
Han, Mao and Dally, Deep Compression (arXiv 1510.00149), sections 2 and 3; the file is that of
https://github.com/songhan/SqueezeNet-Deep-Compression.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np

from ..layer import Array
from .raw import FormatError, content, reading

Shape4 = tuple[int, int, int, int]

PUBLISHED = "e4ab6960ae8cd81505e1c2136921201507e930966c53deaf15862a395b3a3261"  # SHA-256

CODES = 256  # values in a codebook
BRIDGE = 15  # the gap of an entry that only bridges pruned weights


def _layers() -> dict[str, Shape4]:
    """SqueezeNet 1.0's convolutions in the order of the file, (out, in, K_h, K_w)."""
    layers: dict[str, Shape4] = {"features.conv1": (96, 3, 7, 7)}
    channels = 96
    for fire, squeezed in enumerate((16, 16, 32, 32, 48, 48, 64, 64), start=2):
        expanded = 4 * squeezed
        layers[f"features.fire{fire}.squeeze"] = (squeezed, channels, 1, 1)
        layers[f"features.fire{fire}.expand1x1"] = (expanded, squeezed, 1, 1)
        layers[f"features.fire{fire}.expand3x3"] = (expanded, squeezed, 3, 3)
        channels = 2 * expanded
    layers["classifier.conv10"] = (1000, channels, 1, 1)
    return layers


LAYERS = _layers()
HEADER = 4 * len(LAYERS)  # bytes: the number of entries of each layer
LARGEST = HEADER + sum(  # bytes, were nothing pruned
    4 * CODES + 4 * shape[0] + math.prod(shape) * 3 // 2 + 1 for shape in LAYERS.values()
)


def read(path: Path, sha256: str | None = PUBLISHED) -> dict[str, Array]:
    """The weights and biases in a Deep Compression file of SqueezeNet 1.0, in float32.

    Parameters
    ----------
    path
        Of the file.
    sha256
        The checksum that the file must have, that of the published file unless another is given.
        None takes any file of this form, though damage to a code then goes unseen.

    Returns
    -------
    dict[str, Array]
        By this package's names, as in ``features.fire2.squeeze.weight``; weights have the layout
        of the file, (out, in, K_h, K_w).

    Raises
    ------
    WeightsError
        The file is missing, damaged or of another kind; the message says at which byte.
    """
    with reading(path):
        raw = content(path, LARGEST)
        counts = _counts(raw, len(raw))
        arrays: dict[str, Array] = {}
        offset = HEADER
        for (layer, shape), count in zip(LAYERS.items(), counts, strict=True):
            record = raw[offset : offset + _record_size(shape, count)]
            arrays[f"{layer}.weight"], arrays[f"{layer}.bias"] = _layer(
                record, shape, count, f"{layer}, the layer at byte {offset}, has"
            )
            offset += len(record)
        if sha256 is not None and hashlib.sha256(raw).hexdigest() != sha256:
            raise FormatError(
                "it has the form of SqueezeNet 1.0 after Deep Compression, but not the checksum "
                "that it should: it is damaged, or not the published file"
            )
    return arrays


def is_deep_compression(path: Path) -> bool:
    """Whether a file has exactly the length that its header says; its codes are not looked at."""
    try:
        with path.open("rb") as file:
            _counts(file.read(HEADER), path.stat().st_size)
    except (FormatError, OSError):
        return False
    return True


def _record_size(shape: Shape4, count: int) -> int:
    """Bytes of a layer: codebook, bias, codes, and gaps, two in a byte."""
    return 4 * CODES + 4 * shape[0] + count + (count + 1) // 2


def _counts(raw: bytes, length: int) -> list[int]:
    """The number of entries of each layer, if a file with them would have this length."""
    if length < HEADER:
        raise FormatError(f"it ends in the header, at byte {length} of {HEADER}")
    counts: list[int] = np.frombuffer(raw[:HEADER], "<u4").tolist()
    for k, (count, (layer, shape)) in enumerate(zip(counts, LAYERS.items(), strict=True)):
        if count > math.prod(shape):
            raise FormatError(
                f"byte {4 * k} gives {layer} {count} entries for {math.prod(shape)} weights: this "
                "is not SqueezeNet 1.0 after Deep Compression"
            )
    sizes = map(_record_size, LAYERS.values(), counts)
    needed = HEADER + sum(sizes)
    if length != needed:
        raise FormatError(f"it has {length} bytes, but its header says {needed}")
    return counts


def _layer(record: bytes, shape: Shape4, count: int, name: str) -> tuple[Array, Array]:
    """Weight and bias of a layer.

    Parameters
    ----------
    record
        The layer's bytes.
    shape
        Of the weight.
    count
        Of entries, with those that only bridge.
    name
        The beginning of a sentence that says what is wrong.
    """
    floats = np.frombuffer(record, "<f4", CODES + shape[0])
    codebook, bias = floats[:CODES], floats[CODES:].astype(np.float32)
    codes, pairs = np.split(np.frombuffer(record, np.uint8, offset=floats.nbytes), [count])
    gaps = np.stack([pairs & 15, pairs >> 4], axis=1).reshape(-1)[:count]  # low half first
    if not np.isfinite(floats).all():
        raise FormatError(f"{name} a value or bias that is not finite")
    if codebook[0]:
        raise FormatError(f"{name} a codebook that does not begin with zero")
    if (gaps[codes == 0] != BRIDGE).any():
        raise FormatError(f"{name} an entry of value zero that does not bridge a gap")
    positions = np.cumsum(gaps + 1, dtype=np.int64) - 1
    if count and positions[-1] >= math.prod(shape):
        raise FormatError(f"{name} entries beyond the last of {math.prod(shape)} weights")
    weight = np.zeros(math.prod(shape), np.float32)
    weight[positions] = codebook[codes]
    return weight.reshape(shape), bias
