"""Answers to 25-shared-weights, each a complete file of a student."""

# %% right bins
import numpy as np


def decode(codebook, codes):
    return np.take(codebook, codes)


def codebook_gradient(dweights, codes, size, pruned=False):
    d = np.bincount(codes.ravel(), weights=dweights.ravel(), minlength=size)
    if pruned:
        d[0] = 0
    return d


def linear_backward(dy, x, codebook, codes):
    dweights = np.einsum("ni,no->io", x, dy)
    dx = np.einsum("no,io->ni", dy, codebook[codes])
    return dx, codebook_gradient(dweights, codes, codebook.size), np.einsum("no->o", dy)


# %% right one-hot matrix
import numpy as np


def one_hot(codes, size):
    return (codes.reshape(-1, 1) == np.arange(size)).astype(float)  # (positions, K)


def decode(codebook, codes):
    return (one_hot(codes, len(codebook)) @ codebook).reshape(codes.shape)


def codebook_gradient(dweights, codes, size, pruned=False):
    d = one_hot(codes, size).T @ dweights.reshape(-1)
    return np.where(np.arange(size) == 0, 0, d) if pruned else d


def linear_backward(dy, x, codebook, codes):
    dcodebook = np.zeros(len(codebook))
    dx = np.zeros_like(x)
    for n in range(len(x)):
        for i in range(x.shape[1]):
            for o in range(dy.shape[1]):
                dx[n, i] += dy[n, o] * codebook[codes[i, o]]
                dcodebook[codes[i, o]] += x[n, i] * dy[n, o]
    return dx, dcodebook, dy.sum(axis=0)


# %% given
import numpy as np


def decode(codebook, codes):
    return codebook[codes]


def codebook_gradient(dweights, codes, size, pruned=False):
    dcodebook = np.zeros(size)
    np.add.at(dcodebook, codes, dweights)
    if pruned:
        dcodebook[0] = 0
    return dcodebook


def linear_backward(dy, x, codebook, codes):
    dcodebook = codebook_gradient(x.T @ dy, codes, len(codebook))
    return dy @ decode(codebook, codes).T, dcodebook, dy.sum(axis=0)


# %% wrong fancy index: overwritten
# HIPS/autograd, pull request 136 (and issue 39): a[idx] += b in the place of np.add.at.
def codebook_gradient(dweights, codes, size, pruned=False):
    dcodebook = np.zeros(size)
    dcodebook[codes] += dweights
    if pruned:
        dcodebook[0] = 0
    return dcodebook


# %% wrong assigns: overwritten
# NVIDIA/TransformerEngine, issue 3437: the later use of a tied weight replaces the earlier one's.
def codebook_gradient(dweights, codes, size, pruned=False):
    dcodebook = np.zeros(size)
    for code, d in zip(codes.flat, dweights.flat):
        dcodebook[code] = d
    if pruned:
        dcodebook[0] = 0
    return dcodebook


# %% wrong first use: first-use
# np.unique gives the place of the first occurrence only.
def codebook_gradient(dweights, codes, size, pruned=False):
    dcodebook = np.zeros(size)
    used, first = np.unique(codes, return_index=True)
    dcodebook[used] = dweights.ravel()[first]
    if pruned:
        dcodebook[0] = 0
    return dcodebook


# %% wrong averages: averaged
# wiseodd/generative-models, issue 62: the gradient of shared parameters multiplied by a half.
def codebook_gradient(dweights, codes, size, pruned=False):
    dcodebook = np.zeros(size)
    for k in np.unique(codes):
        dcodebook[k] = dweights[codes == k].mean()
    if pruned:
        dcodebook[0] = 0
    return dcodebook


# %% wrong counts: counted
# np.bincount without weights.
def codebook_gradient(dweights, codes, size, pruned=False):
    return np.bincount(codes.ravel(), minlength=size).astype(float)


# %% wrong forgets unused entries: shape
# np.bincount without minlength ends at the largest code that occurs.
def codebook_gradient(dweights, codes, size, pruned=False):
    d = np.bincount(codes.ravel(), weights=dweights.ravel())
    if pruned:
        d[0] = 0
    return d


# %% wrong mean of nothing: nan
# The mean of no weights, for the entries that are not used, is NaN.
def codebook_gradient(dweights, codes, size, pruned=False):
    with np.errstate(invalid="ignore"):
        uses = np.bincount(codes.ravel(), minlength=size)
        d = np.bincount(codes.ravel(), weights=dweights.ravel(), minlength=size) / uses * uses
    if pruned:
        d[0] = 0
    return d


# %% wrong lets pruned weights move: pruned-moves
# Pruned connections grow again.
def codebook_gradient(dweights, codes, size, pruned=False):
    dcodebook = np.zeros(size)
    np.add.at(dcodebook, codes, dweights)
    return dcodebook


# %% wrong leaves entry 0 out: shape
# With pruned, the gradient of the other entries only.
def codebook_gradient(dweights, codes, size, pruned=False):
    dcodebook = np.zeros(size)
    np.add.at(dcodebook, codes, dweights)
    return dcodebook[1:] if pruned else dcodebook


# %% wrong gradient of the weights: shape
# dweights is returned, one number for each weight.
def codebook_gradient(dweights, codes, size, pruned=False):
    return dweights.copy()


# %% wrong sums over one axis: shape
# The sum over each row of the codes.
def codebook_gradient(dweights, codes, size, pruned=False):
    d = np.zeros((size, codes.shape[-1]))
    for k in range(size):
        d[k] = np.where(codes == k, dweights, 0).sum(axis=tuple(range(codes.ndim - 1)))
    return d


# %% wrong multiplies by codes: codes-for-weights
# The codes taken for the weights.
def linear_backward(dy, x, codebook, codes):
    return dy @ codes.T, codebook_gradient(x.T @ dy, codes, len(codebook)), dy.sum(axis=0)


# %% wrong fancy index in the layer: overwritten
# The right function is there, and the layer does without it.
def linear_backward(dy, x, codebook, codes):
    dcodebook = np.zeros_like(codebook)
    dcodebook[codes] += x.T @ dy
    return dy @ codebook[codes].T, dcodebook, dy.sum(axis=0)


# %% wrong forgets the bias: type
# Two gradients for three.
def linear_backward(dy, x, codebook, codes):
    return dy @ codebook[codes].T, codebook_gradient(x.T @ dy, codes, len(codebook))
