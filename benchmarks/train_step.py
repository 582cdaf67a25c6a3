"""Time a training step and inference of SqueezeNet against PyTorch, both on the same CPU.

    pip install '.[torch]'
    python benchmarks/train_step.py --batch 128

Each implementation runs in a process of its own, which is asked in turn for one measurement, so
that a slow moment of the machine hits all alike. Printed are medians of images per second, the
middle half of the measurements, and the ratio to the fastest mode of PyTorch, measurement by
measurement.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

IMPLEMENTATIONS = ("mydl", "torch-eager", "torch-channels-last", "torch-compile")
MODES = ("train", "infer")
CLASSES = 10

Step = Callable[[], object]


def mydl_steps(batch: int, threads: int) -> dict[str, Step]:
    """A training step and an inference of the CIFAR form of SqueezeNet 1.1 in mydl."""
    import numpy as np

    from mydl.models import build_model
    from mydl.optim import SGD
    from mydl.parallel import ShardedModel

    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, 32, 32, 3)).astype(np.float32)
    labels = rng.integers(0, CLASSES, batch)
    model = build_model("squeezenet1_1_cifar", num_classes=CLASSES, final_relu=False)
    engine = ShardedModel(model, threads=threads, shard_size=32 if batch >= 64 else 16)
    optimizer = SGD(engine.vector.data, 0.01, momentum=0.9, weight_decay=5e-4)

    def train() -> None:
        engine.vector.grad[...] = 0
        engine.gradient(batch, lambda lo, hi: (x[lo:hi], labels[lo:hi]), step=optimizer.steps)
        optimizer.step(engine.vector.grad)

    return {"train": train, "infer": lambda: engine.outputs(batch, lambda lo, hi: x[lo:hi])}


def torch_steps(batch: int, threads: int, kind: str) -> dict[str, Step]:
    """The same network and steps in PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(threads)
    torch.manual_seed(0)

    class Fire(nn.Module):
        def __init__(self, channels: int, squeeze: int, expand: int) -> None:
            super().__init__()
            self.squeeze = nn.Conv2d(channels, squeeze, 1)
            self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
            self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            s = functional.relu(self.squeeze(x))
            return torch.cat(
                [functional.relu(self.expand1x1(s)), functional.relu(self.expand3x3(s))], 1
            )

    def pool() -> nn.Module:
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    network = nn.Sequential(
        nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), pool(),
        Fire(64, 16, 64), Fire(128, 16, 64), pool(),
        Fire(128, 32, 128), Fire(256, 32, 128), pool(),
        Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
        nn.Dropout(0.5), nn.Conv2d(512, CLASSES, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip
    x = torch.randn(batch, 3, 32, 32)
    labels = torch.randint(0, CLASSES, (batch,))
    if kind != "torch-eager":
        network = network.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9, weight_decay=5e-4)
    forward = torch.compile(network) if kind == "torch-compile" else network

    def train() -> None:
        network.train()
        optimizer.zero_grad()
        functional.cross_entropy(forward(x), labels).backward()
        optimizer.step()

    def infer() -> None:
        network.eval()
        with torch.inference_mode():
            forward(x)

    return {"train": train, "infer": infer}


def work(kind: str, batch: int, threads: int, seconds: float) -> None:
    """Answer each line on standard input with the seconds of one step of the mode it names."""
    steps = mydl_steps(batch, threads) if kind == "mydl" else torch_steps(batch, threads, kind)
    for step in steps.values():
        for _ in range(3):
            step()
    print("ready", flush=True)
    for line in sys.stdin:
        step = steps[line.strip()]
        step()
        count, began = 0, time.perf_counter()
        while count == 0 or time.perf_counter() - began < seconds:
            step()
            count += 1
        print((time.perf_counter() - began) / count, flush=True)


def start(kind: str, arguments: argparse.Namespace) -> subprocess.Popen[str]:
    """A process that measures one implementation."""
    command = [sys.executable, __file__, "--worker", kind, "--batch", str(arguments.batch)]
    command += ["--threads", str(arguments.threads), "--seconds", str(arguments.seconds)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(process: subprocess.Popen[str], question: str = "") -> str:
    """Send a line, if there is one, and wait for the answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    if question:
        process.stdin.write(question + "\n")
        process.stdin.flush()
    answer = process.stdout.readline().strip()
    if not answer:
        sys.exit("a measuring process ended early; its message is above")
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=15, help="measurements of each")
    parser.add_argument("--seconds", type=float, default=0.2, help="of steps in a measurement")
    parser.add_argument("--worker", choices=IMPLEMENTATIONS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.worker, arguments.batch, arguments.threads, arguments.seconds)
        return
    workers = {kind: start(kind, arguments) for kind in IMPLEMENTATIONS}
    for process in workers.values():
        ask(process)
    speeds: dict[str, dict[str, list[float]]] = {m: {k: [] for k in workers} for m in MODES}
    for _ in range(arguments.rounds):
        for mode in MODES:
            for kind, process in workers.items():
                speeds[mode][kind].append(arguments.batch / float(ask(process, mode)))
    for process in workers.values():
        process.kill()
    print(
        f"SqueezeNet 1.1 at 32x32, batch {arguments.batch}, {arguments.threads} threads, images/s"
    )
    for mode in MODES:
        by_speed = sorted(workers, key=lambda k, m=mode: -statistics.median(speeds[m][k]))  # type: ignore[misc]
        peer = next(kind for kind in by_speed if kind != "mydl")
        for kind in IMPLEMENTATIONS:
            low, middle, high = statistics.quantiles(speeds[mode][kind], n=4)
            print(f"{mode:6} {kind:20} {middle:8.0f}   {low:.0f} to {high:.0f}")
        ratios = [a / b for a, b in zip(speeds[mode]["mydl"], speeds[mode][peer], strict=True)]
        print(f"{mode:6} mydl is {statistics.median(ratios):.2f} times as fast as {peer}\n")


if __name__ == "__main__":
    main()
