"""Make squeezenet.npz: losses, logits and gradients of SqueezeNets as PyTorch computes them.

    python tests/references/make_squeezenet_references.py        (made with PyTorch 2.13 on a CPU)

Weights and images are not stored: `seeded_numbers` draws them, here and in the test, from NumPy's
RandomState, whose stream never changes. Of each gradient the file holds the root mean square and
some entries.
"""

from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mydl.models import SqueezeNet

SMALL = {"input_size": "cifar", "num_classes": 10, "dropout": 0.0}
CASES = {
    "tiny": {**SMALL, "version": "tiny", "final_relu": False},
    "tiny complex, batch norm": {
        **SMALL,
        "version": "tiny",
        "bypass": "complex",
        "batch_norm": True,
    },
    "1.1": {**SMALL, "version": "1.1"},
    "1.1 without final ReLU": {**SMALL, "version": "1.1", "final_relu": False},
    "1.1 simple": {**SMALL, "version": "1.1", "bypass": "simple"},
    "1.1 complex": {**SMALL, "version": "1.1", "bypass": "complex"},
    "1.1 batch norm": {**SMALL, "version": "1.1", "batch_norm": True},
    "1.0": {**SMALL, "version": "1.0"},
    "1.0 simple": {**SMALL, "version": "1.0", "bypass": "simple"},
    "1.0 complex, batch norm": {**SMALL, "version": "1.0", "bypass": "complex", "batch_norm": True},
}
FULL_SIZE = {"version": "1.1", "dropout": 0.0, "final_relu": False}
SAMPLES = 12


# ---- the same in tests/models/test_squeezenet.py -------------------------------------------------


def seeded_numbers(model, seed):
    """Parameters by path, two images (N, H, W, 3) and their labels, in float64."""
    random = np.random.RandomState(seed)
    numbers = {}
    for path, parameter in sorted(model.named_parameters()):
        values = random.standard_normal(parameter.shape)
        if len(parameter.shape) == 4:
            numbers[path] = values * np.sqrt(2 / np.prod(parameter.shape[:-1]))
        else:
            numbers[path] = 0.1 * values + path.endswith("norm.weight")
    images = random.standard_normal((2, *model.image_shape))
    return numbers, images, random.randint(0, model.num_classes, 2)


def sampled_entries(array, samples=SAMPLES):
    """The root mean square of an array and some of its entries."""
    entries = np.random.RandomState(0).randint(0, array.size, samples)
    return np.concatenate([[np.sqrt(np.mean(array**2))], array.ravel()[entries]])


# ---- the twin, written from the paper's table 1 ------------------------------------------------


def convolution(c_in, c_out, size, batch_norm, stride=1, padding=0):
    conv = nn.Conv2d(c_in, c_out, size, stride, padding, bias=not batch_norm)
    if not batch_norm:
        return conv
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(c_out)))


class Fire(nn.Module):
    def __init__(self, c_in, squeeze, expand, batch_norm):
        super().__init__()
        self.squeeze = convolution(c_in, squeeze, 1, batch_norm)
        self.expand1x1 = convolution(squeeze, expand, 1, batch_norm)
        self.expand3x3 = convolution(squeeze, expand, 3, batch_norm, padding=1)
        self.squeeze_relu, self.expand_relu = nn.ReLU(), nn.ReLU()

    def forward(self, x):
        x = self.squeeze_relu(self.squeeze(x))
        return self.expand_relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1))


class Bypass(nn.Module):
    def __init__(self, inner, projection):
        super().__init__()
        self.inner, self.projection = inner, projection

    def forward(self, x):
        return self.inner(x) + (x if self.projection is None else self.projection(x))


