"""Write layers.npz: what PyTorch computes for each layer, to compare ours with.

Run with PyTorch 2.13 in the folder of this file:  python make_layer_references.py

Each case has ``x``, ``dy``, ``y`` and ``dx``, its parameters ``p.<name>`` and their gradients
``g.<name>``, all in float64 and in this project's layout: (N, H, W, C), weights (K_h, K_w, C_in,
C_out). Inputs are multiples of 1/64, which compress well; some of them tie in a maximum.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(2016)
arrays: dict[str, np.ndarray] = {}


def draw(*shape):
    return rng.integers(-128, 129, shape) / 64


def record(name, f, x, **parameters):
    """Run ``f(x, **parameters)`` on tensors in our layout, forwards and backwards."""
    x = torch.tensor(x, requires_grad=True)
    parameters = {k: torch.tensor(p, requires_grad=True) for k, p in parameters.items()}
    y = f(x, **parameters)
    dy = torch.tensor(draw(*y.shape))
    y.backward(dy)
    case = {"x": x, "dy": dy, "y": y, "dx": x.grad}
    for k, p in parameters.items():
        case |= {f"p.{k}": p, f"g.{k}": p.grad}
    arrays.update({f"{name}/{k}": t.detach().numpy().copy(order="C") for k, t in case.items()})


def images(f):
    """``f`` of (N, C, H, W) as a function of (N, H, W, C)."""
    return lambda x, *args, **kwargs: f(x.permute(0, 3, 1, 2), *args, **kwargs).permute(0, 2, 3, 1)


def conv(x, weight, bias=None, pad=None, **kwargs):
    """Convolution of (N, H, W, C) by (K_h, K_w, C_in, C_out)."""
    x = x.permute(0, 3, 1, 2)
    if pad is not None:
        x = F.pad(x, pad)
    weight = weight.permute(3, 2, 0, 1).contiguous()
    return F.conv2d(x.contiguous(), weight, bias, **kwargs).permute(0, 2, 3, 1)


def record_conv(name, shape, kernel, out, bias=True, **kwargs):
    parameters = {"weight": draw(*kernel, shape[3], out)} | ({"bias": draw(out)} if bias else {})
    record(name, lambda x, **p: conv(x, **p, **kwargs), draw(*shape), **parameters)


record_conv("conv_3x3", (2, 5, 4, 3), (3, 3), 4)
record_conv("conv_padding", (2, 5, 4, 3), (3, 3), 4, padding=1)
record_conv("conv_stride", (2, 6, 7, 2), (3, 3), 3, stride=2)
record_conv("conv_pairs", (2, 7, 6, 2), (3, 2), 3, stride=(2, 1), padding=(1, 2))
record_conv("conv_asymmetric", (1, 5, 6, 2), (3, 3), 3, pad=(2, 1, 0, 3), stride=2)
record_conv("conv_same", (1, 5, 6, 2), (3, 4), 3, padding="same")
record_conv("conv_wide_padding", (1, 3, 3, 2), (2, 2), 2, padding=3)
record_conv("conv_7x7", (1, 9, 9, 3), (7, 7), 2, stride=2)
record_conv("conv_1x1", (2, 3, 4, 5), (1, 1), 3)
record_conv("conv_1x1_stride", (2, 4, 5, 3), (1, 1), 2, stride=2)
record_conv("conv_1x1_padding", (2, 3, 2, 3), (1, 1), 2, padding=1)
record_conv("conv_no_bias", (2, 4, 4, 2), (3, 3), 2, bias=False)


def record_max(name, shape, *args, below=0, **kwargs):
    record(name, images(lambda x: F.max_pool2d(x, *args, **kwargs)), draw(*shape) - below)


record_max("maxpool_2x2", (2, 4, 6, 2), 2)
record_max("maxpool_2x2_odd", (2, 5, 7, 2), 2)
record_max("maxpool_overlapping", (2, 7, 7, 3), 3, 2)
record_max("maxpool_ceil_exact", (2, 7, 7, 2), 3, 2, ceil_mode=True)
record_max("maxpool_ceil_clipped", (2, 8, 6, 3), 3, 2, ceil_mode=True)
record_max("maxpool_ceil_small", (2, 2, 2, 3), 3, 2, ceil_mode=True)
record_max("maxpool_padding", (2, 6, 5, 2), 3, 2, padding=1, below=9)
record_max("maxpool_padding_ceil", (2, 6, 5, 2), 3, 2, padding=1, ceil_mode=True, below=9)
record_max("maxpool_stride1", (1, 5, 5, 2), 3, 1, padding=1)
record_max("maxpool_pairs", (2, 7, 9, 2), (3, 2), (1, 3), padding=(1, 0), ceil_mode=True)
record_max("maxpool_gaps", (1, 7, 8, 2), 2, 3, ceil_mode=True)


def record_avg(name, shape, *args, **kwargs):
    record(name, images(lambda x: F.avg_pool2d(x, *args, **kwargs)), draw(*shape))


record_avg("avgpool_2x2", (2, 4, 6, 2), 2)
record_avg("avgpool_overlapping", (2, 7, 7, 2), 3, 2)
record_avg("avgpool_ceil", (2, 8, 6, 2), 3, 2, ceil_mode=True)
record_avg("avgpool_padding", (2, 6, 5, 2), 3, 2, padding=1)
record_avg("avgpool_padding_ceil", (2, 6, 7, 2), 3, 2, padding=1, ceil_mode=True)
record_avg("avgpool_excluded", (2, 6, 5, 2), 3, 2, padding=1, count_include_pad=False)
record_avg(
    "avgpool_excluded_ceil", (2, 6, 7, 2), 3, 2, padding=1, ceil_mode=True, count_include_pad=False
)
record_avg("avgpool_pairs", (1, 7, 9, 2), (4, 2), (3, 1), padding=(2, 1), ceil_mode=True)
record("globalavgpool", lambda x: x.mean((1, 2)), draw(2, 3, 4, 3))

record("relu", F.relu, np.concatenate([draw(3, 7), np.zeros((1, 7))]))
record("softmax", lambda x: F.softmax(x, -1), draw(4, 5))
record("softmax_images", lambda x: F.softmax(x, -1), draw(1, 2, 3, 4))
record("logsoftmax", lambda x: F.log_softmax(x, -1), draw(4, 5))
record("logsoftmax_huge", lambda x: F.log_softmax(x, -1), draw(3, 4) * 1e4)
record(
    "linear", lambda x, weight, bias: x @ weight + bias, draw(4, 3), weight=draw(3, 5), bias=draw(5)
)
record("linear_no_bias", lambda x, weight: x @ weight, draw(4, 3), weight=draw(3, 2))

# PyTorch's own layout: the test converts the weight as Flatten's docstring says.
record(
    "flatten_linear",
    lambda x, weight: F.linear(x.permute(0, 3, 1, 2).flatten(1), weight),
    draw(2, 3, 2, 4),
    weight=draw(5, 24),
)


def norm(mean, var, training, eps=1e-5, momentum=0.1):
    def f(x, weight, bias):
        return images(F.batch_norm)(x, mean, var, weight, bias, training, momentum, eps)

    return f


def record_norm(name, training, **kwargs):
    mean, var = torch.tensor(draw(3)), torch.tensor(draw(3)) ** 2 + 0.5
    arrays[f"{name}/before.running_mean"] = mean.numpy().copy()
    arrays[f"{name}/before.running_var"] = var.numpy().copy()
    f = norm(mean, var, training, **kwargs)
    record(name, f, draw(2, 3, 2, 3), weight=draw(3), bias=draw(3))
    arrays[f"{name}/after.running_mean"] = mean.numpy().copy()
    arrays[f"{name}/after.running_var"] = var.numpy().copy()


record_norm("batchnorm", True)
record_norm("batchnorm_options", True, eps=0.25, momentum=0.5)
record_norm("batchnorm_eval", False)


def fire(x, **p):
    s = F.relu(conv(x, p["squeeze.weight"], p["squeeze.bias"]))
    y1 = conv(s, p["expand1x1.weight"], p["expand1x1.bias"])
    y3 = conv(s, p["expand3x3.weight"], p["expand3x3.bias"], padding=1)
    return F.relu(torch.cat([y1, y3], -1))


fire_parameters = {
    "squeeze.weight": draw(1, 1, 4, 2),
    "squeeze.bias": draw(2),
    "expand1x1.weight": draw(1, 1, 2, 3),
    "expand1x1.bias": draw(3),
    "expand3x3.weight": draw(3, 3, 2, 1),
    "expand3x3.bias": draw(1),
}
record("fire", fire, draw(2, 4, 3, 4), **fire_parameters)
inside = {f"inner.{name}": p for name, p in fire_parameters.items()}
record(
    "bypass_simple",
    lambda x, **p: fire(x, **{k.removeprefix("inner."): v for k, v in p.items()}) + x,
    draw(2, 3, 3, 4),
    **inside,
)
record(
    "bypass_complex",
    lambda x, **p: (
        fire(x, **{k.removeprefix("inner."): v for k, v in p.items()})
        + conv(x, p["projection.weight"], p["projection.bias"])
    ),
    draw(2, 3, 3, 4),
    **inside,
    **{"projection.weight": draw(1, 1, 4, 4), "projection.bias": draw(4)},
)


def record_loss(name, logits, labels, **kwargs):
    z = torch.tensor(logits, requires_grad=True)
    loss = F.cross_entropy(z, torch.tensor(labels), **kwargs)
    loss.backward()
    arrays.update(
        {
            f"{name}/logits": logits,
            f"{name}/labels": labels,
            f"{name}/loss": np.array(loss.item()),
            f"{name}/dlogits": z.grad.numpy(),
        }
    )


shares = rng.integers(0, 9, (4, 5)) + 0.0
shares /= shares.sum(1, keepdims=True)
labels = np.array([4, 0, 2, 2])
record_loss("loss", draw(4, 5), labels)
record_loss("loss_smoothed", draw(4, 5), labels, label_smoothing=0.1)
record_loss("loss_uniform", draw(4, 5), labels, label_smoothing=1.0)
record_loss("loss_probabilities", draw(4, 5), shares)
record_loss("loss_probabilities_smoothed", draw(4, 5), shares, label_smoothing=0.3)
record_loss("loss_huge", draw(4, 5) * 1e5, labels)
record_loss("loss_one_class", draw(3, 1), np.array([0, 0, 0]))


def grouped(x, groups, **p):
    """A convolution whose weights come in a piece for each group."""
    weight, bias = (
        torch.cat([p[f"{i}.{name}"] for i in range(groups)], -1) for name in ("weight", "bias")
    )
    return conv(x, weight, bias, stride=2, padding=1, groups=groups)


def record_norm_across_channels(name, shape, *args, **kwargs):
    record(name, images(lambda x: F.local_response_norm(x, *args, **kwargs)), draw(*shape))


# Cases are added at the end, so that the numbers of those above stay as they are.
pieces = {
    f"{i}.{k}": p
    for i in range(3)
    for k, p in {"weight": draw(3, 2, 2, 1), "bias": draw(1)}.items()
}
record("grouped", lambda x, **p: grouped(x, 3, **p), draw(2, 5, 4, 6), **pieces)
record_norm_across_channels("lrn", (2, 3, 2, 7), 5)
record_norm_across_channels("lrn_alexnet", (2, 3, 2, 7), 5, alpha=5e-4, beta=0.75, k=2.0)
record_norm_across_channels("lrn_strong", (2, 2, 3, 4), 3, alpha=3.0, beta=1.5, k=0.5)


def pooled_size(size, kernel, stride, padding, ceil_mode):
    try:
        x = torch.zeros(1, 1, size, kernel)
        window = (kernel, 1), (stride, 1), (padding, 0)
        return F.max_pool2d(x, *window, ceil_mode=ceil_mode).shape[2]
    except RuntimeError:  # nothing to pool
        return 0


# Rows of size, kernel, stride, padding, ceil_mode and PyTorch's output size, 0 where it refuses.
arrays["output_sizes"] = np.array(
    [
        (*case, pooled_size(*case))
        for case in itertools.product(
            range(1, 9), range(1, 5), range(1, 5), range(3), (False, True)
        )
        if case[3] <= case[1] // 2
    ],
    np.int16,
)

target = Path(__file__).with_name("layers.npz")
np.savez_compressed(target, **arrays)
print(f"{target.name}: {len(arrays)} arrays, {target.stat().st_size / 1000:.0f} kB")
