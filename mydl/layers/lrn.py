"""Local response normalisation: a channel that is loud dampens its neighbours.

Derivation: docs/layers/lrn.md, or `mydl help lrn`.
"""

from __future__ import annotations

from ..layer import Array, Layer, Shape, whole_number


class LocalResponseNorm(Layer):
    """Divide each value by a power of the squares around it, across neighbouring channels.

    At each pixel by itself, with the window W(i) of ``size`` channels around channel i, which has
    fewer at the two ends::

        s_i = k + alpha / size * sum of x_j^2 over j in W(i)
        y_i = x_i s_i^-beta

    x_j is in its own numerator, and in the sum s_i of each channel whose window holds it::

        dy_i/dx_j = s_i^-beta  where i = j
                    - beta x_i s_i^(-beta-1) * 2 alpha / size * x_j  where j is in W(i)

    Windows are symmetric: j is in W(i) where i is in W(j). With x_i s_i^-beta = y_i then::

        dx_j = dy_j s_j^-beta - 2 alpha beta / size * x_j * sum of dy_i y_i / s_i over i in W(j)

    Kept for backward: ``x`` and ``s``.

    Parameters
    ----------
    size
        Channels in the window, an odd number.
    alpha
        Weight of the mean square in the window. Here, in PyTorch, Caffe and ONNX it is divided by
        ``size``; in the paper and in TensorFlow it is not, so that their 0.0001 with five channels
        is ``alpha=0.0005``.
    beta
        The power.
    k
        What is added, so that silence is not divided by; above 0.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    LayerError
        The input is no batch of images.

    Notes
    -----
    Shapes: x (N, H, W, C); y and dx have that of x.

    References
    ----------
    Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural
    Networks", section 3.3. The defaults are PyTorch's and Caffe's.

    Examples
    --------
    >>> import numpy as np
    >>> norm = LocalResponseNorm(3, alpha=3.0, beta=0.5, k=1.0)
    >>> x = np.array([0.0, 1.0, 1.0, 1.0]).reshape(1, 1, 1, 4)
    >>> norm.forward(x).squeeze() ** 2  # 1 / (1 + the squares around)
    array([0.        , 0.33333333, 0.25      , 0.33333333])
    >>> norm.backward(np.ones((1, 1, 1, 4))).shape
    (1, 1, 1, 4)
    """

    def __init__(
        self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
    ) -> None:
        self.size = whole_number(size, "size", 1)
        if self.size % 2 == 0:
            raise ValueError(f"size must be odd, for a window with a middle, got {size}")
        for name, value, fits, wanted in (
            ("alpha", alpha, 0 <= alpha < float("inf"), "0 or greater"),
            ("beta", beta, 0 <= beta < float("inf"), "0 or greater"),
            ("k", k, 0 < k < float("inf"), "greater than 0"),
        ):
            if not fits:
                raise ValueError(f"{name} must be {wanted} and finite, got {value}")
        self.alpha, self.beta, self.k = float(alpha), float(beta), float(k)

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        self.output_shape(x.shape)
        s = self.k + self.alpha / self.size * self._window_sum(x * x)  # (N, H, W, C)
        self._keep(x, s)
        return x * s**-self.beta

    def backward(self, dy: Array) -> Array:
        x, s = self._take()
        dy = self._check_gradient(dy, x.shape)
        scaled = dy * s**-self.beta  # dy_i y_i is scaled_i x_i
        others = self._window_sum(scaled * x / s)
        return scaled - 2 * self.alpha * self.beta / self.size * x * others

    def _window_sum(self, values: Array) -> Array:
        """For each channel the sum over its window: the channels themselves, then shifted ones."""
        total = values.copy()
        for shift in range(1, min(self.size // 2 + 1, values.shape[-1])):
            total[..., shift:] += values[..., :-shift]
            total[..., :-shift] += values[..., shift:]
        return total

    def output_shape(self, input_shape: Shape) -> Shape:
        return self._check_image_shape(input_shape)

    def _describe(self) -> str:
        return f"size={self.size}, alpha={self.alpha:g}, beta={self.beta:g}, k={self.k:g}"
