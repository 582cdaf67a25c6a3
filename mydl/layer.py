"""The contract that every layer keeps: read this file first.

A layer is a function with a memory. ``forward`` computes ``y`` from ``x``; ``backward`` receives
``dy``, the gradient of the loss with respect to ``y``, **adds** the gradient of each parameter to
that parameter's ``grad``, and returns ``dx``, the gradient with respect to ``x``. That is the whole
of backpropagation: a network is layers whose backward passes are called in the opposite order.

Activations are ``(N, H, W, C)``: samples, rows, columns, channels.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterator
from typing import Any, NoReturn, Self, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Shape: TypeAlias = tuple[int, ...]

# complex128 serves the complex-step derivative of mydl.gradcheck, never training.
DTYPES = tuple(np.dtype(name) for name in ("float32", "float64", "complex128"))


class LayerError(ValueError):
    """A layer was asked for what it cannot do; the message says where, what and what instead.

    Parameters
    ----------
    message
        One sentence.
    layer
        The class of the layer that it is about, such as "Conv2d"; empty if it is about several.
    """

    def __init__(self, message: str, layer: str = "") -> None:
        super().__init__(message)
        self.layer = layer


def whole_number(value: Any, name: str, least: int) -> int:
    """``value`` as an int of at least ``least``; ValueError naming the argument if it is not."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, got {value!r}") from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {value!r}")
    return number


