"""SGD with momentum and weight decay

Here the backward pass ends: the optimizer takes the gradients and moves the parameters. Plain SGD
steps against the gradient. Momentum keeps a running sum `v` of past gradients for each parameter,
so that steps in a steady direction grow and steps that change sign cancel. Weight decay pulls
every parameter towards zero. For each parameter array p with gradient `grad`, one step is

    g = grad + weight_decay p          decay first, so that it goes through the momentum as well
    v = momentum v + g                 v starts at zero
    p = p - lr v                       plain momentum
    p = p - lr (g + momentum v)        Nesterov, with the new v

This is PyTorch's form: lr is not a part of v. When lr changes between two steps, as it does in
training, v knows nothing about it.

In numbers: p = [10], lr = 0.1, momentum = 0.5, weight_decay = 0.1, and grad = [1] twice. Step 1:
g = 1 + 1 = 2, v = 2, p = 10 - 0.2 = 9.8. Step 2: g = 1 + 0.98 = 1.98, v = 1 + 1.98 = 2.98, p =
9.8 - 0.298 = 9.502. With Nesterov the first step is 0.1 (2 + 0.5 * 2) = 0.3, so p = 9.7.

Write the class below. Mind whose arrays they are:

- `params` are the network's own arrays. A step changes them **in place** (`p -= ...` or
  `p[...] = ...`); `p = p - ...` would make a new array, of which the network knows nothing.
- `grads` belong to the network as well: they are left as they are.
- Each parameter has its own `v`, made by this optimizer, shared with nobody: not with another
  parameter, not with another optimizer, not with `grads`.

The library's optimizers: `mydl/optim.py`. Source: Sutskever et al. 2013, section 2.
"""

import numpy as np


class SGD:
    """Stochastic gradient descent over a list of arrays.

    Args: params, a list of arrays, changed in place by each step; lr, the learning rate, a plain
        attribute that the training loop sets before a step; momentum; weight_decay; nesterov.
    """

    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0, nesterov=False):
        self.params = params
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        # BEGIN SOLUTION
        self.velocities = [np.zeros_like(p) for p in params]
        # END SOLUTION

    def step(self, grads):
        """Change the parameters in place.

        Args: grads, a list of arrays, shaped as the parameters.
        """
        # BEGIN SOLUTION
        for p, grad, v in zip(self.params, grads, self.velocities, strict=True):
            g = grad + self.weight_decay * p
            v *= self.momentum
            v += g
            p -= self.lr * (g + self.momentum * v if self.nesterov else v)
        # END SOLUTION
