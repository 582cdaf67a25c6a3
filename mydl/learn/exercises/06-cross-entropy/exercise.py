"""Cross-entropy, and why it holds the softmax

The loss of classification. A network gives K scores for each sample, the *logits*; softmax makes
probabilities p of them; and the loss says how surprised we are by the right answer:

    p[n, k] = e^z[n, k] / (sum over j of e^z[n, j])          z: logits, (N, K)
    loss    = mean over samples of -log p[n, label[n]]       labels: (N,), whole numbers 0 ... K - 1

A probability of 1 for the right class costs nothing, 1/2 costs log 2 = 0.69, 0.001 costs 6.9.

Write `cross_entropy(logits, labels)`, one number, and `cross_entropy_backward(logits, labels)`,
its derivative by every logit, (N, K). There is no upstream gradient: the loss is the end of the
network, and the derivative of the loss by itself is 1.

Do not write it as softmax followed by a logarithm. Write it in one step, for two reasons:

- **It stays right.** With logits of [0, 1000] and label 0, p[0] = e^-1000 rounds to 0, and its
  logarithm is -infinity. But the loss is an ordinary number, 1000. Take the logarithm of the
  fraction by hand, before anything is computed:

      -log p[label] = log(sum over j of e^z[j]) - z[label]

and subtract the largest logit of each row first, as in `softmax`: it changes nothing else.
(Adding a small number, log(p + 1e-12), hides the infinity and gives a wrong loss, here 27.6.)

- **The gradient becomes simple.** Differentiate the line above by z[k], for k = label and for the
  other k. What comes out has no logarithm and no division by p any more. Do not forget that the
  loss is the mean over the N samples.

## An example

    logits = [[log 1, log 3],     p = [[0.25, 0.75],      labels = [1, 0]
              [log 1, log 1]]          [0.5,  0.5 ]]

    loss = (-log 0.75 - log 0.5) / 2 = 0.4904

    dlogits = [[ 0.125, -0.125],       raising the right score lowers the loss (negative), raising
               [-0.25,   0.25 ]]       the other raises it; N = 2 halves all of them

A check on your result: each row of it adds up to 0.

Read: mydl/losses.py, after you have passed.
"""

import numpy as np


def cross_entropy(logits, labels):
    """The mean of -log softmax(logits)[label] over the samples: one number.

    Args:
        logits: scores, (N, K).
        labels: the right class of each sample, (N,), integers from 0 to K - 1.
    """
    # BEGIN SOLUTION
    z = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(z).sum(axis=1))  # (N,)
    return np.mean(log_sum - z[np.arange(len(z)), labels])
    # END SOLUTION


def cross_entropy_backward(logits, labels):
    """The derivative of `cross_entropy(logits, labels)` by the logits, (N, K)."""
    # BEGIN SOLUTION
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    d = e / e.sum(axis=1, keepdims=True)  # p
    d[np.arange(len(d)), labels] -= 1  # p - y, where y is 1 at the label and 0 elsewhere
    return d / len(d)
    # END SOLUTION
