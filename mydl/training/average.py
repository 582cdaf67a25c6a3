"""An exponential moving average of the weights, which is often better than the last of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..layer import Array
from ..parameter_vector import ParameterVector


class Average:
    """Follow a network's parameters and buffers at a distance.

    ::

        d        = min(decay, (1 + steps) / (10 + steps))
        average += (1 - d) (value - average)             after each step

    The average forgets a step after about 1 / (1 - decay) others; while there have been few, d is
    smaller, so that the random weights of the start are forgotten sooner.

    Parameters
    ----------
    vector
        What is followed.
    decay
        Greater than 0 and less than 1.

    Attributes
    ----------
    parameters, buffers
        The averages, laid out as ``vector.data`` and ``vector.state``.

    References
    ----------
    Polyak and Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging"; the smaller d
    of the first steps is TensorFlow's, tf.train.ExponentialMovingAverage.

    Examples
    --------
    >>> from mydl.layers import Linear
    >>> vector = ParameterVector(Linear(2, 1))
    >>> average = Average(vector, decay=0.99)
    >>> before = float(vector.data[0])
    >>> vector.data += 1
    >>> average.update(step=0)
    >>> round(float(average.parameters[0]) - before, 3)  # d = 0.1
    0.9
    """

    def __init__(self, vector: ParameterVector, decay: float) -> None:
        self.decay = decay
        self._vector = vector
        self.parameters, self.buffers = vector.data.copy(), vector.state.copy()

    def update(self, step: int) -> None:
        """Move the averages towards the values after step number ``step``, counted from 0."""
        d = min(self.decay, (1 + step) / (10 + step))
        for average, value in self._pairs():
            average += average.dtype.type(1 - d) * (value - average)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the averages until the block ends."""
        kept = [value.copy() for _, value in self._pairs()]
        try:
            for average, value in self._pairs():
                value[...] = average
            yield
        finally:
            for (_, value), own in zip(self._pairs(), kept, strict=True):
                value[...] = own

    def _pairs(self) -> list[tuple[Array, Array]]:
        """Each average with the values that it follows."""
        return [(self.parameters, self._vector.data), (self.buffers, self._vector.state)]
