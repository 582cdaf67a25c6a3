"""Trouble in training, seen early and by its name: what turned bad first, what is dead or fading.

All of it looks at one small batch that goes through a copy of the network, forwards and backwards,
layer by layer as they are written in ``mydl.layers``.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from ..layer import Array, Layer, Parameter, all_finite
from ..layers.relu import ReLU
from ..parallel import Loss
from ..parameter_vector import ParameterVector

NEAR = 0.25  # a first loss within this share of ln(classes) is as it should be
# Share of a hidden ReLU's units. In a trained network, units that wait for something which few
# images show look dead in a small batch: 87 % of those of SqueezeNet's fire9 in one of digits.
MOSTLY_DEAD = 0.9
EXPLODED = 1e5  # deviation of activations; those of healthy networks are from 0.01 to 1,000
FADED = 1e-8  # deviation of activations that are not all zero
# Gradient norm / weight norm. A rate of 0.01 to 1 makes a thousandth of the weights, which a step
# should be, of ratios from 0.001 to 0.1.
STEEP, FLAT = 1e3, 1e-7


class TrainingDiverged(ValueError):
    """The loss, a gradient or a parameter is no longer finite; the message says where it began."""


@dataclass(frozen=True)
class LayerHealth:
    """How a layer with parameters, or a ReLU, is doing.

    Attributes
    ----------
    path
        Of the layer in its network.
    kind
        Name of its class.
    dead_units
        Share of the channels that are zero at every position of every image.
    zeros
        Share of the activations that are zero.
    deviation
        Standard deviation of the activations.
    gradient_ratio
        Norm of the weight's gradient / norm of the weight; NaN for a ReLU.
    """

    path: str
    kind: str
    dead_units: float
    zeros: float
    deviation: float
    gradient_ratio: float


class _Found(Exception):
    """The first bad array; its message says which."""


def first_bad(model: Layer, loss: Loss, x: Array, labels: Array) -> str | None:
    """What is the first to be infinite or NaN when images go forwards and backwards.

    Parameters
    ----------
    model
        The network, which is left as it is.
    loss
        Its loss.
    x
        Images as the network takes them, (N, H, W, C).
    labels
        Their labels.

    Returns
    -------
    str | None
        Part of a sentence, which names the layer and the array; None if everything is finite.

    Examples
    --------
    >>> from mydl.layers import Linear
    >>> from mydl.losses import SoftmaxCrossEntropy
    >>> net = Linear(2, 2)
    >>> net.weight.data[0, 0] = np.nan
    >>> first_bad(net, SoftmaxCrossEntropy(), np.ones((1, 2), np.float32), np.array([0]))
    'weight has 1 value that is not finite'
    """

    def heard(layer: Layer, way: str, given: Array, result: Array) -> None:
        place = layer.path or type(layer).__name__
        if way == "backward":
            for name, parameter in _parameters(layer):
                _check(parameter.grad, f"the gradient of {place}.{name}", _largest("dy", given))
            _check(result, f"the gradient that {place} hands back", _largest("dy", given))
        else:
            sizes = [_largest("input", given)]
            sizes += [_largest(name, parameter.data) for name, parameter in _parameters(layer)]
            _check(result, f"the output of {place}", ", ".join(sizes))

    listening = _listening(model, heard)
    try:
        _check(x, "the input")
        for path, buffer in [*model.named_parameters(), *model.named_buffers()]:
            _check(buffer.data, path)
        with np.errstate(all="ignore"), _small_batch():
            logits = listening.forward(x)
            value = loss.forward(logits, labels)
            if not math.isfinite(value):
                return f"the loss is {value}; {_largest('logits', logits)}"
            dy = loss.backward()
            _check(dy, "the gradient of the logits", _largest("logits", logits))
            listening.backward(dy)
    except _Found as found:
        return str(found)
    return None


def layer_health(model: Layer, loss: Loss, x: Array, labels: Array) -> list[LayerHealth]:
    """How each layer that has parameters, and each ReLU, is doing on some images.

    The arguments are those of :func:`first_bad`.

    Returns
    -------
    list[LayerHealth]
        The layers in the order of the forward pass.
    """
    outputs: dict[str, Array] = {}

    def heard(layer: Layer, way: str, given: Array, result: Array) -> None:
        if way == "forward" and (isinstance(layer, ReLU) or _parameters(layer)):
            outputs[layer.path] = result

    listening = _listening(model, heard)
    listening.zero_grad()
    with np.errstate(all="ignore"), _small_batch():
        loss.forward(listening.forward(x), labels)
        listening.backward(loss.backward())
        layers = dict(listening.named_layers())
        return [_health(layers[path], y) for path, y in outputs.items()]


def _health(layer: Layer, y: Array) -> LayerHealth:
    zero = y == 0
    parameters = [parameter for _, parameter in _parameters(layer)]
    return LayerHealth(
        path=layer.path,
        kind=type(layer).__name__,
        dead_units=float(zero.all(axis=tuple(range(y.ndim - 1))).mean()),
        zeros=float(zero.mean()),
        deviation=float(y.std(dtype=np.float64)),
        gradient_ratio=_ratio(parameters[0]) if parameters else math.nan,
    )


def _ratio(parameter: Parameter) -> float:
    gradient, size = (
        float(np.linalg.norm(a.astype(np.float64))) for a in (parameter.grad, parameter.data)
    )
    if size == 0:
        return math.inf if gradient else 0.0
    return gradient / size


def warnings(health: Sequence[LayerHealth]) -> list[str]:
    """A sentence for each kind of trouble that layers are in, with the worst of them.

    The thresholds are the constants of this module. They are far from what healthy networks show,
    so that a warning means something.
    """
    if not health:
        return []
    sentences = []
    *hidden, last = health
    if last.kind == "ReLU" and last.dead_units > 0:
        sentences.append(
            f"{last.path}: {last.dead_units:.0%} of the classes get the output zero for every "
            "image, and a ReLU that is zero passes no gradient; leave out the last ReLU "
            "(--no-final-relu)"
        )
    relus = [layer for layer in hidden if layer.kind == "ReLU"]
    dead = max(relus, key=lambda layer: layer.dead_units, default=None)
    if dead is not None and dead.dead_units > MOSTLY_DEAD:
        sentences.append(
            f"{dead.path}: {dead.dead_units:.0%} of its units are zero for every image, so that no "
            "gradient reaches them any more; lower the learning rate or use batch norm"
        )
    alive = [layer for layer in health if layer.zeros < 1]
    wildest = max(health, key=lambda layer: layer.deviation)
    if wildest.deviation > EXPLODED:
        sentences.append(
            f"{wildest.path}: its activations have grown to a deviation of {wildest.deviation:.1g};"
            " lower the learning rate, limit the gradient (--clip-norm) or use batch norm"
        )
    faintest = min(alive, key=lambda layer: layer.deviation, default=None)
    if faintest is not None and faintest.deviation < FADED:
        sentences.append(
            f"{faintest.path}: its activations have faded to a deviation of "
            f"{faintest.deviation:.1g}; use batch norm"
        )
    trained = [layer for layer in health if not math.isnan(layer.gradient_ratio)]
    steep = max(trained, key=lambda layer: layer.gradient_ratio, default=None)
    if steep is not None and steep.gradient_ratio > STEEP:
        sentences.append(
            f"{steep.path}: its gradient is {steep.gradient_ratio:.1g} times as large as its "
            "weights (exploding); limit it (--clip-norm) or use batch norm"
        )
    flat = min(trained, key=lambda layer: layer.gradient_ratio, default=None)
    if flat is not None and flat.gradient_ratio < FLAT:
        sentences.append(
            f"{flat.path}: its gradient is {flat.gradient_ratio:.1g} of its weights (vanishing), "
            "so that it learns nothing"
        )
    return sentences


def update_ratio(vector: ParameterVector, before: Array) -> float:
    """Size of a step as a share of the weights' size: the median over the layers that it moved.

    About a thousandth is healthy; much less learns slowly, much more forgets what was learnt.

    Parameters
    ----------
    vector
        The parameters after the step.
    before
        ``vector.data`` before it.

    References
    ----------
    Karpathy, "CS231n", Neural Networks 3, "Ratio of weights:updates".

    Examples
    --------
    >>> from mydl.layers import Linear
    >>> vector = ParameterVector(Linear(2, 2))
    >>> before = vector.data.copy()
    >>> vector.data *= 1.01
    >>> round(update_ratio(vector, before), 4)
    0.01
    """
    ratios = []
    for path, place in vector.slices.items():
        size = float(np.linalg.norm(before[place]))
        step = float(np.linalg.norm(vector.data[place] - before[place]))
        if path.endswith("weight") and size > 0:
            ratios.append(step / size)
    moved = [ratio for ratio in ratios if ratio > 0]  # the others are frozen
    return float(np.median(moved or ratios)) if ratios else math.nan


def sanity_line(loss: float, num_classes: int) -> str:
    """What the loss of the first step says: before learning, each class is equally likely.

    The loss is then -ln(1 / classes) = ln(classes).

    >>> sanity_line(2.31, 10)
    'first loss 2.31, near ln(10) = 2.30: as it should be'
    """
    chance = math.log(num_classes)
    start = f"first loss {loss:.2f}"
    goal = f"ln({num_classes}) = {chance:.2f}"
    if not math.isfinite(loss):
        return f"{start}: it should be near {goal}"
    if abs(loss - chance) <= NEAR * max(chance, 1):
        return f"{start}, near {goal}: as it should be"
    if loss > chance:
        return (
            f"{start}, above {goal}: the untrained network is sure of wrong answers; its last "
            "layer's weights or the images' values are too large"
        )
    return f"{start}, below {goal}: the network knows these labels already, or few classes occur"


# ---- listening to the layers --------------------------------------------------------------------

# Called after a layer's forward with (layer, "forward", x, y), or "backward" with dy and dx.
_Heard = Callable[[Layer, str, Array, Array], None]


def _listening(model: Layer, heard: _Heard) -> Layer:
    """A copy of a network in training mode that tells what each of its layers makes of what."""
    listening = copy.deepcopy(model).train()
    for _, layer in listening.named_layers():
        for way in ("forward", "backward"):
            setattr(layer, way, _telling(layer, way, heard))
    return listening


def _small_batch() -> threadpool_limits:
    """Keep BLAS to one thread: more would wait for each other longer than they compute."""
    return threadpool_limits(1, "blas")


def _telling(layer: Layer, way: str, heard: _Heard) -> Callable[[Array], Array]:
    inner: Callable[[Array], Array] = getattr(layer, way)

    def call(given: Array) -> Array:
        result = inner(given)
        heard(layer, way, given, result)
        return result

    return call


def _parameters(layer: Layer) -> list[tuple[str, Parameter]]:
    """The parameters of a layer itself, not of those inside it."""
    return [(name, value) for name, value in vars(layer).items() if isinstance(value, Parameter)]


def _largest(name: str, array: Array) -> str:
    """The largest absolute value of an array that may be empty."""
    return f"the largest value of its {name} is {np.abs(array).max(initial=0):.2g}"


def _check(array: Array, name: str, reason: str = "") -> None:
    """Raise _Found if not all of an array is finite."""
    if not all_finite(array):
        count = int((~np.isfinite(array)).sum())
        values = "1 value that is" if count == 1 else f"{count:,} values that are"
        raise _Found(f"{name} has {values} not finite" + (f"; {reason}" if reason else ""))
