"""A convolution, backwards: the gradient of the weights

The forward pass was

    y[n, p, q, k] = b[k] + sum over i, j, c of  x[n, p + i, q + j, c] * w[i, j, c, k]

Further on, the network computes a single number from y, the loss. Training has to know
how the loss changes with each weight. What comes back to the convolution from behind is
`dy`, of the shape of y: `dy[n, p, q, k]` says by how much the loss grows for each unit
by which y[n, p, q, k] grows. From it, and from x, compute the same for the weights:

    x    (N, H, W, C)            the images of the forward pass
    dy   (N, H_out, W_out, K)    the gradient of the output
    dw   (kh, kw, C, K)          the gradient of the weights: what you return

The starting point is the chain rule: a weight changes the loss through every output
pixel in which it was used, so

    dw[i, j, c, k] = sum over all n, p, q of  g * dy[n, p, q, k]

    g: by how much y[n, p, q, k] grows for each unit by which w[i, j, c, k] grows

and g you can read off the formula of the forward pass.

**Example**: one image of 4x4 pixels, one filter of 3x3, so that y and dy have 2x2
pixels.

    x: 1 0 2 1      dy: 1  2      dw: 0 4 2
       3 1 0 2          0 -1          3 0 3
       0 2 1 1                        1 2 3
       1 3 2 0

The first entry: w[0, 0] was multiplied by x[0, 0] = 1 in y[0, 0], by 0 in y[0, 1], by 3
in y[1, 0] and by 1 in y[1, 1]. So dw[0, 0] = 1*1 + 0*2 + 3*0 + 1*(-1) = 0.

No averages: if the loss is a mean over the images, the 1/N is in dy already.

Read on: Conv2d.backward in mydl/layers/conv.py, and docs/gradient-checking.md.
"""

import numpy as np


def conv_dw(x, dy, kernel_size):
    """The gradient of the weights, (kh, kw, C, K).

    Args:
        x: the images of the forward pass, (N, H, W, C).
        dy: the gradient of the output, (N, H_out, W_out, K).
        kernel_size: rows and columns of the filters, the pair (kh, kw).
    """
    # BEGIN SOLUTION
    kh, kw = kernel_size
    _, h_out, w_out, k = dy.shape
    c = x.shape[3]
    dw = np.zeros((kh, kw, c, k))
    for i in range(kh):
        for j in range(kw):
            # All pixels that w[i, j] was multiplied by, and what came out of it.
            pixels = x[:, i : i + h_out, j : j + w_out].reshape(-1, c)  # (N*H_out*W_out, C)
            dw[i, j] = pixels.T @ dy.reshape(-1, k)  # (C, K)
    return dw
    # END SOLUTION
