"""Answers to 16-stride-padding, each a complete file of a student."""

# %% right loops
import numpy as np


def output_size(size, kernel, stride, padding):
    return len(range(0, size + 2 * padding - kernel + 1, stride))


def conv_forward(x, w, b, stride, padding):
    kh, kw, _, k = w.shape
    n, height, width, c = x.shape
    xp = np.zeros((n, height + 2 * padding, width + 2 * padding, c))
    xp[:, padding : padding + height, padding : padding + width] = x
    h_out = output_size(height, kh, stride, padding)
    w_out = output_size(width, kw, stride, padding)
    y = np.zeros((n, h_out, w_out, k))
    for m, p, q, f in np.ndindex(y.shape):
        r, t = p * stride, q * stride
        y[m, p, q, f] = np.sum(xp[m, r : r + kh, t : t + kw] * w[..., f]) + b[f]
    return y


def conv_backward(dy, x, w, stride, padding):
    kh, kw = w.shape[:2]
    xp = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), np.zeros(w.shape[3])
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dxp[m, r : r + kh, t : t + kw] += w @ dy[m, p, q]
        dw += xp[m, r : r + kh, t : t + kw, :, None] * dy[m, p, q]
        db += dy[m, p, q]
    h, w_ = x.shape[1:3]
    return dxp[:, padding : padding + h, padding : padding + w_], dw, db


# %% right windows
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def output_size(size, kernel, stride, padding):
    return (size + 2 * padding - kernel + stride) // stride


def windows(x, w, stride, padding):
    xp = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    return sliding_window_view(xp, w.shape[:2], axis=(1, 2))[:, ::stride, ::stride]


def conv_forward(x, w, b, stride, padding):
    return np.einsum("npqcij,ijck->npqk", windows(x, w, stride, padding), w) + b


def conv_backward(dy, x, w, stride, padding):
    kh, kw = w.shape[:2]
    n, h, width, c = x.shape
    dw = np.einsum("npqcij,npqk->ijck", windows(x, w, stride, padding), dy)
    # dy with stride - 1 zeros between its pixels, and then as for stride 1.
    spread = np.zeros((n, h + 2 * padding - kh + 1, width + 2 * padding - kw + 1, dy.shape[3]))
    spread[:, ::stride, ::stride] = dy
    spread = np.pad(spread, ((0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)))
    around = sliding_window_view(spread, (kh, kw), axis=(1, 2))
    dxp = np.einsum("nrskij,ijck->nrsc", around, w[::-1, ::-1])
    dx = dxp[:, padding : padding + h, padding : padding + width]
    return dx, dw, dy.sum(axis=(0, 1, 2))


# %% given
import numpy as np


def output_size(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def pad(x, padding):
    return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))


def conv_forward(x, w, b, stride, padding):
    kh, kw, _, k = w.shape
    h_out = output_size(x.shape[1], kh, stride, padding)
    w_out = output_size(x.shape[2], kw, stride, padding)
    xp = pad(x, padding)
    y = np.zeros((len(x), h_out, w_out, k))
    for i in range(kh):
        for j in range(kw):
            y += xp[:, i : i + stride * h_out : stride, j : j + stride * w_out : stride] @ w[i, j]
    return y + b


def conv_backward(dy, x, w, stride, padding):
    kh, kw, c, k = w.shape
    _, h, width, _ = x.shape
    xp = pad(x, padding)
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i, i + stride * dy.shape[1], stride)
            columns = slice(j, j + stride * dy.shape[2], stride)
            dw[i, j] = xp[:, rows, columns].reshape(-1, c).T @ dy.reshape(-1, k)
            dxp[:, rows, columns] += dy @ w[i, j].T
    dx = dxp[:, padding : padding + h, padding : padding + width]
    return dx, dw, dy.sum(axis=(0, 1, 2))


# %% wrong padded_once: padded-once
# n + p - k: a formula whose 2 was lost (slds-lmu/lecture_i2dl, issue 28).
def output_size(size, kernel, stride, padding):
    return (size + padding - kernel) // stride + 1


