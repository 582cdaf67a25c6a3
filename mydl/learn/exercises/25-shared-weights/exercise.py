"""Shared weights: the gradient of a codebook entry

Deep Compression stores a layer's weights as a short list of values, the *codebook*, and for each
weight a small number, its *code*, that says which value it has (Han et al. 2016, arXiv
1510.00149):

    codebook = [0.0, 0.5, -1.0]
    codes    = [[1, 2],                weights = codebook[codes] = [[0.5, -1.0],
                [1, 0]]                                             [0.5,  0.0]]

To go on training such a network, one trains the codebook. An entry is used by many weights:
change entry 1 by 0.1, and two weights change by 0.1. The loss changes by both their gradients, so
the gradient of an entry is the **sum** of the gradients of all weights that use it:

    dcodebook[k] = sum of dweights over all positions with codes == k

With dweights = [[1, 2], [3, 4]] that is dcodebook = [4, 1 + 3, 2] = [4, 4, 2]. An entry which no
weight uses has gradient 0.

It is the same rule for every weight that is used twice: in two layers, at every step of a
recurrent network, or at every pixel of a convolution.

NumPy has a trap here. `out[codes] += dweights` looks like it, but where an entry occurs several
times only the *last* addition survives: NumPy reads all of out[codes] first, adds, and then
writes. Test it on the numbers above.

In a pruned network, entry 0 stands for "no connection". It is always 0.0 and has to stay so: with
`pruned=True` its gradient is 0, whatever the weights say.

Write the three functions. Where the library reads such codebooks:
`mydl/weights/deep_compression.py`.
"""

import numpy as np


def decode(codebook, codes):
    """The weights, shaped as `codes`, whole numbers of any shape; codebook (K,)."""
    # BEGIN SOLUTION
    return codebook[codes]
    # END SOLUTION


def codebook_gradient(dweights, codes, size, pruned=False):
    """The gradient of the codebook, (size,).

    Args: dweights, the gradient of the weights, of any shape; codes, whole numbers of the same
        shape; size, the number of the codebook's entries; pruned, whether entry 0 has to stay.
    """
    # BEGIN SOLUTION
    dcodebook = np.zeros(size, dweights.dtype)
    np.add.at(dcodebook, codes, dweights)
    if pruned:
        dcodebook[0] = 0
    return dcodebook
    # END SOLUTION


def linear_backward(dy, x, codebook, codes):
    """The gradients of y = x W + bias, whose W is decoded from a codebook (none is pruned).

    Args: dy (N, O); x (N, I); codebook (K,); codes (I, O).
    Returns: dx (N, I), dcodebook (K,), dbias (O,).
    """
    # BEGIN SOLUTION
    dx = dy @ decode(codebook, codes).T
    dweights = x.T @ dy
    return dx, codebook_gradient(dweights, codes, len(codebook)), dy.sum(axis=0)
    # END SOLUTION
