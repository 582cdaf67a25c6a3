"""The same network and steps in PyTorch: eager, in the layout it is fastest in, and compiled."""

from __future__ import annotations

from typing import Any, Literal

from .cases import Case, Step

Layout = Literal["contiguous_format", "channels_last"]


def eager(case: Case, threads: int) -> Step:
    """As most programs run it: images as (N, C, H, W), operation by operation."""
    return _step(case, threads, "contiguous_format", compiled=False)


def channels_last(case: Case, threads: int) -> Step:
    """With the channels of a pixel side by side in memory, as in mydl."""
    return _step(case, threads, "channels_last", compiled=False)


def compiled(case: Case, threads: int) -> Step:
    """Channels last, and ``torch.compile`` at its defaults."""
    return _step(case, threads, "channels_last", compiled=True)


def _step(case: Case, threads: int, layout: Layout, compiled: bool) -> Step:
    try:
        import torch
    except ImportError as error:
        raise ImportError("PyTorch is not installed: pip install 'mydl[torch]'") from error

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    height, width, channels = case.image
    memory_format = getattr(torch, layout)
    network = build(case).to(memory_format=memory_format)
    x = torch.randn(case.batch, channels, height, width).to(memory_format=memory_format)
    labels = torch.randint(0, case.classes, (case.batch,))
    optimizer = torch.optim.SGD(network.parameters(), 0.001, momentum=0.9, weight_decay=5e-4)
    forward = torch.compile(network) if compiled else network

    def train() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(forward(x), labels).backward()
        optimizer.step()

    def infer() -> None:
        with torch.inference_mode():
            forward(x)

    network.train(case.mode == "train")
    return train if case.mode == "train" else infer


def build(case: Case) -> Any:
    """SqueezeNet 1.1 as :mod:`mydl.models.squeezenet` builds it, its parameters in that order."""
    import torch
    from torch import nn
    from torch.nn.functional import relu_ as relu  # in place, as torchvision's SqueezeNet has it

    class Fire(nn.Module):
        def __init__(self, channels: int, squeeze: int, expand: int) -> None:
            super().__init__()
            self.squeeze = nn.Conv2d(channels, squeeze, 1)
            self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
            self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

        def forward(self, x: Any) -> Any:
            s = relu(self.squeeze(x))
            return torch.cat([relu(self.expand1x1(s)), relu(self.expand3x3(s))], 1)

    def pool() -> Any:
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    small = case.model.endswith("_cifar")
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, *((1, 1) if small else (2, 0))), nn.ReLU(inplace=True), pool(),
        Fire(64, 16, 64), Fire(128, 16, 64), pool(),
        Fire(128, 32, 128), Fire(256, 32, 128), pool(),
        Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
        nn.Dropout(0.5), nn.Conv2d(512, case.classes, 1), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip
