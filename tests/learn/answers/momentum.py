"""Answers to 24-momentum, each a complete file of a student."""

# %% right new velocities
import numpy as np


class SGD:
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0, nesterov=False):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.weight_decay, self.nesterov = weight_decay, nesterov
        self.v = {}

    def step(self, grads):
        for i in range(len(self.params)):
            g = self.params[i] * self.weight_decay + grads[i]
            self.v[i] = g + (self.momentum * self.v[i] if i in self.v else 0)
            if self.nesterov:
                self.params[i][...] = self.params[i] - self.lr * (g + self.momentum * self.v[i])
            else:
                self.params[i][...] = self.params[i] - self.lr * self.v[i]


# %% right number by number
import numpy as np


class SGD:
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0, nesterov=False):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.weight_decay, self.nesterov = weight_decay, nesterov
        self.v = [[0.0] * p.size for p in params]

    def step(self, grads):
        for p, grad, v in zip(self.params, grads, self.v):
            for i, index in enumerate(np.ndindex(p.shape)):
                g = grad[index] + self.weight_decay * p[index]
                v[i] = self.momentum * v[i] + g
                p[index] -= self.lr * ((g + self.momentum * v[i]) if self.nesterov else v[i])


# %% given
import numpy as np


class Right:
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0, nesterov=False):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.weight_decay, self.nesterov = weight_decay, nesterov
        self.velocities = [np.zeros_like(p) for p in params]

    def step(self, grads):
        for p, grad, v in zip(self.params, grads, self.velocities):
            p -= self.lr * self.direction(p, grad, v)

    def direction(self, p, grad, v):
        g = grad + self.weight_decay * p
        v[...] = self.momentum * v + g
        return g + self.momentum * v if self.nesterov else v


# %% wrong goes uphill: uphill
# The step added, where the "error" of older textbooks has the opposite sign.
class SGD(Right):
    def direction(self, p, grad, v):
        return -super().direction(p, grad, v)


# %% wrong rebinds: not-in-place
# p = p - ... changes a name.
class SGD(Right):
    def step(self, grads):
        for p, grad, v in zip(self.params, grads, self.velocities):
            p = p - self.lr * self.direction(p, grad, v)


# %% wrong replaces the list: not-in-place
# New arrays in the optimizer's list; the network goes on with the old ones.
class SGD(Right):
    def step(self, grads):
        self.params = [
            p - self.lr * self.direction(p, grad, v)
            for p, grad, v in zip(self.params, grads, self.velocities)
        ]


# %% wrong mean of the gradients: dampened
# ml-explore/mlx, pull request 87: the gradient scaled by 1 - momentum.
class SGD(Right):
    def direction(self, p, grad, v):
        g = grad + self.weight_decay * p
        v[...] = self.momentum * v + (1 - self.momentum) * g
        return v


# %% wrong zeroes v: forgetful
# kozistr/pytorch_optimizer, pull request 516: the buffer is made anew before each step.
class SGD(Right):
    def step(self, grads):
        self.velocities = [np.zeros_like(p) for p in self.params]
        super().step(grads)


# %% wrong one v for all: shared-v
# One buffer in the place of one for each parameter.
class SGD(Right):
    def step(self, grads):
        self.velocities = [self.velocities[0]] * 2 + self.velocities[2:]
        super().step(grads)


# %% wrong learning rate in v: lr-in-velocity
# v = momentum v + lr g, the older form; right as long as lr does not change.
class SGD(Right):
    def direction(self, p, grad, v):
        g = grad + self.weight_decay * p
        v[...] = self.momentum * v + self.lr * g
        return (self.lr * g + self.momentum * v if self.nesterov else v) / self.lr


# %% wrong keeps the first learning rate: fixed-lr
# lr is read once, and a schedule changes nothing.
class SGD(Right):
    def __init__(self, params, lr, momentum=0.0, weight_decay=0.0, nesterov=False):
        super().__init__(params, lr, momentum, weight_decay, nesterov)
        self.rate = lr

    def step(self, grads):
        for p, grad, v in zip(self.params, grads, self.velocities):
            p -= self.rate * self.direction(p, grad, v)


# %% wrong decay after momentum: decay-after-momentum
# pytorch/pytorch, pull request 13801: the C++ version decayed after the momentum.
class SGD(Right):
    def direction(self, p, grad, v):
        v[...] = self.momentum * v + grad
        return v + self.weight_decay * p


# %% wrong no decay without momentum: decay-needs-momentum | decay-forgotten
# ml-explore/mlx, issue 440: the plain step returns before the decay is added.
class SGD(Right):
    def direction(self, p, grad, v):
        if self.momentum <= 0:
            return grad
        return super().direction(p, grad, v)


# %% wrong subtracts a constant: decay-constant
# jettify/pytorch-optimizer, issue 454: theta - lambda * alpha.
class SGD(Right):
    def direction(self, p, grad, v):
        g = grad + self.weight_decay
        v[...] = self.momentum * v + g
        return g + self.momentum * v if self.nesterov else v


# %% wrong twice the decay: decay-twice
# The penalty without the one half.
class SGD(Right):
    def direction(self, p, grad, v):
        return super().direction(p, grad + self.weight_decay * p, v)


# %% wrong decay without lr: decay-without-lr
# p *= 1 - weight_decay.
class SGD(Right):
    def step(self, grads):
        for p, grad, v in zip(self.params, grads, self.velocities):
            v[...] = self.momentum * v + grad
            p *= 1 - self.weight_decay
            p -= self.lr * v


# %% wrong Nesterov with the old v: nesterov-is-plain
# ml-explore/mlx, pull request 87: momentum times v before v is updated.
class SGD(Right):
    def direction(self, p, grad, v):
        g = grad + self.weight_decay * p
        step = g + self.momentum * v
        v[...] = self.momentum * v + g
        return step


# %% wrong Nesterov twice the momentum: nesterov-v-for-g
# v + momentum v.
class SGD(Right):
    def direction(self, p, grad, v):
        v[...] = self.momentum * v + grad + self.weight_decay * p
        return v + self.momentum * v if self.nesterov else v


# %% wrong writes into the gradients: mutated
# grad += weight_decay * p.
class SGD(Right):
    def direction(self, p, grad, v):
        grad += self.weight_decay * p
        v[...] = self.momentum * v + grad
        return grad + self.momentum * v if self.nesterov else v


# %% wrong keeps the first gradient: aliased
# v = g in the first step, without a copy; then v *= momentum works on the network's gradients.
class SGD(Right):
    def step(self, grads):
        for i, (p, grad) in enumerate(zip(self.params, grads)):
            g = grad + self.weight_decay * p if self.weight_decay else grad
            if not self.velocities[i].any():
                self.velocities[i] = g
            else:
                self.velocities[i] *= self.momentum
                self.velocities[i] += g
            v = self.velocities[i]
            p -= self.lr * (g + self.momentum * v if self.nesterov else v)


# %% wrong keeps the first gradient for one step: aliased-at-first
# The same, and the second step makes a new array.
class SGD(Right):
    def step(self, grads):
        for i, (p, grad) in enumerate(zip(self.params, grads)):
            g = grad + self.weight_decay * p if self.weight_decay else grad
            started = self.velocities[i].any()
            self.velocities[i] = self.momentum * self.velocities[i] + g if started else g
            v = self.velocities[i]
            p -= self.lr * (g + self.momentum * v if self.nesterov else v)


# %% wrong v of the class: shared
# A dictionary in the class body, which all optimizers have in common.
class SGD(Right):
    velocity_of = {}

    def step(self, grads):
        for i, (p, grad) in enumerate(zip(self.params, grads)):
            v = self.velocity_of.setdefault((i, p.shape), np.zeros_like(p))
            p -= self.lr * self.direction(p, grad, v)
