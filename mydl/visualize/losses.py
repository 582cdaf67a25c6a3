"""What makes two pictures alike to a network, as losses with their gradients.

Each has ``forward``, which gives a number, and ``backward``, which gives the gradient with respect
to its first argument, as :class:`mydl.SoftmaxCrossEntropy` does. The losses of features are divided
by the size of their target: 0 is the same and 1 as far off as nothing at all, in any layer of any
network, so that the weights of several can be compared.
"""

from __future__ import annotations

import numpy as np

from ..layer import Array, LayerError


class _Loss:
    """What the losses share: ``forward`` keeps what one ``backward`` needs."""

    _kept: tuple[Array, ...] | None = None

    def _take(self) -> tuple[Array, ...]:
        kept, self._kept = self._kept, None
        if kept is None:
            raise LayerError(
                f"{type(self).__name__}: backward needs a forward pass before it, one for each call"
            )
        return kept

    def _check_shapes(self, got: Array, target: Array) -> None:
        if got.shape != target.shape:
            raise LayerError(
                f"{type(self).__name__}: expected a target of shape {got.shape}, got {target.shape}"
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ContentLoss(_Loss):
    """How far features are from those of another picture, place by place.

    ::

        loss = |F - T|^2 / |T|^2
        dF   = 2 (F - T) / |T|^2

    References
    ----------
    Gatys, Ecker and Bethge 2015, "A Neural Algorithm of Artistic Style" (arXiv 1508.06576),
    equations 1 and 2; the divisor is that of Mahendran and Vedaldi 2014 (arXiv 1412.0035), section
    3.

    Examples
    --------
    >>> loss = ContentLoss()
    >>> loss.forward(np.array([3.0, 1.0]), np.array([1.0, 1.0]))
    2.0
    >>> loss.backward()
    array([2., 0.])
    """

    def forward(self, features: Array, target: Array) -> float:
        """The loss.

        Parameters
        ----------
        features
            Of the picture, any shape.
        target
            Those of the other picture, of the same shape.
        """
        self._check_shapes(features, target)
        difference = features - target
        size = _square(target)
        self._kept = difference, size
        return float(_square(difference) / size)

    def backward(self) -> Array:
        """dLoss/dfeatures."""
        difference, size = self._take()
        return 2 * difference / size


def gram(features: Array) -> Array:
    """How often each two channels are active together: the style of a picture, without the places.

    ::

        G = f^T f / (N H W)        f: the features as a matrix, (N H W, C)

    Parameters
    ----------
    features
        (N, H, W, C).

    Returns
    -------
    Array
        (C, C).

    References
    ----------
    Gatys, Ecker and Bethge 2015 (arXiv 1508.06576), equation 3.

    Examples
    --------
    >>> gram(np.array([[1.0, 0.0], [2.0, 2.0]]).reshape(1, 2, 1, 2))
    array([[2.5, 2. ],
           [2. , 2. ]])
    """
    f = features.reshape(-1, features.shape[-1])
    return f.T @ f / len(f)


class StyleLoss(_Loss):
    """How far the Gram matrix of features is from that of a picture whose style is wanted.

    ::

        G    = f^T f / (N H W)
        loss = |G - T|^2 / |T|^2
        dG   = 2 (G - T) / |T|^2
        df   = f (dG + dG^T) / (N H W) = 2 f dG / (N H W)        dG is symmetric

    References
    ----------
    Gatys, Ecker and Bethge 2015 (arXiv 1508.06576), equations 4 and 6; Johnson, Alahi and Fei-Fei
    2016 (arXiv 1603.08155), equation 4.

    Examples
    --------
    >>> loss = StyleLoss()
    >>> features = np.array([[1.0, 0.0], [2.0, 2.0]]).reshape(1, 2, 1, 2)
    >>> loss.forward(features[:, ::-1], gram(features))  # at other places
    0.0
    """

    def forward(self, features: Array, target: Array) -> float:
        """The loss.

        Parameters
        ----------
        features
            Of the picture, (N, H, W, C).
        target
            The Gram matrix of the style, (C, C).
        """
        found = gram(features)
        self._check_shapes(found, target)
        difference = found - target
        size = _square(target)
        self._kept = features, difference, size
        return float(_square(difference) / size)

    def backward(self) -> Array:
        """dLoss/dfeatures, (N, H, W, C)."""
        features, difference, size = self._take()
        f = features.reshape(-1, features.shape[-1])  # (N H W, C)
        dgram = 2 * difference / size  # (C, C)
        return (2 * f @ dgram / len(f)).reshape(features.shape)


class TotalVariation(_Loss):
    """How much each pixel differs from the one below and the one to the right: little, if smooth.

    ::

        loss = (sum of down^2 + sum of right^2) / M        M: how many numbers the image has
        down = x[i+1, j] - x[i, j]                         right = x[i, j+1] - x[i, j]
        dx   = 2 (down of the pixel above - own down + right of the left one - own right) / M

    References
    ----------
    Mahendran and Vedaldi 2014 (arXiv 1412.0035), section 3.2, with beta = 2.

    Examples
    --------
    >>> loss = TotalVariation()
    >>> loss.forward(np.array([0.0, 1.0, 1.0, 0.0]).reshape(1, 1, 4, 1))
    0.5
    >>> loss.backward().ravel()
    array([-0.5,  0.5,  0.5, -0.5])
    """

    def forward(self, image: Array) -> float:
        """The loss of an image, (N, H, W, C)."""
        down, right = np.diff(image, axis=1), np.diff(image, axis=2)
        self._kept = (image, down, right)
        return float((_square(down) + _square(right)) / image.size)

    def backward(self) -> Array:
        """dLoss/dimage, (N, H, W, C)."""
        image, down, right = self._take()
        dx = np.zeros_like(image)
        dx[:, 1:] += down
        dx[:, :-1] -= down
        dx[:, :, 1:] += right
        dx[:, :, :-1] -= right
        return 2 * dx / image.size


def _square(values: Array) -> Array:
    """The sum of the squares."""
    flat = values.reshape(-1)
    return flat @ flat
