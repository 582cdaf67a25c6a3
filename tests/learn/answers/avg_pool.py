"""Answers to 19-avg-pool, each a complete file of a student, or the wrong part of one."""

# %% right loops
import numpy as np


def avg_pool(x, kernel_size, stride):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    y = np.zeros((n, (h - kh) // stride + 1, (w - kw) // stride + 1, c))
    for m, p, q in np.ndindex(y.shape[:3]):
        r, t = p * stride, q * stride
        y[m, p, q] = x[m, r : r + kh, t : t + kw].mean(axis=(0, 1))
    return y


def avg_pool_backward(dy, x_shape, kernel_size, stride):
    kh, kw = kernel_size
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dx[m, r : r + kh, t : t + kw] += dy[m, p, q] / (kh * kw)
    return dx


def global_avg_pool(x):
    n, h, w, c = x.shape
    return x.reshape(n, h * w, c).sum(axis=1) / (h * w)


def global_avg_pool_backward(dy, x_shape):
    n, h, w, c = x_shape
    return np.repeat(dy / (h * w), h * w, axis=0).reshape(n, h, w, c)


# %% right einsum
import numpy as np


def matrix(size, kernel, stride):
    """The mean along one axis as a matrix, (outputs, pixels)."""
    outputs, pixels = np.ogrid[: (size - kernel) // stride + 1, :size]
    inside = (outputs * stride <= pixels) & (pixels < outputs * stride + kernel)
    return inside / kernel


def avg_pool(x, kernel_size, stride):
    rows = matrix(x.shape[1], kernel_size[0], stride)
    columns = matrix(x.shape[2], kernel_size[1], stride)
    return np.einsum("pr,qt,nrtc->npqc", rows, columns, x)


def avg_pool_backward(dy, x_shape, kernel_size, stride):
    rows = matrix(x_shape[1], kernel_size[0], stride)
    columns = matrix(x_shape[2], kernel_size[1], stride)
    return np.einsum("pr,qt,npqc->nrtc", rows, columns, dy)


def global_avg_pool(x):
    return np.einsum("nrtc->nc", x) / (x.shape[1] * x.shape[2])


def global_avg_pool_backward(dy, x_shape):
    ones = np.ones(x_shape[1:3])
    return np.einsum("nc,rt->nrtc", dy, ones) / ones.size


# %% given
import numpy as np


def avg_pool(x, kernel_size, stride):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    y = np.zeros((n, (h - kh) // stride + 1, (w - kw) // stride + 1, c))
    for m, p, q in np.ndindex(y.shape[:3]):
        r, t = p * stride, q * stride
        y[m, p, q] = x[m, r : r + kh, t : t + kw].mean(axis=(0, 1))
    return y


def avg_pool_backward(dy, x_shape, kernel_size, stride):
    kh, kw = kernel_size
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dx[m, r : r + kh, t : t + kw] += dy[m, p, q] / (kh * kw)
    return dx


def global_avg_pool(x):
    return x.mean(axis=(1, 2))


def global_avg_pool_backward(dy, x_shape):
    n, h, w, c = x_shape
    return np.broadcast_to(dy.reshape(n, 1, 1, c) / (h * w), x_shape).copy()


# %% wrong sums: not-divided
# A sum pooling, under the name of a mean.
def avg_pool(x, kernel_size, stride):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    y = np.zeros((n, (h - kh) // stride + 1, (w - kw) // stride + 1, c))
    for m, p, q in np.ndindex(y.shape[:3]):
        r, t = p * stride, q * stride
        y[m, p, q] = x[m, r : r + kh, t : t + kw].sum(axis=(0, 1))
    return y


# %% wrong mean_of_everything: channels-together
# mean() without axes: one number for all channels.
def avg_pool(x, kernel_size, stride):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    y = np.zeros((n, (h - kh) // stride + 1, (w - kw) // stride + 1, c))
    for m, p, q in np.ndindex(y.shape[:3]):
        r, t = p * stride, q * stride
        y[m, p, q] = x[m, r : r + kh, t : t + kw].mean()
    return y


# %% wrong backward_not_divided: not-divided
# The gradient of a sum.
def avg_pool_backward(dy, x_shape, kernel_size, stride):
    kh, kw = kernel_size
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dx[m, r : r + kh, t : t + kw] += dy[m, p, q]
    return dx


# %% wrong assigns: overwritten
# "=" where "+=" is needed, as for the maximum.
def avg_pool_backward(dy, x_shape, kernel_size, stride):
    kh, kw = kernel_size
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dx[m, r : r + kh, t : t + kw] = dy[m, p, q] / (kh * kw)
    return dx


# %% wrong averages_the_windows: averaged
# Divided once more where windows overlap, so that "nothing is counted twice".
def avg_pool_backward(dy, x_shape, kernel_size, stride):
    kh, kw = kernel_size
    dx, count = np.zeros(x_shape), np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dx[m, r : r + kh, t : t + kw] += dy[m, p, q] / (kh * kw)
        count[m, r : r + kh, t : t + kw] += 1
    return dx / np.maximum(count, 1)


# %% wrong no_stride: stride-forgotten
# The window sought at row p instead of stride * p.
def avg_pool_backward(dy, x_shape, kernel_size, stride):
    kh, kw = kernel_size
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        dx[m, p : p + kh, q : q + kw] += dy[m, p, q] / (kh * kw)
    return dx


# %% wrong rows_twice: divided-by-rows
# One size for both directions (Maratyszcza/NNPACK, issue 16, is stride_height where stride_width
# belongs).
def avg_pool_backward(dy, x_shape, kernel_size, stride):
    kh, kw = kernel_size
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dx[m, r : r + kh, t : t + kw] += dy[m, p, q] / kh**2
    return dx


# %% wrong first_pixel: one-pixel
# Max pooling's way back, with the first cell as the winner.
def avg_pool_backward(dy, x_shape, kernel_size, stride):
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        dx[m, p * stride, q * stride] += dy[m, p, q]
    return dx


# %% wrong returns_early: one-window
# return, indented one step too far (riccardoandreoni0/CNN-from-scratch, issue 1).
def avg_pool_backward(dy, x_shape, kernel_size, stride):
    kh, kw = kernel_size
    dx = np.zeros(x_shape)
    for p in range(dy.shape[1]):
        for q in range(dy.shape[2]):
            r, t = p * stride, q * stride
            dx[:, r : r + kh, t : t + kw] += dy[:, p : p + 1, q : q + 1] / (kh * kw)
            return dx


# %% wrong global_sum: not-divided
# The gradient of a sum (apache/mxnet, pull request 3035, mends a global pooling's backward pass).
def global_avg_pool_backward(dy, x_shape):
    return np.broadcast_to(dy[:, None, None, :], x_shape).copy()


# %% wrong global_channels_first: channels-first
# The axes of (N, C, H, W).
def global_avg_pool(x):
    return x.mean(axis=(2, 3))


# %% wrong global_keeps_axes: keepdims
# (N, 1, 1, C), as it is (N, C, 1, 1) elsewhere (HomericIntelligence/Odyssey, issue 2198).
def global_avg_pool(x):
    return x.mean(axis=(1, 2), keepdims=True)


# %% wrong global_rows_twice: divided-by-rows
# H * H for H * W; square images hide it.
def global_avg_pool_backward(dy, x_shape):
    dx = np.zeros(x_shape)
    dx += dy[:, None, None, :] / x_shape[1] ** 2
    return dx


# %% wrong global_divides_by_batch: divided-by-batch
# x.size / C counts the samples as well.
def global_avg_pool_backward(dy, x_shape):
    n, h, w, _ = x_shape
    dx = np.zeros(x_shape)
    dx += dy[:, None, None, :] / (n * h * w)
    return dx


# %% wrong global_one_image: samples-gone
# The images averaged as well (traveller59/spconv, pull request 722, is a global mean that lost an
# axis too many).
def global_avg_pool(x):
    return x.mean(axis=(0, 1, 2))


# %% wrong global_not_spread: no-pixels
# Left at (N, 1, 1, C), in the hope that it broadcasts later on.
def global_avg_pool_backward(dy, x_shape):
    n, h, w, c = x_shape
    return dy.reshape(n, 1, 1, c) / (h * w)
