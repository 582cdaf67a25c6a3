"""Write torch_files.npz: PyTorch's files of every kind, and the tensors that PyTorch reads in them.

    python tests/references/make_torch_files.py

Each file is an array of its bytes named "file <kind>"; "<kind> <tensor>" are its tensors.
"""

import io
from pathlib import Path

import numpy as np
import torch
from torch import nn

generator = torch.Generator().manual_seed(0)
base = torch.randn(4, 3, 2, generator=generator)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(2, 3, 3)
        self.norm = nn.BatchNorm2d(3)


net = Net()
optimizer = torch.optim.Adam(net.parameters())
net.norm(net.conv(torch.ones(2, 2, 4, 4))).square().sum().backward()
optimizer.step()

CONTENTS = {
    "module": net.state_dict(),
    "types": {
        "half": base.half(),
        "bfloat16": base.bfloat16(),
        "double": base.double(),
        "long": torch.arange(5),
        "int": torch.arange(5, dtype=torch.int32),
        "short": torch.arange(5, dtype=torch.int16),
        "char": torch.arange(-2, 3, dtype=torch.int8),
        "byte": torch.arange(5, dtype=torch.uint8),
        "bool": torch.tensor([True, False]),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(3, 0),
    },
    "views": {
        "whole": base,
        "transposed": base.permute(2, 0, 1),
        "channels last": torch.randn(2, 3, 4, 5, generator=generator).to(
            memory_format=torch.channels_last
        ),
        "slice": base[1:, ::2, 1],
        "last": base[3, 2, 1],
    },
    "parameters": {"a": nn.Parameter(base[0]), "b": nn.Parameter(base[1], requires_grad=False)},
    "checkpoint": {
        "epoch": 3,
        "loss": 0.25,
        "arch": "squeezenet",
        "state_dict": net.state_dict(),
        "optimizer": optimizer.state_dict(),
    },
}
SETTINGS = {
    "zip": {},
    "legacy": {"_use_new_zipfile_serialization": False},
    "protocol 4": {"pickle_protocol": 4},
    "legacy, protocol 4": {"pickle_protocol": 4, "_use_new_zipfile_serialization": False},
}

arrays = {}
for name, content in CONTENTS.items():
    for setting, options in SETTINGS.items():
        file = io.BytesIO()
        torch.save(content, file, **options)
        arrays[f"file {name}, {setting}"] = np.frombuffer(file.getvalue(), np.uint8)
    for key, tensor in content.get("state_dict", content).items():
        tensor = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        arrays[f"{name} {key}"] = tensor.detach().numpy()

np.savez_compressed(Path(__file__).with_name("torch_files.npz"), **arrays)
