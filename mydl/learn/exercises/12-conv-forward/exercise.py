"""A convolution, forwards

Slide a small window over the image. At each place multiply the pixels under it by the
window's weights, add everything up and add a bias: that is one pixel of the output. The
weights are the same at every place. With K filters there are K such windows, and each
makes one channel of the output.

    x   (N, H, W, C)            N images, H rows, W columns, C channels
    w   (kh, kw, C, K)          the weights: K filters of kh x kw pixels, C channels
    b   (K,)                    one bias for each filter
    y   (N, H_out, W_out, K)    H_out = H - kh + 1,  W_out = W - kw + 1

    y[n, p, q, k] = b[k] + sum over i, j, c of  x[n, p + i, q + j, c] * w[i, j, c, k]

The window moves by one pixel (stride 1) and stays inside the image (no padding). A
filter adds over the channels too: a colour image and one filter give one channel. The
window is not turned round, as mathematicians do it in what they call a convolution.

**Example**: 4x4 pixels, one channel, one filter of 3x3, bias 10.

    x: 1 0 2 1      w: 1  0 -1      y: 15 11
       3 1 0 2         2  1  0         14 12
       0 2 1 1         0 -1  1
       1 3 2 0

The first pixel: the window lies on 1 0 2, 3 1 0, 0 2 1, so that y[0, 0] = 1*1 + 0*0 +
2*(-1) + 3*2 + 1*1 + 0*0 + 0*0 + 2*(-1) + 1*1 + 10 = 5 + 10.

Read on: Conv2d.forward in mydl/layers/conv.py, which does it with im2col.
"""

import numpy as np


def conv_forward(x, w, b):
    """The convolution of x with the filters w, plus the bias: (N, H_out, W_out, K).

    Args:
        x: images, (N, H, W, C).
        w: weights, (kh, kw, C, K).
        b: biases, (K,).
    """
    # BEGIN SOLUTION
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    h_out, w_out = height - kh + 1, width - kw + 1
    y = np.zeros((n, h_out, w_out, k))
    for i in range(kh):
        for j in range(kw):
            # What cell (i, j) of the window adds to every output pixel: (..., C) @ (C, K).
            y += x[:, i : i + h_out, j : j + w_out] @ w[i, j]
    return y + b
    # END SOLUTION
