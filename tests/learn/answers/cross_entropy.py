# %% right one sample after the other
import numpy as np


def cross_entropy(logits, labels):
    total = 0.0
    for z, label in zip(logits, labels):
        top = max(z)
        total += top + np.log(sum(np.exp(z - top))) - z[label]
    return total / len(logits)


def cross_entropy_backward(logits, labels):
    d = np.zeros(logits.shape)
    for n, label in enumerate(labels):
        e = np.exp(logits[n] - max(logits[n]))
        for k in range(logits.shape[1]):
            d[n, k] = (e[k] / sum(e) - (k == label)) / len(logits)
    return d


# %% right one-hot and logaddexp
import numpy as np


def cross_entropy(logits, labels):
    y = np.eye(logits.shape[1])[labels]
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return -np.einsum("nk,nk->", y, log_p) / len(y)


def cross_entropy_backward(logits, labels):
    y = np.eye(logits.shape[1])[labels]
    p = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    return (p - y) / len(y)


# %% wrong logarithm of zero: log-of-zero
# tensorflow/models, pull request 181: softmax first, then the logarithm.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    p = softmax(logits)
    return -np.mean(np.log(p[np.arange(len(p)), labels]))


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)


# %% wrong a small number added: epsilon
# The usual repair of the above (mkocabas/focal-loss-keras, issue 17, and many others):
# a loss that stops growing.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    p = softmax(logits)
    return -np.mean(np.log(p[np.arange(len(p)), labels] + 1e-12))


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)


# %% wrong clipped: epsilon
# eriklindernoren/ML-From-Scratch, issue 98, and others: np.clip against log(0).
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    p = np.clip(softmax(logits), 1e-15, 1 - 1e-15)
    return -np.mean(np.log(p[np.arange(len(p)), labels]))


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)


# %% wrong overflow: overflow
# The formula as it stands, without a maximum.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    log_sum = np.log(np.exp(logits).sum(axis=1))
    return np.mean(log_sum - logits[np.arange(len(logits)), labels])


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)


# %% wrong sum: sum
# The mean forgotten; the step then grows with the batch.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].sum()


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)


# %% wrong label columns: all-classes
# z[:, labels] for z[np.arange(N), labels].
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[:, labels].mean()


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)


# %% wrong two-class loss: binary
# eriklindernoren/ML-From-Scratch, issue 98: the loss of two classes, used for many.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    p = softmax(logits)
    y = np.eye(p.shape[1])[labels]
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / len(p)


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)


# %% wrong one loss for each sample: not-a-mean
# No mean at all.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels]


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)


# %% wrong forgets N: no-mean
# The mean in forward, the sum in backward (apache/mxnet, pull request 2215).
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].mean()


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return p


# %% wrong divides by all: mean-over-all
# 1 / (N K) for 1 / N (victorlempitsky/Mate, issue 2).
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].mean()


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return p / p.size


# %% wrong twice: twice
# Off by a factor of two (markroxor/fromscratchtoml, issue 65).
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].mean()


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[np.arange(len(p)), labels] -= 1
    return 2 * p / len(p)


# %% wrong sign: sign
# labels - p, the "error" of older textbooks (deeplearning4j/deeplearning4j, issue 345).
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].mean()


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    y = np.eye(p.shape[1])[labels]
    return (y - p) / len(p)


# %% wrong every row for every label: all-rows
# d[:, labels] -= 1 runs without an error.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].mean()


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    p[:, labels] -= 1
    return p / len(p)


# %% wrong softmax twice: softmax-twice
# p - y holds both steps; another softmax backward is put after it.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].mean()


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    d = p.copy()
    d[np.arange(len(p)), labels] -= 1
    d /= len(p)
    return p * (d - (d * p).sum(axis=1, keepdims=True))


# %% wrong the derivative by p: only-log
# -y / p, without softmax's own step.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].mean()


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    y = np.eye(p.shape[1])[labels]
    return -y / p / len(p)


# %% wrong two steps: nan
# Right for ordinary logits: -y / p, then softmax's Jacobian. p = 0 makes it 0 times infinity.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].mean()


def cross_entropy_backward(logits, labels):
    p = softmax(logits)
    y = np.eye(p.shape[1])[labels]
    dp = -y / p / len(p)
    return p * (dp - (dp * p).sum(axis=1, keepdims=True))


# %% wrong forgets the labels: no-labels
# p without - y.
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(z)), labels].mean()


def cross_entropy_backward(logits, labels):
    return softmax(logits) / len(logits)
