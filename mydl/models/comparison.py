"""Networks side by side: parameters, bytes and multiplications of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ..layer import Shape
from ..names import unknown
from . import MODEL_NAMES, build_model
from .summary import aligned

HEADER = (
    *("network", "image", "output", "parameters", "ratio"),
    *("bytes", "multiply-adds", "ratio"),
)


@dataclass(frozen=True)
class ComparedNetwork:
    """A network's totals, and those divided by the first network's.

    Attributes
    ----------
    name
        As ``build_model`` takes it.
    input_shape
        Of one image.
    output_shape
        For one image.
    parameters
        How many numbers are trained.
    float32_bytes
        What they take up at four bytes each.
    multiply_adds
        Of one image's forward pass.
    parameter_ratio, multiply_add_ratio
        To the first network.
    """

    name: str
    input_shape: Shape
    output_shape: Shape
    parameters: int
    float32_bytes: int
    multiply_adds: int
    parameter_ratio: float
    multiply_add_ratio: float


@dataclass(frozen=True)
class Comparison:
    """Networks in the order they were asked for; prints as a table."""

    networks: tuple[ComparedNetwork, ...]

    @property
    def note(self) -> str:
        """What stands below the table."""
        return f"bytes: of the parameters in float32; ratio: to {self.networks[0].name}"

    def cells(self) -> list[tuple[str, ...]]:
        """The table's lines below ``HEADER``."""
        return [
            (
                network.name,
                "x".join(map(str, network.input_shape)),
                "x".join(map(str, network.output_shape)),
                f"{network.parameters:,}",
                f"{network.parameter_ratio:.3g}",
                f"{network.float32_bytes:,}",
                f"{network.multiply_adds:,}",
                f"{network.multiply_add_ratio:.3g}",
            )
            for network in self.networks
        ]

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain dicts, lists and numbers, for JSON."""
        return {
            "networks": [
                {
                    **asdict(network),
                    "input_shape": list(network.input_shape),
                    "output_shape": list(network.output_shape),
                }
                for network in self.networks
            ]
        }

    def __str__(self) -> str:
        return "\n".join([*aligned([HEADER, *self.cells()], left=1), "", self.note])


def compare(names: Iterable[str], input_shape: Shape | None = None, **options: Any) -> Comparison:
    """Put networks side by side.

    Parameters
    ----------
    names
        Of the networks, as :func:`mydl.models.build_model` takes them, at least one.
    input_shape
        (H, W, C) of one image; None takes what each was designed for.
    **options
        Of ``build_model``, for all of them.

    Raises
    ------
    ValueError
        There is no such network or option; the message says which are near.
    LayerError
        Such an image does not fit one of them.

    Examples
    --------
    >>> print(compare(["squeezenet1_1_cifar", "nin_cifar"]))
    network                image  output  parameters  ratio      bytes  multiply-adds  ratio
    squeezenet1_1_cifar  32x32x3      10     727,626      1  2,910,504     23,511,040      1
    nin_cifar            32x32x3      10     966,986   1.33  3,867,944    222,486,528   9.46
    <BLANKLINE>
    bytes: of the parameters in float32; ratio: to squeezenet1_1_cifar
    """
    names = list(names)
    if not names:
        raise ValueError("name at least one network to compare")
    for name in names:  # before the first is built, which can take seconds
        if name not in MODEL_NAMES:
            raise ValueError(unknown("model", name, MODEL_NAMES))
    networks: list[ComparedNetwork] = []
    for name in names:
        network = build_model(name, **options)
        shape = network.image_shape if input_shape is None else input_shape
        batch_of_one = (1, *shape)
        parameters = network.num_parameters()
        multiply_adds = network.multiply_adds(batch_of_one)
        first = networks[0] if networks else None
        networks.append(
            ComparedNetwork(
                name,
                shape,
                network.output_shape(batch_of_one)[1:],
                parameters,
                4 * parameters,
                multiply_adds,
                parameters / first.parameters if first else 1.0,
                multiply_adds / first.multiply_adds if first else 1.0,
            )
        )
    return Comparison(tuple(networks))
