"""Answers to 14-conv-db, each a complete file of a student."""

# %% right loops
import numpy as np


def conv_db(dy):
    db = np.zeros(dy.shape[3])
    for index in np.ndindex(dy.shape):
        db[index[3]] += dy[index]
    return db


# %% right einsum
import numpy as np


def conv_db(dy):
    return np.einsum("npqk->k", dy)


# %% right matrix
import numpy as np


def conv_db(dy):
    rows = dy.reshape(-1, dy.shape[-1])
    return np.ones(len(rows)) @ rows


# %% wrong mean: averaged
# mean instead of sum (kvfrans/notes, issue 5).
import numpy as np


def conv_db(dy):
    return dy.mean(axis=(0, 1, 2))


# %% wrong mean_over_images: averaged-batch
# 1/N belongs to the loss, and is then taken twice.
import numpy as np


def conv_db(dy):
    return dy.sum(axis=(0, 1, 2)) / len(dy)


# %% wrong sum_of_all: one-number
# A sum without an axis (rasbt/stat453-deep-learning-ss21, issue 5).
import numpy as np


def conv_db(dy):
    return np.sum(dy)


# %% wrong sum_of_all_broadcast: all-channels
# The same, broadcast to every bias.
import numpy as np


def conv_db(dy):
    db = np.zeros(dy.shape[3])
    db += dy.sum()
    return db


# %% wrong channels_first: channels-first
# The sum over (0, 2, 3) for channels last (deeplearning4j/deeplearning4j, issue 8280).
import numpy as np


def conv_db(dy):
    return dy.sum(axis=(0, 2, 3))


# %% wrong row_sums: by-sample
# The sum of each sample's errors instead of each kernel's (snuspl/cruise, issue 800).
import numpy as np


def conv_db(dy):
    return dy.reshape(len(dy), -1).sum(axis=1)


# %% wrong samples_left: samples-left
# A gradient for each sample: right for a batch of one only, and then for its values, not its shape.
import numpy as np


def conv_db(dy):
    return dy.sum(axis=(1, 2))


# %% wrong one_sample: first-sample
# Right for a batch of one only (mlpack/mlpack, pull request 3679).
import numpy as np


def conv_db(dy):
    return dy[0].sum(axis=(0, 1))


# %% wrong like_a_linear_layer: pixels-left
# Taken over from a linear layer, whose bias is summed over axis 0.
import numpy as np


def conv_db(dy):
    return dy.sum(axis=0)


# %% wrong assigns: last-sample
# "=" in the loop over the images.
import numpy as np


def conv_db(dy):
    db = np.zeros(dy.shape[3])
    for image in dy:
        db = image.sum(axis=(0, 1))
    return db


# %% wrong keeps_axes: keepdims
# keepdims=True, from a place where it helps broadcasting.
import numpy as np


def conv_db(dy):
    return dy.sum(axis=(0, 1, 2), keepdims=True)


# %% wrong a_list: type
# A Python list of sums.
import numpy as np


def conv_db(dy):
    return [dy[..., k].sum() for k in range(dy.shape[3])]
