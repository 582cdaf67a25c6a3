"""The layers, each in a file of its own that reads like a page of a textbook."""

from .avgpool import AvgPool2d, GlobalAvgPool2d
from .batchnorm import BatchNorm2d
from .bypass import Bypass
from .concat import Concat
from .conv import Conv2d
from .dropout import Dropout
from .fire import Fire
from .flatten import Flatten
from .grouped import GroupedConv2d
from .linear import Linear
from .lrn import LocalResponseNorm
from .pool import MaxPool2d
from .relu import ReLU
from .sequential import Sequential
from .softmax import LogSoftmax, Softmax

__all__ = [
    "AvgPool2d",
    "BatchNorm2d",
    "Bypass",
    "Concat",
    "Conv2d",
    "Dropout",
    "Fire",
    "Flatten",
    "GlobalAvgPool2d",
    "GroupedConv2d",
    "Linear",
    "LocalResponseNorm",
    "LogSoftmax",
    "MaxPool2d",
    "ReLU",
    "Sequential",
    "Softmax",
]
