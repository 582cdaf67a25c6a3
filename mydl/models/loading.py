"""Load weights of any kind of file into a network, or build the network that they belong to."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..layer import Array, all_finite
from ..weights import WeightsError, load_npz
from ..weights.any_file import WeightFile, read_any
from ..weights.onnx_files import graph_order
from ..weights.raw import quoted
from .family import OtherNetwork, options_of
from .naming import TENSORFLOW, flattened, from_torch, our_shape, positions, to_path, torch_shape
from .network import Network
from .squeezenet import VERSIONS, SqueezeNet

CIFAR_CLASSES = (10, 100)  # of the two data sets of 32x32 pixels

# What PyTorch keeps beside the state of a batch norm, and TensorFlow beside weights.
COUNTER = "num_batches_tracked"
BOOKKEEPING = ("global_step", "save_counter", "beta1_power", "beta2_power")


@dataclass(frozen=True)
class LoadedWeights:
    """What was loaded.

    Attributes
    ----------
    kind
        Of the file, a key of ``mydl.weights.any_file.CHECKSUMS``.
    checksum
        Which checksum the tensors had and passed, such as "CRC-32"; None where the file has none,
        so that nobody can say whether its numbers are those that were written.
    """

    kind: str
    checksum: str | None


def load_weights(network: Network, path: str | os.PathLike[str]) -> LoadedWeights:
    """Set all parameters of a network from a file; on any error the network stays as it is.

    What kind of file it is, its content says. It may be our own .npz or one with PyTorch's names, a
    PyTorch state dict (.pth), .safetensors, a TensorFlow checkpoint, an ONNX file or the Deep
    Compression file of SqueezeNet 1.0; nothing in it is run. See docs/weights.md.

    Parameters
    ----------
    network
        The network that the file was written from, or one with the same parameters.
    path
        Of the file; a TensorFlow checkpoint is named by the beginning of its files' names.

    Raises
    ------
    WeightsError
        The file is missing, damaged or belongs to another network; the message names the tensor.
    """
    file = read_any(Path(path))
    network.load_state_dict(_state(network, file))
    return LoadedWeights(file.kind, file.checksum)


def network_of(path: str | os.PathLike[str], input_size: str | None = None) -> Network:
    """The network of the SqueezeNet family that a file has the weights of, with these weights.

    Version, sizes of the fire modules, bypass, batch norm and number of classes follow from the
    tensors. A file of a model that was trained with mydl says the rest; for others there are rules:

    - ``input_size``, and so the stride of conv1: "cifar" with 10 or 100 classes and in the version
      "tiny", or else "imagenet".
    - ReLU and dropout around conv10: as the functions for the versions have them, none in "tiny".
    - ``conv10_padding``: 1 in the Deep Compression file, or else 0.

    Parameters
    ----------
    path
        As for :func:`load_weights`.
    input_size
        "imagenet" or "cifar", where the rule is wrong.

    Raises
    ------
    WeightsError
        The file is missing, damaged or none of the family.
    """
    file = read_any(Path(path))
    if file.kind == "mydl" and "model" in load_npz(file.path)[1]:
        from .saved import load_model  # builds networks by name, of which this is a part

        model, _ = load_model(file.path)
        return model
    options = _options(file)
    tiny = options["version"] == "tiny"
    if input_size is None:
        cifar = tiny or options["num_classes"] in CIFAR_CLASSES
        input_size = "cifar" if cifar else "imagenet"
    network = SqueezeNet(
        input_size=input_size,
        dropout=0.0 if tiny else 0.5,
        final_relu=not tiny,
        conv10_padding=1 if file.kind == "deep-compression" else 0,
        **options,
    )
    network.load_state_dict(_state(network, file))
    return network


def _options(file: WeightFile) -> dict[str, Any]:
    """The arguments of the SqueezeNet whose weights a file has, as far as tensors tell them."""
    for version in VERSIONS:
        # Its names and positions are those of every network of the version.
        plain = SqueezeNet(version, num_classes=1)
        names = match(plain, file)
        ours = has_our_layout(file, plain.state_dict())
        shapes = {path: file.tensors[name].shape for path, name in names.items()}
        if not ours:
            shapes = {path: our_shape(shape) for path, shape in shapes.items()}
        try:
            options = options_of(shapes, version)
        except OtherNetwork as error:
            raise WeightsError(f"{file.path}: {error}") from None
        if options:
            return options
    some = ", ".join(map(quoted, list(file.tensors)[:3])) or "none"
    raise WeightsError(
        f"{file.path}: its {len(file.tensors)} tensors ({some}, ...) are not those of a "
        "SqueezeNet: build their network and use load_weights"
    )


def _state(network: Network, file: WeightFile) -> dict[str, Array]:
    """The state of a network in the tensors of a file.

    Raises
    ------
    WeightsError
        They are those of another network, or are not finite.
    """
    wanted = network.state_dict()
    names = match(network, file)
    _check_names(file, names, wanted)
    ours = has_our_layout(file, wanted)
    before = {} if ours else flattened(network)
    state = {}
    for path, like in wanted.items():
        name = names[path]
        values = file.tensors[name]
        if values.shape != (like.shape if ours else torch_shape(like.shape)):
            raise WeightsError(_wrong_shape(network, file, names, path))
        if values.dtype.kind != "f":
            raise WeightsError(
                f"{file.path}: {quoted(name)} has values of type {values.dtype}, not floats"
            )
        with np.errstate(over="ignore"):
            values = values.astype(like.dtype)
        if not all_finite(values):
            index = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            raise WeightsError(
                f"{file.path}: {quoted(name)} has values that are not finite in {like.dtype}, the "
                f"first at index {index}"
            )
        if not ours:
            # What mydl exports under its own names flattens as mydl does.
            values = from_torch(values, before.get(path) if name != path else None)
        state[path] = values
    return state


# ---- names --------------------------------------------------------------------------------------


def match(network: Network, file: WeightFile) -> dict[str, str]:
    """The name in the file for each path, as far as there is one, and extra ones under their own.

    Raises
    ------
    WeightsError
        Two names stand for the same parameter.
    """
    places = positions(network)
    names: dict[str, str] = {}
    for name in file.tensors:
        path = to_path(name, places)
        if path in names:
            raise WeightsError(
                f"{file.path}: {quoted(names[path])} and {quoted(name)} are both {path}"
            )
        names[path] = name
    wanted = network.state_dict()
    if file.kind == "onnx":
        if not names.keys() & wanted.keys():
            return _match_by_order(wanted, file)
        used = {name for _, *arrays in graph_order(file.path) for name in arrays}
        unused = {path for path, name in names.items() if name not in used}
        return {path: names[path] for path in names if path in wanted or path not in unused}
    return {
        path: name
        for path, name in names.items()
        if path in wanted or not _is_bookkeeping(name, file.tensors)
    }


def _match_by_order(wanted: Iterable[str], file: WeightFile) -> dict[str, str]:
    """Whoever wrote an ONNX file may have lost the names; the order of the layers is left."""
    names = [name for _, *arrays in graph_order(file.path) for name in arrays if name is not None]
    paths = list(wanted)
    fits = len(paths) == len(names) and all(name in file.tensors for name in names)
    return dict(zip(paths, names, strict=True)) if fits else {}


def _is_bookkeeping(name: str, tensors: Container[str]) -> bool:
    """Whether an array is none of the network but of an optimizer or a counter."""
    slot_of, _, _ = name.rpartition("/")
    return name.rpartition(".")[2] == COUNTER or name in BOOKKEEPING or slot_of in tensors


def has_our_layout(file: WeightFile, wanted: Container[str]) -> bool:
    """Whether weights lie as ours do, or else as PyTorch's do."""
    own_names = any(name in wanted for name in file.tensors)
    return (
        file.kind in ("mydl", "tensorflow")
        or (file.kind == "npz" and own_names)
        or any(map(TENSORFLOW.fullmatch, file.tensors))
    )


