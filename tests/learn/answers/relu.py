# %% right with masks and copies
import numpy as np


def relu(x):
    y = x.copy()
    y[y < 0] = 0
    return y


def relu_backward(dy, y):
    dx = dy.copy()
    dx[y <= 0] = 0
    return dx


# %% right one number after the other
import numpy as np


def relu(x):
    y = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        if not x[i] <= 0:
            y[i] = x[i]
    return y


def relu_backward(dy, y):
    return np.array([d if v > 0 else 0.0 for d, v in zip(dy.flat, y.flat)]).reshape(dy.shape)


# %% right where
import numpy as np


def relu(x):
    return np.where(x <= 0, 0.0, x)


def relu_backward(dy, y):
    return np.where(y > 0, dy, 0.0)


# %% wrong writes into dy: mutated
# dy[y <= 0] = 0 saves an array, and spoils the gradient of everyone else who reads dy.
import numpy as np


def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, y):
    dy[y <= 0] = 0
    return dy


# %% wrong writes into x: mutated
# np.maximum(x, 0, out=x) (deeplearning4j, pull request 364; pytorch/pytorch, issue 5687).
import numpy as np


def relu(x):
    return np.maximum(x, 0, out=x)


def relu_backward(dy, y):
    return dy * (y > 0)


# %% wrong cuts negative gradients: negative-gradient
# "Zero where the gradient is negative" (exacity/deeplearningbook-chinese, issue 127).
import numpy as np


def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, y):
    return np.maximum(dy, 0)


# %% wrong slope alone: upstream
# 0 or 1 assigned where it should be multiplied (haifengl/smile, issue 528).
import numpy as np


def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, y):
    return np.where(y > 0, 1.0, 0.0)


# %% wrong mask alone: dtype
# The same, as an array of True and False.
import numpy as np


def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, y):
    return y > 0


# %% wrong lets all pass: no-mask
# A leaky ReLU with slope 0 (chainer/chainer, pull request 5898).
import numpy as np


def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, y):
    return dy * 1.0


# %% wrong larger or equal: no-mask
# iamtrask/Grokking-Deep-Learning, pull request 13; tensorflow/playground, issue 19. Of an output,
# which is never negative, >= 0 is always true.
import numpy as np


def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, y):
    return dy * (y >= 0)


# %% wrong half at zero: half
# np.sign and np.heaviside(y, 0.5) put 0.5 there.
import numpy as np


def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, y):
    return dy * (y > 0) + 0.5 * dy * (y == 0)


# %% wrong hides NaN: nan-hidden
# NaN > 0 is false.
import numpy as np


def relu(x):
    return np.where(x > 0, x, 0.0)


def relu_backward(dy, y):
    return dy * (y > 0)


# %% wrong infinity times zero: infinity
# x * (x > 0) is the shortest ReLU, and -inf * 0 is NaN.
import numpy as np


def relu(x):
    return x * (x > 0)


def relu_backward(dy, y):
    return dy * (y > 0)


# %% wrong largest of the array: max
# np.max for np.maximum: 0 is then taken for the axis.
import numpy as np


def relu(x):
    return np.max(x, 0)


def relu_backward(dy, y):
    return dy * (y > 0)


# %% wrong times the output: values
# y taken for its slope.
import numpy as np


def relu(x):
    return np.maximum(x, 0)


def relu_backward(dy, y):
    return dy * y


# %% wrong leaky: leaky
# Another layer: chosen against "dead" ReLUs.
import numpy as np


def relu(x):
    return np.where(x > 0, x, 0.01 * x)


def relu_backward(dy, y):
    return dy * np.where(y > 0, 1, 0.01)
