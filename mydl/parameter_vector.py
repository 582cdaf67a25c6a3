"""All parameters of a model in one flat array, all gradients in another, all state in a third."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .layer import Array, Buffer, Layer, all_finite

ALIGNMENT = 16  # numbers: in float32 each array starts on a cache line of 64 bytes


class ParameterVector:
    """Turn a model's arrays into views of three flat ones.

    An optimizer step, the norm of a gradient, a checkpoint or a sum over shards is then a single
    array operation. The gaps between the arrays, which each start on a cache line, hold zeros.

    Parameters
    ----------
    model
        Its parameters and buffers keep their values and become views. All must have one dtype.
    data
        The flat parameters of another copy of this model, to share them; new ones if None.

    Attributes
    ----------
    data
        All parameters, one-dimensional.
    grad
        All gradients, in the same places.
    state
        All buffers, such as the running statistics of batch norm.
    slices
        Where each parameter lies in ``data`` and ``grad``, by its path.
    matrices
        Of each weight with two or more axes, its slice and the shape of the matrix that multiplies
        the input, (inputs, outputs).

    Examples
    --------
    >>> from mydl.layers import Linear
    >>> layer = Linear(3, 2)
    >>> vector = ParameterVector(layer)
    >>> vector.grad += 1
    >>> layer.bias.grad
    array([1., 1.], dtype=float32)
    """

    def __init__(self, model: Layer, data: Array | None = None) -> None:
        parameters = dict(model.named_parameters())
        buffers = dict(model.named_buffers())
        dtypes = {buffer.data.dtype for buffer in [*parameters.values(), *buffers.values()]}
        if len(dtypes) > 1:
            model.fail(f"all parameters must have one dtype, got {sorted(map(str, dtypes))}")
        dtype = dtypes.pop() if dtypes else np.dtype(np.float32)
        self.slices, size = _lay_out(parameters)
        state_slices, state_size = _lay_out(buffers)
        self.data = np.zeros(size, dtype) if data is None else data
        self.grad = np.zeros(size, dtype)
        self.state = np.zeros(state_size, dtype)
        self.matrices = [
            (self.slices[path], (parameter.size // parameter.shape[-1], parameter.shape[-1]))
            for path, parameter in parameters.items()
            if len(parameter.shape) > 1
        ]
        for path, parameter in parameters.items():
            place = self.slices[path]
            parameter.bind(self.data[place].reshape(parameter.shape))
            parameter.bind_grad(self.grad[place].reshape(parameter.shape))
        for path, buffer in buffers.items():
            buffer.bind(self.state[state_slices[path]].reshape(buffer.shape))

    def first_bad(self, flat: Array) -> str | None:
        """The path of the first parameter whose part of ``flat`` is not finite, if there is one."""
        if all_finite(flat):
            return None
        bad = (path for path, place in self.slices.items() if not all_finite(flat[place]))
        return next(bad, None)


def _lay_out(buffers: Mapping[str, Buffer]) -> tuple[dict[str, slice], int]:
    """A slice for each array, one after the other, and the size of the whole."""
    slices, start = {}, 0
    for path, buffer in buffers.items():
        slices[path] = slice(start, start + buffer.size)
        start += -(-buffer.size // ALIGNMENT) * ALIGNMENT
    return slices, start
