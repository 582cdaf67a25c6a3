"""What you would have written: SqueezeNet in plain NumPy, as one writes it after a course.

The rest of the package is measured against this. It is neither held back nor tuned: images are
``(N, C, H, W)``; one convolution serves all filters, 1x1 filters too, through an im2col of fancy
indices whose way back is ``np.add.at``; max pooling is an im2col and an argmax; every operation
makes a new array; a layer hands what its backward pass needs over in a cache. Its results and
gradients are those of mydl's layers, which the tests compare.

The form is that of the assignments of Stanford's course CS231n, "Convolutional Neural Networks for
Visual Recognition".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from ..layer import Array, Layer, Shape
from ..layers import Conv2d, Dropout, Fire, GlobalAvgPool2d, MaxPool2d, ReLU
from ..layers.window import Window
from ..models import Network, build_model
from .cases import Case, Step

Cache = Any
Gradients = dict[str, Array]


def im2col_indices(shape: Shape, window: Window) -> tuple[Array, Array, Array]:
    """Channel, row and column of every value of every window, (C K_h K_w, windows) each."""
    _, c, h, w = shape
    (k_h, k_w), (s_h, s_w) = window.kernel_size, window.stride
    h_out, w_out = (h - k_h) // s_h + 1, (w - k_w) // s_w + 1
    row_in_window = np.tile(np.repeat(np.arange(k_h), k_w), c)
    column_in_window = np.tile(np.arange(k_w), k_h * c)
    first_row = s_h * np.repeat(np.arange(h_out), w_out)
    first_column = s_w * np.tile(np.arange(w_out), h_out)
    channel = np.repeat(np.arange(c), k_h * k_w).reshape(-1, 1)
    return (
        channel,
        row_in_window.reshape(-1, 1) + first_row.reshape(1, -1),
        column_in_window.reshape(-1, 1) + first_column.reshape(1, -1),
    )


def im2col(x: Array, window: Window) -> Array:
    """The windows of images that are padded already, one a column: (C K_h K_w, windows N)."""
    cols = x[(slice(None), *im2col_indices(x.shape, window))]  # (N, C K_h K_w, windows)
    return cols.transpose(1, 2, 0).reshape(cols.shape[1], -1)


def col2im(cols: Array, shape: Shape, window: Window) -> Array:
    """Add each window's values back into images of a shape, padding included."""
    x = np.zeros(shape, cols.dtype)
    values = cols.reshape(len(cols), -1, shape[0]).transpose(2, 0, 1)
    where: Any = (slice(None), *im2col_indices(shape, window))
    np.add.at(x, where, values)
    return x


def conv_forward(x: Array, w: Array, b: Array, window: Window) -> tuple[Array, Cache]:
    """A convolution with filters ``w`` (F, C, K_h, K_w) and biases ``b`` (F,)."""
    pads = window.pads(*x.shape[2:])
    h_out, w_out = window.output_size(*x.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), *pads))
    cols = im2col(padded, window)
    y = w.reshape(len(w), -1) @ cols + b.reshape(-1, 1)  # (F, windows N)
    y = y.reshape(len(w), h_out, w_out, len(x)).transpose(3, 0, 1, 2)
    return y, (x.shape, padded.shape, pads, cols, w, window)


