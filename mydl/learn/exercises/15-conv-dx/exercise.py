"""A convolution, backwards: the gradient of the image

The last of the three gradients: how does the loss change with each pixel of x? The
layer in front needs it as its own dy. This is what lets a network be deep.

    dy   (N, H_out, W_out, K)    the gradient of the output
    w    (kh, kw, C, K)          the weights of the forward pass
    dx   (N, H, W, C)            the gradient of the image: what you return

The forward pass once more:

    y[n, p, q, k] = b[k] + sum over i, j, c of  x[n, p + i, q + j, c] * w[i, j, c, k]

Follow a single number y[n, p, q, k]. It read the pixels under its window, each with its
own weight. So its dy[n, p, q, k] goes back to these pixels, each time multiplied by the
same weight. Windows overlap: a pixel that was read by several windows collects from all
of them.

**Example**: one image of 4x4 pixels, one filter of 3x3, and the 2x2 numbers of dy.

    w: 1  0 -1      dy: 1  2      dx: 1  2 -1 -2
       2  1  0          0 -1          2  4  2  1
       0 -1  1                        0 -3 -2  2
                                      0  0  1 -1

The corner dx[0, 0] was read by window (0, 0) only, by w[0, 0]: 1 * 1. Its neighbour
dx[0, 1] was read by window (0, 0) with w[0, 1] = 0 and by window (0, 1) with w[0, 0] =
1: 0 * 1 + 1 * 2.

Read on: Conv2d.backward in mydl/layers/conv.py, which ends with col2im.
"""

import numpy as np


def conv_dx(dy, w, x_shape):
    """The gradient of the image, (N, H, W, C).

    Args:
        dy: the gradient of the output, (N, H_out, W_out, K).
        w: the weights of the forward pass, (kh, kw, C, K).
        x_shape: the shape of the image, (N, H, W, C).
    """
    # BEGIN SOLUTION
    kh, kw = w.shape[:2]
    _, h_out, w_out, _ = dy.shape
    dx = np.zeros(x_shape)
    for i in range(kh):
        for j in range(kw):
            # Back to the pixels that w[i, j] read: (N, H_out, W_out, K) @ (K, C).
            dx[:, i : i + h_out, j : j + w_out] += dy @ w[i, j].T
    return dx
    # END SOLUTION
