"""Answers to 12-conv-forward, each a complete file of a student."""

# %% right loops
import numpy as np


def conv_forward(x, w, b):
    n, height, width, _ = x.shape
    kh, kw, _, k = w.shape
    y = np.zeros((n, height - kh + 1, width - kw + 1, k))
    for m, p, q, f in np.ndindex(y.shape):
        y[m, p, q, f] = np.sum(x[m, p : p + kh, q : q + kw] * w[..., f]) + b[f]
    return y


# %% right einsum
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_forward(x, w, b):
    windows = sliding_window_view(x, w.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijck->npqk", windows, w) + b


# %% right im2col
import numpy as np


def conv_forward(x, w, b):
    kh, kw, c, k = w.shape
    n, height, width, _ = x.shape
    p, q, i, j = np.ogrid[: height - kh + 1, : width - kw + 1, :kh, :kw]
    cols = x[:, p + i, q + j].reshape(-1, kh * kw * c)
    y = cols @ w.reshape(kh * kw * c, k) + b
    return y.reshape(n, height - kh + 1, width - kw + 1, k)


# %% wrong flipped: flip
# scipy.signal.convolve2d where correlate2d is meant.
import numpy as np


def conv_forward(x, w, b):
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    y = np.zeros((n, height - kh + 1, width - kw + 1, k))
    turned = w[::-1, ::-1]
    for m, p, q, f in np.ndindex(y.shape):
        y[m, p, q, f] = np.sum(x[m, p : p + kh, q : q + kw] * turned[..., f]) + b[f]
    return y


# %% wrong bias_inside: bias-per-cell | bias-per-product
# A kernel's bias added to every element of the window (LazaroHurtado/micrograd-rs, pull request 20;
# the order of sum and bias is Kulbear/deep-learning-coursera, pull request 48).
import numpy as np


def conv_forward(x, w, b):
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    y = np.zeros((n, height - kh + 1, width - kw + 1, k))
    for m, p, q, f in np.ndindex(y.shape):
        y[m, p, q, f] = np.sum(x[m, p : p + kh, q : q + kw] * w[..., f] + b[f])
    return y


# %% wrong bias_in_the_loop: bias-per-cell
# The same in the loop over the cells.
import numpy as np


def conv_forward(x, w, b):
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    h_out, w_out = height - kh + 1, width - kw + 1
    y = np.zeros((n, h_out, w_out, k))
    for i in range(kh):
        for j in range(kw):
            y += x[:, i : i + h_out, j : j + w_out] @ w[i, j] + b
    return y


# %% wrong no_bias: bias-forgotten
# A batch normalisation follows, and the bias is not needed: elsewhere it is.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_forward(x, w, b):
    windows = sliding_window_view(x, w.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijck->npqk", windows, w)


# %% wrong bias_by_sample: bias-by-sample
# The bias indexed along the wrong dimension (kraiskil/onnx2c, issue 7).
import numpy as np


def conv_forward(x, w, b):
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    y = np.zeros((n, height - kh + 1, width - kw + 1, k))
    for m, p, q, f in np.ndindex(y.shape):
        y[m, p, q, f] = np.sum(x[m, p : p + kh, q : q + kw] * w[..., f]) + b[m]
    return y


# %% wrong assigns: overwritten
# "=" in the loop over the cells.
import numpy as np


def conv_forward(x, w, b):
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    h_out, w_out = height - kh + 1, width - kw + 1
    y = np.zeros((n, h_out, w_out, k))
    for i in range(kh):
        for j in range(kw):
            y[...] = x[:, i : i + h_out, j : j + w_out] @ w[i, j]
    return y + b


# %% wrong first_channel: channel-forgotten
# Right for grey images only (josephjaspers/blackcat_tensors, issue 59; LazaroHurtado/micrograd-rs,
# pull request 20: a window whose depth is always 1).
import numpy as np


def conv_forward(x, w, b):
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    y = np.zeros((n, height - kh + 1, width - kw + 1, k))
    for m, p, q, f in np.ndindex(y.shape):
        y[m, p, q, f] = np.sum(x[m, p : p + kh, q : q + kw, 0] * w[:, :, 0, f]) + b[f]
    return y


# %% wrong last_channel: channel-overwritten
# "=" in the loop over the channels.
import numpy as np


def conv_forward(x, w, b):
    kh, kw, c, k = w.shape
    n, height, width, _ = x.shape
    y = np.zeros((n, height - kh + 1, width - kw + 1, k))
    for m, p, q, f in np.ndindex(y.shape):
        for channel in range(c):
            window = x[m, p : p + kh, q : q + kw, channel]
            y[m, p, q, f] = np.sum(window * w[:, :, channel, f]) + b[f]
    return y


# %% wrong weight_reshaped: weight-reshape
# reshape where transpose is meant: the shape is right and nothing else.
import numpy as np


def conv_forward(x, w, b):
    kh, kw, c, k = w.shape
    n, height, width, _ = x.shape
    p, q, i, j = np.ogrid[: height - kh + 1, : width - kw + 1, :kh, :kw]
    cols = x[:, p + i, q + j].reshape(-1, kh * kw * c)
    y = cols @ w.reshape(k, kh * kw * c).T + b
    return y.reshape(n, height - kh + 1, width - kw + 1, k)


# %% wrong last_window: last-window
# range(H - kh), without the + 1.
import numpy as np


def conv_forward(x, w, b):
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    y = np.zeros((n, height - kh, width - kw, k))
    for m, p, q, f in np.ndindex(y.shape):
        y[m, p, q, f] = np.sum(x[m, p : p + kh, q : q + kw] * w[..., f]) + b[f]
    return y


# %% wrong window_turned: window-transposed
# Rows and columns of the window exchanged; symmetric kernels hide it.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_forward(x, w, b):
    windows = sliding_window_view(x, w.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,jick->npqk", windows, w) + b


# %% wrong one_index: one-index-j
# j twice, as one types it.
import numpy as np


def conv_forward(x, w, b):
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    h_out, w_out = height - kh + 1, width - kw + 1
    y = np.zeros((n, h_out, w_out, k))
    for i in range(kh):
        for j in range(kw):
            y += x[:, j : j + h_out, j : j + w_out] @ w[i, j]
    return y + b


# %% wrong rows_only: columns-left-out
# range(kh) for both directions; square kernels hide it (NervanaSystems/neon, issue 111, is another
# index from the wrong loop).
import numpy as np


def conv_forward(x, w, b):
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    h_out, w_out = height - kh + 1, width - kw + 1
    y = np.zeros((n, h_out, w_out, k))
    for i in range(kh):
        for j in range(kh):
            y += x[:, i : i + h_out, j : j + w_out] @ w[i, j]
    return y + b


# %% wrong one_image: first-sample
# return, indented one step too far (riccardoandreoni0/CNN-from-scratch, issue 1, for its pooling).
import numpy as np


def conv_forward(x, w, b):
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    y = np.zeros((n, height - kh + 1, width - kw + 1, k))
    for m in range(n):
        for p in range(y.shape[1]):
            for q in range(y.shape[2]):
                window = x[m, p : p + kh, q : q + kw]
                y[m, p, q] = np.einsum("ijc,ijck->k", window, w) + b
        return y


# %% wrong bias_into_x: mutated
# Centred with -=, which writes into the caller's image.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_forward(x, w, b):
    x -= x.mean()
    windows = sliding_window_view(x, w.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijck->npqk", windows, w) + b
