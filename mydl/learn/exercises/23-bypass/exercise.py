"""Bypass: why gradients add, and how not to write into someone else's array

A bypass adds a layer's input to the layer's output (He et al. 2015; SqueezeNet, figure 2):

    simple:   y = inner(x) + x
    complex:  y = inner(x) + projection(x)         where the channels differ

x is used twice, so its gradient is the sum of what comes back along both ways:

    simple:   dx = inner'(dy) + dy                 the identity passes dy as it is
    complex:  dx = inner'(dy) + projection'(dy)

The plain dy in the first line is what bypasses are for: however small inner'(dy) gets, the
gradient arrives. In numbers: inner(x) = 0.1 x, x = [2], so y = [2.2]; with dy = [1], dx = [0.1 +
1] = [1.1]. Ten such bypasses in a row still multiply the gradient by 1.1^10 = 2.6; ten plain
inner layers would have left 0.1^10 of it.

The formulas are short; the danger is in the arrays. `inner` and the others are functions that you
have not written. They may

- return the very array that they got (a layer that does nothing, such as dropout in evaluation),
- write into the array that they got (a ReLU with `inplace=True` does).

So `y = inner(x); y += x` can double x in the caller's hands, and `inner(x) + x` can add an x that
inner has overwritten. Both have been seen in published networks. Your functions have to give the
right result with such layers too, and must leave x and dy as they were.

Write the four functions. The library's layer: `mydl/layers/bypass.py`.
"""


def simple(x, inner):
    """y = inner(x) + x.

    Args: x (N, H, W, C); inner, a function from an array to an array of the same shape.
    """
    # BEGIN SOLUTION
    return inner(x.copy()) + x
    # END SOLUTION


def simple_backward(dy, inner_backward):
    """The gradient of x.

    Args: dy (N, H, W, C), the gradient of y; inner_backward, a function from the gradient of
        inner's output to the gradient of its input.
    """
    # BEGIN SOLUTION
    return inner_backward(dy.copy()) + dy
    # END SOLUTION


def projected(x, inner, projection):
    """y = inner(x) + projection(x).

    Args: x (N, H, W, C); inner and projection, functions from x to (N, H, W, K).
    """
    # BEGIN SOLUTION
    return inner(x.copy()) + projection(x.copy())
    # END SOLUTION


def projected_backward(dy, inner_backward, projection_backward):
    """The gradient of x (N, H, W, C), from dy (N, H, W, K) and both backward passes."""
    # BEGIN SOLUTION
    return inner_backward(dy.copy()) + projection_backward(dy.copy())
    # END SOLUTION