def conv_backward(dy: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of a convolution: of its input, filters and biases."""
    (_, _, h, w), padded_shape, ((top, _), (left, _)), cols, filters, window = cache
    db = dy.sum(axis=(0, 2, 3))
    dy = dy.transpose(1, 2, 3, 0).reshape(len(filters), -1)  # (F, windows N)
    dw = (dy @ cols.T).reshape(filters.shape)
    dcols = filters.reshape(len(filters), -1).T @ dy
    dx = col2im(dcols, padded_shape, window)
    return dx[:, :, top : top + h, left : left + w], dw, db


def relu_forward(x: Array) -> tuple[Array, Cache]:
    """What is negative becomes 0."""
    return np.maximum(x, 0), x


def relu_backward(dy: Array, cache: Cache) -> Array:
    """The gradient passes where the input was positive."""
    return dy * (cache > 0)


def max_pool_forward(x: Array, window: Window) -> tuple[Array, Cache]:
    """The largest value of each window; one that hangs over the edge sees -inf there."""
    n, c, h, w = x.shape
    h_out, w_out = window.output_size(h, w)
    (k_h, k_w), (s_h, s_w) = window.kernel_size, window.stride
    over = ((0, max(0, (h_out - 1) * s_h + k_h - h)), (0, max(0, (w_out - 1) * s_w + k_w - w)))
    padded = np.pad(x, ((0, 0), (0, 0), *over), constant_values=-np.inf)
    split = padded.reshape(n * c, 1, *padded.shape[2:])  # each channel is an image of its own
    cols = im2col(split, window)  # (K_h K_w, windows N C)
    winners = np.argmax(cols, axis=0)
    y = cols[winners, np.arange(cols.shape[1])]
    y = y.reshape(h_out, w_out, n, c).transpose(2, 3, 0, 1)
    return y, (x.shape, split.shape, cols.shape, winners, window)


def max_pool_backward(dy: Array, cache: Cache) -> Array:
    """Each gradient goes to the pixel that won its window."""
    (n, c, h, w), split_shape, cols_shape, winners, window = cache
    dcols = np.zeros(cols_shape, dy.dtype)
    dcols[winners, np.arange(len(winners))] = dy.transpose(2, 3, 0, 1).ravel()
    dx = col2im(dcols, split_shape, window)
    return dx.reshape(n, c, *split_shape[2:])[:, :, :h, :w]


def dropout_forward(x: Array, p: float, training: bool) -> tuple[Array, Cache]:
    """Set values to 0 with probability p, and scale the others up."""
    if not training:
        return x, None
    kept = np.asarray(np.random.default_rng().random(x.shape) >= p)
    mask = kept.astype(x.dtype) / (1 - p)
    return x * mask, mask


def dropout_backward(dy: Array, cache: Cache) -> Array:
    """The same mask, for the gradient."""
    return dy * cache


def average_forward(x: Array) -> tuple[Array, Cache]:
    """The mean over the pixels of each channel."""
    return x.mean(axis=(2, 3)), x.shape


def average_backward(dy: Array, cache: Cache) -> Array:
    """Every pixel gets the same share of the gradient."""
    n, c, h, w = cache
    return np.ones(cache, dy.dtype) * dy.reshape(n, c, 1, 1) / (h * w)


def softmax_loss(scores: Array, labels: Array) -> tuple[float, Array]:
    """The mean cross-entropy and its gradient."""
    n = len(scores)
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = exponentials / exponentials.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(n), labels]).mean()
    dscores = p.copy()
    dscores[np.arange(n), labels] -= 1
    return float(loss), dscores / n


class CourseNetwork:
    """A SqueezeNet without bypass and batch norm, with the weights of one of mydl's.

    Attributes
    ----------
    params
        Filters (F, C, K_h, K_w) and biases (F,) by the paths of mydl's parameters.

    Raises
    ------
    ValueError
        The network has a layer that the course does not know.
    """

    def __init__(self, model: Network) -> None:
        self.layers = [
            (f"{stage}.{name}", layer)
            for stage, chain in model.children().items()
            for name, layer in chain.children().items()
        ]
        self.params = {
            path: (p.data.transpose(3, 2, 0, 1) if p.data.ndim == 4 else p.data).copy()
            for path, p in model.named_parameters()
        }

    def forward(self, x: Array, training: bool = False) -> tuple[Array, list[Cache]]:
        """Scores (N, classes) of images (N, C, H, W), and the caches of the layers."""
        caches = []
        for path, layer in self.layers:
            x, cache = self._layer_forward(path, layer, x, training)
            caches.append(cache)
        return x, caches

    def loss(self, x: Array, labels: Array) -> tuple[float, Gradients]:
        """The loss of a batch and its gradients, by the names of ``params``."""
        scores, caches = self.forward(x, training=True)
        loss, d = softmax_loss(scores, labels)
        grads: Gradients = {}
        for (path, layer), cache in zip(reversed(self.layers), reversed(caches), strict=True):
            d = self._layer_backward(path, layer, d, cache, grads)
        return loss, grads

    def _layer_forward(
        self, path: str, layer: Layer, x: Array, training: bool
    ) -> tuple[Array, Cache]:
        match layer:
            case Conv2d():
                w, b = self.params[f"{path}.weight"], self.params[f"{path}.bias"]
                return conv_forward(x, w, b, layer.window)
            case Fire():
                return self._fire_forward(path, layer, x)
            case ReLU():
                return relu_forward(x)
            case MaxPool2d():
                return max_pool_forward(x, layer.window)
            case Dropout():
                return dropout_forward(x, layer.p, training)
            case GlobalAvgPool2d():
                return average_forward(x)
        raise ValueError(
            f"{path}: the course has no {type(layer).__name__}: expected a SqueezeNet without "
            "bypass and batch norm"
        )

    def _layer_backward(
        self, path: str, layer: Layer, dy: Array, cache: Cache, grads: Gradients
    ) -> Array:
        match layer:
            case Conv2d():
                dx, grads[f"{path}.weight"], grads[f"{path}.bias"] = conv_backward(dy, cache)
                return dx
            case Fire():
                return self._fire_backward(path, layer, dy, cache, grads)
            case ReLU():
                return relu_backward(dy, cache)
            case MaxPool2d():
                return max_pool_backward(dy, cache)
            case Dropout():
                return dropout_backward(dy, cache)
        return average_backward(dy, cache)

    def _fire_forward(self, path: str, fire: Fire, x: Array) -> tuple[Array, Cache]:
        squeezed, squeeze = self._layer_forward(f"{path}.squeeze", fire.squeeze, x, True)
        s, squeeze_relu = relu_forward(squeezed)
        y1, expand1x1 = self._layer_forward(f"{path}.expand1x1", fire.expand1x1, s, True)
        y3, expand3x3 = self._layer_forward(f"{path}.expand3x3", fire.expand3x3, s, True)
        y, expand_relu = relu_forward(np.concatenate([y1, y3], axis=1))
        return y, (squeeze, squeeze_relu, expand1x1, expand3x3, expand_relu, y1.shape[1])

    def _fire_backward(
        self, path: str, fire: Fire, dy: Array, cache: Cache, grads: Gradients
    ) -> Array:
        squeeze, squeeze_relu, expand1x1, expand3x3, expand_relu, cut = cache
        dy = relu_backward(dy, expand_relu)
        d1, d3 = dy[:, :cut], dy[:, cut:]
        ds = self._layer_backward(f"{path}.expand1x1", fire.expand1x1, d1, expand1x1, grads)
        ds = ds + self._layer_backward(f"{path}.expand3x3", fire.expand3x3, d3, expand3x3, grads)
        ds = relu_backward(ds, squeeze_relu)
        return self._layer_backward(f"{path}.squeeze", fire.squeeze, ds, squeeze, grads)


def sgd_momentum(
    w: Array, dw: Array, velocity: Array, lr: float, momentum: float, decay: float
) -> tuple[Array, Array]:
    """The new parameters and the new velocity."""
    velocity = momentum * velocity + dw + decay * w
    return w - lr * velocity, velocity


def step(case: Case, threads: int) -> Step:
    """What is to be timed: one training step or one inference of a case.

    Parameters
    ----------
    case
        Network, images, batch and mode.
    threads
        Of NumPy's BLAS; all else in NumPy runs on one.
    """
    height, width, channels = case.image
    rng = np.random.default_rng(0)
    x = rng.normal(size=(case.batch, channels, height, width)).astype(np.float32)
    labels = rng.integers(0, case.classes, case.batch)
    net = CourseNetwork(build_model(case.model, num_classes=case.classes))
    velocities = {path: np.zeros_like(w) for path, w in net.params.items()}
    blas = ThreadpoolController()

    def train() -> float:
        with blas.limit(limits=threads, user_api="blas"):
            loss, grads = net.loss(x, labels)
            for path, w in net.params.items():
                net.params[path], velocities[path] = sgd_momentum(
                    w, grads[path], velocities[path], lr=0.001, momentum=0.9, decay=5e-4
                )
        return loss

    def infer() -> Array:
        with blas.limit(limits=threads, user_api="blas"):
            return net.forward(x)[0]

    return train if case.mode == "train" else infer
