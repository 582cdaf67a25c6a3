"""Make optim.npz: what PyTorch's optimizers, schedules and clipping do.

python tests/references/make_optim_references.py        (made with PyTorch 2.13 on a CPU)
"""

from pathlib import Path

import numpy as np
import torch

STEPS, SIZE, TOTAL, WARMUP = 12, 16, 40, 7

# name: class, and the arguments that PyTorch and mydl share
OPTIMIZERS = {
    "SGD": (torch.optim.SGD, {"lr": 0.1}),
    "SGD-decay": (torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.05}),
    "SGD-momentum": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}),
    "SGD-nesterov": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "Adam": (torch.optim.Adam, {"lr": 0.01}),
    "Adam-decay": (
        torch.optim.Adam,
        {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
    ),
    "AdamW": (torch.optim.AdamW, {"lr": 0.01}),
    "AdamW-decay": (torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.3}),
    "RMSProp": (torch.optim.RMSprop, {"lr": 0.01}),
    "RMSProp-momentum": (
        torch.optim.RMSprop,
        {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1},
    ),
}


def trajectory(optimizer_class, options, data, grads):
    """The parameters after each step; the learning rate falls a little each time."""
    parameter = torch.nn.Parameter(torch.from_numpy(data.copy()))
    optimizer = optimizer_class([parameter], **options)
    rows = []
    for step, grad in enumerate(grads):
        optimizer.param_groups[0]["lr"] = options["lr"] * (1 - step / STEPS)
        parameter.grad = torch.from_numpy(grad.copy())
        optimizer.step()
        rows.append(parameter.detach().numpy().copy())
    return np.stack(rows)


def muon(data, grads):
    """A matrix after each step of PyTorch's Muon, which works in bfloat16 on the way."""
    weight = torch.nn.Parameter(torch.from_numpy(data.astype(np.float32)))
    optimizer = torch.optim.Muon(
        [weight], lr=0.05, weight_decay=0.2, momentum=0.9, adjust_lr_fn="match_rms_adamw"
    )
    rows = []
    for grad in grads:
        weight.grad = torch.from_numpy(grad.astype(np.float32))
        optimizer.step()
        rows.append(weight.detach().numpy().copy())
    return np.stack(rows)


def rates(make_schedule):
    """The learning rate of each of TOTAL steps, from a base of 0.4."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
    schedule = make_schedule(optimizer)
    rows = []
    for _ in range(TOTAL):
        rows.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array(rows)


def with_warmup(optimizer):
    lr = torch.optim.lr_scheduler
    rise = lr.LinearLR(optimizer, start_factor=1 / (WARMUP + 1), total_iters=WARMUP)
    fall = lr.CosineAnnealingLR(optimizer, TOTAL - WARMUP)
    return lr.SequentialLR(optimizer, [rise, fall], [WARMUP])


def main():
    rng = np.random.default_rng(0)
    arrays = {"data": rng.normal(size=SIZE), "grads": rng.normal(size=(STEPS, SIZE))}
    for name, (optimizer_class, options) in OPTIMIZERS.items():
        for dtype in ("float32", "float64"):
            arrays[f"{name}/{dtype}"] = trajectory(
                optimizer_class,
                options,
                arrays["data"].astype(dtype),
                arrays["grads"].astype(dtype),
            )
    for name, shape in {"wide": (3, 5), "tall": (6, 4)}.items():
        arrays[f"muon/{name}/data"] = rng.normal(size=shape)
        arrays[f"muon/{name}/grads"] = rng.normal(size=(STEPS, *shape))
        arrays[f"muon/{name}"] = muon(arrays[f"muon/{name}/data"], arrays[f"muon/{name}/grads"])
    lr = torch.optim.lr_scheduler
    schedules = {
        "step": lambda o: lr.MultiStepLR(o, [TOTAL // 2, 3 * TOTAL // 4], gamma=0.1),
        "polynomial": lambda o: lr.PolynomialLR(o, TOTAL, power=1),
        "polynomial-2": lambda o: lr.PolynomialLR(o, TOTAL, power=2),
        "cosine": lambda o: lr.CosineAnnealingLR(o, TOTAL),
        "cosine-warmup": with_warmup,
        "one-cycle": lambda o: lr.OneCycleLR(o, max_lr=0.4, total_steps=TOTAL),
    }
    for name, make_schedule in schedules.items():
        arrays[f"schedule/{name}"] = rates(make_schedule)
    gradient = torch.nn.Parameter(torch.zeros(SIZE))
    gradient.grad = torch.from_numpy(arrays["grads"][0].astype(np.float32))
    arrays["clip/norm"] = torch.nn.utils.clip_grad_norm_([gradient], max_norm=2.5).numpy()
    arrays["clip/grad"] = gradient.grad.numpy()
    np.savez_compressed(Path(__file__).with_name("optim.npz"), **arrays)


if __name__ == "__main__":
    main()
