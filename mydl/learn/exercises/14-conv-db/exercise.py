"""A convolution, backwards: the gradient of the bias

Each filter k of a convolution adds its bias b[k] to every pixel of output channel k, in
every image:

    y[n, p, q, k] = (convolution)[n, p, q, k] + b[k]

From behind comes `dy`: by how much the loss grows for each unit by which y[n, p, q, k]
grows. Compute the gradient of the bias from it.

    dy   (N, H_out, W_out, K)    the gradient of the output
    db   (K,)                    the gradient of the bias: what you return

If b[k] grows by a little, which numbers of y grow with it, and by how much? This is one
line, and one question: over which axes?

**Example**: one image, 2x2 output pixels, two filters.

    dy[0, :, :, 0]:  1  2        dy[0, :, :, 1]:  5  0        db: 2  8
                     0 -1                         0  3

Read on: Conv2d.backward in mydl/layers/conv.py.
"""

import numpy as np


def conv_db(dy):
    """The gradient of the bias, (K,).

    Args:
        dy: the gradient of the output, (N, H_out, W_out, K).
    """
    # BEGIN SOLUTION
    return np.sum(dy, axis=(0, 1, 2))
    # END SOLUTION
