"""Answers to 13-conv-dw, each a complete file of a student."""

# %% right loops
import numpy as np


def conv_dw(x, dy, kernel_size):
    kh, kw = kernel_size
    n, h_out, w_out, k = dy.shape
    dw = np.zeros((kh, kw, x.shape[3], k))
    for m in range(n):
        for p in range(h_out):
            for q in range(w_out):
                window = x[m, p : p + kh, q : q + kw]
                dw += window[..., None] * dy[m, p, q]
    return dw


# %% right einsum
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_dw(x, dy, kernel_size):
    return np.einsum("npqcij,npqk->ijck", sliding_window_view(x, kernel_size, axis=(1, 2)), dy)


# %% right im2col
import numpy as np


def conv_dw(x, dy, kernel_size):
    kh, kw = kernel_size
    n, h_out, w_out, k = dy.shape
    c = x.shape[3]
    p, q, i, j = np.ogrid[:h_out, :w_out, :kh, :kw]
    cols = x[:, p + i, q + j].reshape(n * h_out * w_out, kh * kw * c)
    return (cols.T @ dy.reshape(-1, k)).reshape(kh, kw, c, k)


# %% wrong flipped: flip
# Multiplied by what was rotated by 180 degrees (nntrainer/nntrainer, issue 705).
import numpy as np


def conv_dw(x, dy, kernel_size):
    kh, kw = kernel_size
    n, h_out, w_out, k = dy.shape
    dw = np.zeros((kh, kw, x.shape[3], k))
    for i in range(kh):
        for j in range(kw):
            part = x[:, i : i + h_out, j : j + w_out]
            dw[i, j] = np.tensordot(part, dy, axes=([0, 1, 2], [0, 1, 2]))
    return dw[::-1, ::-1].copy()


# %% wrong averaged: averaged
# The weight's gradient divided by B H W (sebgao/cTensor, issue 3).
import numpy as np


def conv_dw(x, dy, kernel_size):
    kh, kw = kernel_size
    n, h_out, w_out, k = dy.shape
    dw = np.zeros((kh, kw, x.shape[3], k))
    for m, p, q in np.ndindex(n, h_out, w_out):
        dw += x[m, p : p + kh, q : q + kw, :, None] * dy[m, p, q]
    return dw / (n * h_out * w_out)


# %% wrong divided_by_n: averaged-batch
# "Our manual backprop weight average is missing" (hunkim/DeepLearningZeroToAll, issue 173): it is
# not, where the loss is a mean already.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_dw(x, dy, kernel_size):
    windows = sliding_window_view(x, kernel_size, axis=(1, 2))
    return np.einsum("npqcij,npqk->ijck", windows, dy) / len(x)


# %% wrong last_image: last-sample
# The sum over the batch lost (LBANN/lbann, pull request 1022, scaled the sum anew for each sample;
# chengdazhi/Deformable-Convolution-V2-PyTorch, issue 51, asks after it).
import numpy as np


def conv_dw(x, dy, kernel_size):
    kh, kw = kernel_size
    n, h_out, w_out, k = dy.shape
    c = x.shape[3]
    dw = np.zeros((kh, kw, c, k))
    for m in range(n):
        for i in range(kh):
            for j in range(kw):
                part = x[m, i : i + h_out, j : j + w_out].reshape(-1, c)
                dw[i, j] = part.T @ dy[m].reshape(-1, k)
    return dw


# %% wrong first_image: first-sample
# x[0] and dy[0], from the days when a batch was one image.
import numpy as np


def conv_dw(x, dy, kernel_size):
    kh, kw = kernel_size
    _, h_out, w_out, k = dy.shape
    dw = np.zeros((kh, kw, x.shape[3], k))
    for p in range(h_out):
        for q in range(w_out):
            dw += x[0, p : p + kh, q : q + kw, :, None] * dy[0, p, q]
    return dw


# %% wrong assigns: overwritten
# "=" in the loop over the output pixels.
import numpy as np


def conv_dw(x, dy, kernel_size):
    kh, kw = kernel_size
    n, h_out, w_out, k = dy.shape
    dw = np.zeros((kh, kw, x.shape[3], k))
    for m, p, q in np.ndindex(n, h_out, w_out):
        dw = x[m, p : p + kh, q : q + kw, :, None] * dy[m, p, q]
    return dw


# %% wrong channels_first: channel-order
# im2col in the order (channel, row, column), the weight in (row, column, channel): wrong column
# indices in ravin-d-27/PyDeepFlow, pull request 85.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_dw(x, dy, kernel_size):
    c, k = x.shape[3], dy.shape[3]
    windows = sliding_window_view(x, kernel_size, axis=(1, 2))
    cols = windows.reshape(-1, c * kernel_size[0] * kernel_size[1])
    return (cols.T @ dy.reshape(-1, k)).reshape(*kernel_size, c, k)


# %% wrong transposed: channels-swapped
# Transposed in the wrong order with several channels (nntrainer/nntrainer, issue 705).
import numpy as np


def conv_dw(x, dy, kernel_size):
    kh, kw = kernel_size
    _, h_out, w_out, k = dy.shape
    c = x.shape[3]
    dw = np.zeros((kh, kw, c, k))
    for i in range(kh):
        for j in range(kw):
            pixels = x[:, i : i + h_out, j : j + w_out].reshape(-1, c)
            dw[i, j] = dy.reshape(-1, k).T @ pixels
    return dw


# %% wrong no_upstream: upstream-forgotten
# The derivative of y alone, without the chain rule.
import numpy as np


def conv_dw(x, dy, kernel_size):
    kh, kw = kernel_size
    n, h_out, w_out, k = dy.shape
    dw = np.zeros((kh, kw, x.shape[3], k))
    for m, p, q in np.ndindex(n, h_out, w_out):
        dw += x[m, p : p + kh, q : q + kw, :, None]
    return dw


# %% wrong sums_first: separate-sums
# One letter too many in einsum: x and dy are summed each on its own.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_dw(x, dy, kernel_size):
    windows = sliding_window_view(x, kernel_size, axis=(1, 2))
    return np.einsum("npqcij,mrsk->ijck", windows, dy)


# %% wrong last_pixels_missing: last-window
# range(h_out - 1), by analogy with the + 1 of the forward pass.
import numpy as np


def conv_dw(x, dy, kernel_size):
    kh, kw = kernel_size
    n, h_out, w_out, k = dy.shape
    dw = np.zeros((kh, kw, x.shape[3], k))
    for m, p, q in np.ndindex(n, h_out - 1, w_out - 1):
        dw += x[m, p : p + kh, q : q + kw, :, None] * dy[m, p, q]
    return dw


# %% wrong other_layout: transposed-layout
# PyTorch's layout of the weights.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_dw(x, dy, kernel_size):
    return np.einsum("npqcij,npqk->kcij", sliding_window_view(x, kernel_size, axis=(1, 2)), dy)