# %% wrong rounded_up: rounded-up
# Caffe's pooling rounds up (BVLC/caffe, issue 988); a convolution does not.
def output_size(size, kernel, stride, padding):
    return -(-(size + 2 * padding - kernel) // stride) + 1


# %% wrong one_less: one-window-less
# Without the + 1 (japan-medical-ai/medical-ai-course-materials, issue 85, is another lost term).
def output_size(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride


# %% wrong not_whole: type
# The formula of the lecture notes, whose / rounds nothing (udacity/sdc-issue-reports, issue 355).
def output_size(size, kernel, stride, padding):
    return (size - kernel + 2 * padding) / stride + 1


# %% wrong forward_without_stride: stride-forgotten
# h where the window starts at stride * h (enggen/Deep-Learning-Coursera, issue 7).
def conv_forward(x, w, b, stride, padding):
    kh, kw, _, k = w.shape
    h_out = output_size(x.shape[1], kh, stride, padding)
    w_out = output_size(x.shape[2], kw, stride, padding)
    xp = pad(x, padding)
    y = np.zeros((len(x), h_out, w_out, k))
    for i in range(kh):
        for j in range(kw):
            y += xp[:, i : i + h_out, j : j + w_out] @ w[i, j]
    return y + b


# %% wrong zeros_below: padded-behind
# The image written to the corner of an array of zeros (renmengye/np-conv2d, pull request 2, is
# about paddings of the wrong size and side).
def pad(x, padding):
    n, h, w, c = x.shape
    xp = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    xp[:, :h, :w] = x
    return xp


# %% wrong pads_everything: exception
# np.pad(x, p) pads the samples and channels, too.
def pad(x, padding):
    return np.pad(x, padding)


# %% wrong negative_zero: empty-slice
# x[0:-0] is empty: padding 0 was not thought of (redwoodresearch/mlab, pull request 11).
def conv_backward(dy, x, w, stride, padding):
    kh, kw = w.shape[:2]
    xp = pad(x, padding)
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        rows = slice(p * stride, p * stride + kh)
        columns = slice(q * stride, q * stride + kw)
        dw += xp[m, rows, columns, :, None] * dy[m, p, q]
        dxp[m, rows, columns] += w @ dy[m, p, q]
    return dxp[:, padding:-padding, padding:-padding], dw, dy.sum(axis=(0, 1, 2))


# %% wrong backward_without_stride: stride-forgotten
# "stride missing in conv_backward" (Kulbear/deep-learning-coursera, pull request 34).
def conv_backward(dy, x, w, stride, padding):
    kh, kw = w.shape[:2]
    _, h, width, _ = x.shape
    xp = pad(x, padding)
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        dw += xp[m, p : p + kh, q : q + kw, :, None] * dy[m, p, q]
        dxp[m, p : p + kh, q : q + kw] += w @ dy[m, p, q]
    dx = dxp[:, padding : padding + h, padding : padding + width]
    return dx, dw, dy.sum(axis=(0, 1, 2))


# %% wrong assigns: overwritten | overwritten-by-cell
# "=" where "+=" is needed (pjreddie/darknet, issue 2570).
def conv_backward(dy, x, w, stride, padding):
    kh, kw, c, k = w.shape
    _, h, width, _ = x.shape
    xp = pad(x, padding)
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i, i + stride * dy.shape[1], stride)
            columns = slice(j, j + stride * dy.shape[2], stride)
            dw[i, j] = xp[:, rows, columns].reshape(-1, c).T @ dy.reshape(-1, k)
            dxp[:, rows, columns] = dy @ w[i, j].T
    dx = dxp[:, padding : padding + h, padding : padding + width]
    return dx, dw, dy.sum(axis=(0, 1, 2))


# %% wrong not_cut: padding-left
# The gradient of the padded image handed back.
def conv_backward(dy, x, w, stride, padding):
    kh, kw = w.shape[:2]
    xp = pad(x, padding)
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dw += xp[m, r : r + kh, t : t + kw, :, None] * dy[m, p, q]
        dxp[m, r : r + kh, t : t + kw] += w @ dy[m, p, q]
    return dxp, dw, dy.sum(axis=(0, 1, 2))


# %% wrong cut_in_the_corner: cut-at-the-wrong-end
# Cut to the right size at the wrong place.
def conv_backward(dy, x, w, stride, padding):
    kh, kw = w.shape[:2]
    xp = pad(x, padding)
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dw += xp[m, r : r + kh, t : t + kw, :, None] * dy[m, p, q]
        dxp[m, r : r + kh, t : t + kw] += w @ dy[m, p, q]
    return dxp[:, : x.shape[1], : x.shape[2]], dw, dy.sum(axis=(0, 1, 2))


# %% wrong read_pixels_only: unread
# dx as large as the windows reach: too small where the division leaves a rest, which is what
# output_padding of a transposed convolution is for (flagos-ai/FlagGems, pull request 1576).
def conv_backward(dy, x, w, stride, padding):
    kh, kw = w.shape[:2]
    n, h_out, w_out, _ = dy.shape
    xp = pad(x, padding)
    dxp = np.zeros((n, stride * (h_out - 1) + kh, stride * (w_out - 1) + kw, x.shape[3]))
    dw = np.zeros(w.shape)
    for m, p, q in np.ndindex(n, h_out, w_out):
        r, t = p * stride, q * stride
        dw += xp[m, r : r + kh, t : t + kw, :, None] * dy[m, p, q]
        dxp[m, r : r + kh, t : t + kw] += w @ dy[m, p, q]
    dx = dxp[:, padding : padding + x.shape[1], padding : padding + x.shape[2]]
    return dx, dw, dy.sum(axis=(0, 1, 2))


# %% wrong order: order
# dw and db first, as the forward pass lists its arguments.
def conv_backward(dy, x, w, stride, padding):
    kh, kw = w.shape[:2]
    _, h, width, _ = x.shape
    xp = pad(x, padding)
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dw += xp[m, r : r + kh, t : t + kw, :, None] * dy[m, p, q]
        dxp[m, r : r + kh, t : t + kw] += w @ dy[m, p, q]
    return dw, dy.sum(axis=(0, 1, 2)), dxp[:, padding : padding + h, padding : padding + width]


# %% wrong dw_without_padding: padded-behind
# dw from the image without its padding, cut off at the end where it is too short.
def conv_backward(dy, x, w, stride, padding):
    kh, kw, c, k = w.shape
    n, h, width, _ = x.shape
    xp = pad(x, padding)
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        window = x[m, r : r + kh, t : t + kw]
        dw[: window.shape[0], : window.shape[1]] += window[..., None] * dy[m, p, q]
        dxp[m, r : r + kh, t : t + kw] += w @ dy[m, p, q]
    dx = dxp[:, padding : padding + h, padding : padding + width]
    return dx, dw, dy.sum(axis=(0, 1, 2))


# %% wrong db_by_sample: db-samples-left
# The bias summed over the pixels of each image (kept apart from the batch).
def conv_backward(dy, x, w, stride, padding):
    kh, kw = w.shape[:2]
    _, h, width, _ = x.shape
    xp = pad(x, padding)
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        r, t = p * stride, q * stride
        dw += xp[m, r : r + kh, t : t + kw, :, None] * dy[m, p, q]
        dxp[m, r : r + kh, t : t + kw] += w @ dy[m, p, q]
    dx = dxp[:, padding : padding + h, padding : padding + width]
    return dx, dw, dy.sum(axis=(1, 2))