def all_finite(array: Array) -> bool:
    """Whether an array holds neither NaN nor infinity.

    One sum is far cheaper than isfinite over every value, and is finite when all values are,
    barring overflow, which the second look settles.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        total = array.sum()
    return bool(np.isfinite(total) or np.isfinite(array).all())


class Buffer:
    """An array that belongs to a layer's state but is not trained, such as a running mean.

    Assigning to ``data`` copies the values into the array that is there, so that views of it stay
    valid.
    """

    def __init__(self, data: Array) -> None:
        if not isinstance(data, np.ndarray) or data.dtype not in DTYPES:
            got = data.dtype if isinstance(data, np.ndarray) else type(data).__name__
            raise ValueError(f"expected an array of float32 or float64, got {got}")
        self._data = data

    @property
    def data(self) -> Array:
        """The array; assigning copies into it."""
        return self._data

    @data.setter
    def data(self, values: Array) -> None:
        values = np.asarray(values)
        if values.shape != self._data.shape:
            raise ValueError(f"expected an array of shape {self._data.shape}, got {values.shape}")
        castable = np.can_cast(values.dtype, self._data.dtype, "same_kind")
        if not castable or values.dtype.kind in "iub":
            raise ValueError(
                f"expected {self._data.dtype} values, got {values.dtype}: convert them with "
                f".astype(np.{self._data.dtype})"
            )
        self._data[...] = values

    def bind(self, data: Array) -> None:
        """Move the values into ``data``, an array of the same shape, and use it from now on."""
        data[...] = self._data
        self._data = data

    @property
    def shape(self) -> Shape:
        """Of the array."""
        return self._data.shape

    @property
    def size(self) -> int:
        """How many numbers the array holds."""
        return self._data.size

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shape}, {self._data.dtype})"


class Parameter(Buffer):
    """A trained array ``data`` and ``grad``, the gradient of the loss with respect to it.

    Backward passes add to ``grad``; whoever trains sets it to zero between steps.

    >>> p = Parameter(np.ones((2, 3), np.float32))
    >>> p.grad += 0.5
    >>> p.zero_grad()
    >>> float(p.grad.sum())
    0.0
    """

    def __init__(self, data: Array) -> None:
        super().__init__(data)
        self._grad = np.zeros_like(data)

    @property
    def grad(self) -> Array:
        """dLoss/d data, to which backward passes add; assigning copies into it."""
        return self._grad

    @grad.setter
    def grad(self, values: Array) -> None:
        self._grad[...] = values

    def bind_grad(self, grad: Array) -> None:
        """Move the gradient into ``grad``, an array of the same shape, and use it from now on."""
        grad[...] = self._grad
        self._grad = grad

    def zero_grad(self) -> None:
        """Set the gradient to zero."""
        self._grad[...] = 0


class Layer:
    """Base of every layer and container.

    A subclass writes ``forward``, ``backward`` and ``output_shape``. Its parameters, buffers and
    child layers are plain attributes; the methods here find them.

    Attributes
    ----------
    training
        True in training mode, where ``forward`` keeps what ``backward`` needs; False in evaluation
        mode, where nothing is kept.
    path
        The layer's place in the network it belongs to, as in ``features.fire4.expand3x3``; empty
        for a layer on its own. Error messages begin with it.
    """

    path = ""
    training = True
    _kept: tuple[Any, ...] | None = None

    # ---- the contract -----------------------------------------------------------------------

    def forward(self, x: Array) -> Array:
        """Compute the layer's output ``y``; in training mode keep what ``backward`` needs."""
        raise NotImplementedError

    def backward(self, dy: Array) -> Array:
        """Add to each parameter's ``grad`` and return ``dx``, given ``dy`` = dLoss/dy."""
        raise NotImplementedError

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of ``forward(x)`` for ``x`` of ``input_shape``; LayerError if there is none."""
        raise NotImplementedError

    def multiply_adds(self, input_shape: Shape) -> int:
        """Multiplications (each with its addition) of one forward pass: 0 where there are none."""
        return sum(child.multiply_adds(input_shape) for child in self.children().values())

    # ---- what forward hands to backward -------------------------------------------------------

    def _keep(self, *kept: Any) -> None:
        """In training mode, hold what the next ``backward`` needs."""
        self._kept = kept if self.training else None

    def _take(self) -> Any:
        """Give back what ``forward`` kept, once."""
        kept, self._kept = self._kept, None
        if kept is None:
            self.fail(
                "backward needs a forward pass in training mode before it, one for each call: "
                + ("call forward(x) first" if self.training else "call train(), then forward(x)")
            )
        return kept

    # ---- checks -----------------------------------------------------------------------------

    def fail(self, message: str) -> NoReturn:
        """Raise a LayerError that begins with the layer's path and kind."""
        kind = type(self).__name__
        place = f"{self.path} ({kind})" if self.path else kind
        raise LayerError(f"{place}: {message}", kind)

    def _check_input(self, x: Array) -> Array:
        """Return ``x`` as a contiguous array after checking it and the layer's own parameters."""
        for name, value in vars(self).items():
            if isinstance(value, Buffer):
                self._check_finite(name, value)
        return self._check_array(x, "x")

    def _check_array(self, array: Array, name: str) -> Array:
        if not isinstance(array, np.ndarray):
            self.fail(f"{name} must be a NumPy array, got {type(array).__name__}")
        if array.dtype not in DTYPES:
            self.fail(
                f"expected float32 or float64 values in {name}, got {array.dtype}: convert them "
                f"with {name}.astype(np.float32)"
            )
        for parameter_name, parameter in self._own(Parameter):
            if array.dtype != parameter.data.dtype:
                self.fail(
                    f"{name} is {array.dtype} but {parameter_name} is {parameter.data.dtype}: "
                    f"convert one, with {name}.astype(np.{parameter.data.dtype}) or "
                    f"layer.astype(np.{array.dtype})"
                )
        return np.asarray(array, order="C")

    def _check_finite(self, name: str, buffer: Buffer) -> None:
        if not all_finite(buffer.data):
            bad = np.argwhere(~np.isfinite(buffer.data))
            index = tuple(int(i) for i in bad[0])
            self.fail(
                f"{name} has {len(bad)} values that are not finite, the first at index {index}: "
                f"{buffer.data[index]}"
            )

    def _check_gradient(self, dy: Array, shape: Shape) -> Array:
        """Return ``dy`` as a contiguous array after checking it against the output's shape."""
        dy = self._check_array(dy, "dy")
        if dy.shape != shape:
            self.fail(f"dy must have the shape of the output, {shape}, got {dy.shape}")
        return dy

    def _check_image_shape(self, shape: Shape) -> tuple[int, int, int, int]:
        """Return ``shape`` if it is that of a batch of images, (N, H, W, C)."""
        if len(shape) != 4:
            self.fail(f"expected an input of shape (N, H, W, C), got {shape}")
        n, h, w, c = shape
        return n, h, w, c

    # ---- the tree -----------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if isinstance(value, Layer):
            value._place(f"{self.path}.{name}" if self.path else name)

    def _place(self, path: str) -> None:
        """Set the path of this layer and of everything below it."""
        places: dict[int, str] = {}
        for place, layer in self.named_layers(path):
            first = places.setdefault(id(layer), place)
            if first != place:
                raise LayerError(
                    f"one {type(layer).__name__} is in two places, {first!r} and {place!r}: a "
                    "layer holds one forward pass, so that each place needs a layer of its own"
                )
            object.__setattr__(layer, "path", place)

    def _own(self, kind: type[Buffer]) -> Iterator[tuple[str, Any]]:
        return ((k, v) for k, v in vars(self).items() if type(v) is kind)

    def children(self) -> dict[str, Layer]:
        """The layers directly inside this one, by name, in the order of the forward pass."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Layer)}

    def named_layers(self, prefix: str = "") -> Iterator[tuple[str, Layer]]:
        """This layer and every layer below it, each with its path from here."""
        yield prefix, self
        for name, child in self.children().items():
            yield from child.named_layers(f"{prefix}.{name}" if prefix else name)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its path, as in ``features.fire2.squeeze.weight``."""
        yield from self._named(Parameter)

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Every buffer (state that is not trained) with its path."""
        yield from self._named(Buffer)

    def _named(self, kind: type[Buffer]) -> Iterator[tuple[str, Any]]:
        for path, layer in self.named_layers():
            for name, value in layer._own(kind):
                yield (f"{path}.{name}" if path else name), value

    def parameters(self) -> list[Parameter]:
        """Every parameter of the layer and the layers below it."""
        return [parameter for _, parameter in self.named_parameters()]

    def num_parameters(self) -> int:
        """How many numbers are trained."""
        return sum(parameter.size for parameter in self.parameters())

    def zero_grad(self) -> None:
        """Set every gradient to zero."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def train(self, mode: bool = True) -> Self:
        """Switch the layer and everything below it to training mode."""
        for _, layer in self.named_layers():
            layer.training = mode
        return self

    def eval(self) -> Self:
        """Switch to evaluation mode: no dropout, running statistics are used, nothing is kept."""
        return self.train(False)

    def astype(self, dtype: DTypeLike) -> Self:
        """A copy of the layer whose parameters and buffers have another dtype."""
        other = copy.deepcopy(self)
        for _, layer in other.named_layers():
            layer._kept = None
            for name, value in list(vars(layer).items()):
                if isinstance(value, Buffer):
                    object.__setattr__(layer, name, type(value)(value.data.astype(dtype)))
        return other

    # ---- saving -------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers by path."""
        return {path: buffer.data.copy() for path, buffer in self._state()}

    def load_state_dict(self, state: dict[str, Array]) -> None:
        """Set all parameters and buffers; on any mismatch raise and change nothing."""
        own = dict(self._state())
        missing, extra = own.keys() - state.keys(), state.keys() - own.keys()
        if missing or extra:
            words = [
                f"{len(names)} {what}, such as {min(names)}"
                for what, names in (("missing", missing), ("unknown", extra))
                if names
            ]
            self.fail(f"the state does not fit this network: {'; '.join(words)}")
        values = {path: np.asarray(value) for path, value in state.items()}
        for path, value in values.items():
            if value.shape != own[path].shape or value.dtype.kind != "f":
                self.fail(
                    f"{path}: expected floats of shape {own[path].shape}, "
                    f"got {value.dtype} of shape {value.shape}"
                )
        for path, buffer in own.items():
            buffer.data = values[path]

    def _state(self) -> Iterator[tuple[str, Buffer]]:
        yield from self.named_parameters()
        yield from self.named_buffers()

    # ---- printing -------------------------------------------------------------------------------

    def _describe(self) -> str:
        """The arguments shown between the parentheses of ``repr``."""
        return ""

    def __repr__(self) -> str:
        head = f"{type(self).__name__}({self._describe()})"
        lines = [f"{name}: {child!r}" for name, child in self.children().items()]
        return "\n  ".join([head, *"\n".join(lines).splitlines()])