class Twin(nn.Module):
    def __init__(
        self,
        version,
        num_classes=1000,
        input_size="imagenet",
        bypass=None,
        dropout=0.0,
        batch_norm=False,
        final_relu=True,
    ):
        super().__init__()
        assert dropout == 0
        size, c = {"1.0": (7, 96), "1.1": (3, 64), "tiny": (3, 64)}[version]
        pools = {"1.0": (1, 4, 8), "1.1": (1, 3, 5), "tiny": (1, 3)}[version]
        stride, padding = (1, size // 2) if input_size == "cifar" else (2, 0)
        features = OrderedDict(
            conv1=convolution(3, c, size, batch_norm, stride, padding), relu1=nn.ReLU()
        )
        features["pool1"] = nn.MaxPool2d(3, 2, ceil_mode=True)
        for i, squeeze in enumerate([16, 16, 32, 32, 48, 48, 64, 64], start=2):
            if version == "tiny" and i > 5:
                break
            fire = Fire(c, squeeze, 4 * squeeze, batch_norm)
            if bypass and i % 2 == 1:
                fire = Bypass(fire, None)
            elif bypass == "complex":
                fire = Bypass(fire, convolution(c, 8 * squeeze, 1, batch_norm))
            features[f"fire{i}"], c = fire, 8 * squeeze
            if i in pools:
                features[f"pool{i}"] = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.features = nn.Sequential(features)
        self.classifier = nn.Sequential(OrderedDict(conv10=nn.Conv2d(c, num_classes, 1)))
        if final_relu:
            self.classifier.append(nn.ReLU())

    def forward(self, x):
        return self.classifier(self.features(x)).mean(dim=(2, 3))


# ---- comparing ---------------------------------------------------------------------------------


def to_torch(array):
    """(K_h, K_w, C_in, C_out) to PyTorch's (C_out, C_in, K_h, K_w)."""
    return torch.tensor(array.transpose(3, 2, 0, 1) if array.ndim == 4 else array)


def from_torch(tensor):
    array = tensor.detach().numpy()
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array


def inputs_of_kinks(twin, images):
    """What reaches each ReLU and each maximum: pairs of a layer and its input."""
    found = []
    kinks = [layer for layer in twin.modules() if isinstance(layer, (nn.ReLU, nn.MaxPool2d))]
    hooks = [
        layer.register_forward_hook(lambda layer, inputs, _: found.append((layer, inputs[0])))
        for layer in kinks
    ]
    with torch.no_grad():
        twin(images)
    for hook in hooks:
        hook.remove()
    return found


def distance_to_kink(layer, x):
    """The least distance of a ReLU's input to 0, or of a maximum to the runner-up."""
    if isinstance(layer, nn.ReLU):
        return x.abs().min()
    h, w = x.shape[2:]
    padded = nn.functional.pad(x, (0, 1 - w % 2, 0, 1 - h % 2), value=-np.inf)
    first, second = padded.unfold(2, 3, 2).unfold(3, 3, 2).flatten(-2).topk(2).values.unbind(-1)
    # A window of zeros behind ReLUs: no gradient passes, whichever cell takes it.
    return torch.where(first == 0, np.inf, first - second).min()


def loaded_twin(options, model, seed, dtype):
    numbers, images, labels = seeded_numbers(model, seed)
    twin = Twin(**options).to(dtype)
    assert dict(twin.named_parameters()).keys() == numbers.keys()
    with torch.no_grad():
        for path, parameter in twin.named_parameters():
            parameter.copy_(to_torch(numbers[path]))
    return twin, torch.tensor(images.transpose(0, 3, 1, 2)).to(dtype), torch.tensor(labels)


def seed_away_from_kinks(options, model):
    """A seed for which rounding to float32 is far from moving any number across a kink.

    Otherwise the gradients of two correct programs can differ.
    """
    for seed in range(300):
        single, double = (
            inputs_of_kinks(*loaded_twin(options, model, seed, dtype)[:2])
            for dtype in (torch.float32, torch.float64)
        )
        if all(
            distance_to_kink(layer, exact) > 5 * (rounded - exact).square().mean().sqrt()
            for (_, rounded), (layer, exact) in zip(single, double, strict=True)
        ):
            return seed
    raise RuntimeError("no seed found")


def main():
    references = {}
    for case, options in CASES.items():
        model = SqueezeNet(**options)
        seed = seed_away_from_kinks(options, model)
        references[f"{case}/seed"] = seed
        for dtype in (torch.float32, torch.float64):
            twin, images, labels = loaded_twin(options, model, seed, dtype)
            images.requires_grad_()
            logits = twin(images)
            loss = nn.functional.cross_entropy(logits, labels)
            loss.backward()
            gradients = {path: from_torch(p.grad) for path, p in twin.named_parameters()}
            gradients["images"] = images.grad.numpy().transpose(0, 2, 3, 1)
            name = f"{case}/{str(dtype).removeprefix('torch.')}"
            references[f"{case}/names"] = np.array(sorted(gradients))
            references[f"{name}/loss"] = loss.item()
            references[f"{name}/logits"] = logits.detach().numpy()
            references[f"{name}/gradients"] = np.array(
                [sampled_entries(gradients[path]) for path in sorted(gradients)],
                images.detach().numpy().dtype,
            )
        print(f"{case}: seed {seed}, loss {loss.item():.6f}")
    twin, images, _ = loaded_twin(FULL_SIZE, SqueezeNet(**FULL_SIZE), 0, torch.float64)
    with torch.no_grad():
        logits = twin(images[:1]).numpy()
    references["full size/logits"] = sampled_entries(logits, 100)
    np.savez_compressed(Path(__file__).with_name("squeezenet.npz"), **references)


if __name__ == "__main__":
    main()
