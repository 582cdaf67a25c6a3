"""Dropout: silence some values, and scale the others up

While a network is trained, dropout sets each value to 0 with probability p, so that no value is
relied upon alone. The next layer adds values up; with a share p of them gone, its sums would be
smaller than later in use, when nothing is dropped. So those that are kept are made larger, by
1 / (1 - p), during training ("inverted" dropout):

    mask = 0 with probability p, else 1 / (1 - p)          drawn for each entry by itself
    y    = x * mask

On average over many draws y is then x: (1 - p) * 1 / (1 - p) + p * 0 = 1. In evaluation there is
nothing left to do: y = x.

Write `dropout`, which returns y **and** the mask, and `dropout_backward`, which gets dy and the
mask. The mask is kept because dx needs the very same one: an entry of x that was dropped did not
reach the loss, and one that was kept reached it 1 / (1 - p) times.

## An example

p = 0.2, so what is kept is multiplied by 1 / 0.8 = 1.25; the draw dropped the second entry:

    x  = [4, 4, 0, -8]     mask = [1.25, 0, 1.25, 1.25]     y  = [5, 0, 0, -10]
    dy = [2, 2, 2,  2]                                      dx = [2.5, 0, 2.5, 2.5]

Look at the third entry: y = 0, but it was not dropped. The mask knows; y does not.

## What else it has to do

- Random numbers come from `rng`, a `numpy.random.Generator`, and from nowhere else: whoever gives
  the same generator in the same state gets the same mask. `rng.random(shape)` draws numbers from
  0 up to, but not including, 1, all equally likely. (np.random.rand and np.random.seed are shared
  by the whole program.)
- Each entry is drawn by itself: not one draw for a row or a column.
- p is the probability of **dropping**. In other texts it is that of keeping; with p = 0.5 one
  does not see the difference.
- p = 0 drops nothing. p = 1 drops everything: y is 0, and nothing is divided by 0.
- With `training=False`, y equals x, and the mask is all ones.

Read: mydl/layers/dropout.py, after you have passed.
"""

import numpy as np


def dropout(x, p, rng, training=True):
    """Drop each entry of x with probability p, and scale up the rest.

    Args:
        x: an array of any shape.
        p: the probability of dropping an entry, from 0 to 1.
        rng: a numpy.random.Generator, which draws the mask.
        training: False in evaluation, when nothing is dropped.

    Returns:
        (y, mask), both with the shape of x.
    """
    # BEGIN SOLUTION
    if not training:
        return x, np.ones(x.shape)
    kept = rng.random(x.shape) >= p
    scale = 1 / (1 - p) if p < 1 else 0.0
    mask = kept * scale
    return x * mask, mask
    # END SOLUTION


def dropout_backward(dy, mask):
    """dx of `y, mask = dropout(x, ...)`, from dy and the mask."""
    # BEGIN SOLUTION
    return dy * mask
    # END SOLUTION