# ---- what to say --------------------------------------------------------------------------------


def _check_names(file: WeightFile, names: dict[str, str], wanted: dict[str, Array]) -> None:
    """Refuse a file with tensors that are missing or that the network has no place for."""
    missing = [path for path in wanted if path not in names]
    extra = [name for path, name in names.items() if path not in wanted]
    if len(missing) == len(wanted):
        some = ", ".join(map(quoted, list(file.tensors)[:3])) or "nothing"
        raise WeightsError(
            f"{file.path}: no tensor has a name of this network, such as {missing[0]}; the file "
            f"has {len(file.tensors)} tensors: {some}{', ...' if len(file.tensors) > 3 else ''}"
        )
    if missing or extra:
        faults = []
        if missing:
            faults.append(f"it has no tensor for {missing[0]}{_others(missing)}")
        if extra:
            faults.append(f"the network has no place for {quoted(extra[0])}{_others(extra)}")
        raise WeightsError(f"{file.path}: {_seems(file)}: {'; '.join(faults)}")


def _seems(file: WeightFile) -> str:
    """What network the file is of, if that can be told."""
    try:
        options = _options(file)
    except WeightsError:
        return "these are weights of another network"
    told = ("version", "num_classes", "bypass", "batch_norm")
    words = ", ".join(f"{option}={options[option]!r}" for option in told)
    return f"these are weights of another network, SqueezeNet({words})"


def _others(names: list[str]) -> str:
    return f" and {len(names) - 1} others" if len(names) > 1 else ""


def _wrong_shape(network: Network, file: WeightFile, names: dict[str, str], path: str) -> str:
    """The sentence for a tensor of another shape, which for the last layer says what to do."""
    wanted = network.state_dict()
    got, shape = file.tensors[names[path]].shape, wanted[path].shape
    if not has_our_layout(file, wanted):
        shape = torch_shape(shape)
    text = f"{quoted(names[path])} has shape {got}, but {path} needs {shape}"
    *_, last_weight, last_bias = (name for name, _ in network.named_parameters())
    if path == last_weight and (got[1:] == shape[1:] or got[:-1] == shape[:-1]):
        classes = file.tensors[names[last_bias]].size
        return (
            f"{file.path}: {text}: the file is for {classes} classes, build the network with "
            f"num_classes={classes}"
        )
    return f"{file.path}: {_seems(file)}: {text}"
