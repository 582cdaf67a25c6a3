"""What a trained network looks at, and what it has learnt: functions that return arrays.

Each takes a network and an image as the network takes it, (H, W, C), as ``Preparation.inputs``
gives it; ``mydl.visualize.pictures`` makes pictures of what they return.
"""

from .cam import class_activation_map, grad_cam, guided_grad_cam
from .covering import occlusion
from .gradients import WatchedNetwork, layer_path, logit_gradient
from .inside import activations, filters
from .saliency_maps import guided_gradient, saliency, smooth_gradient

__all__ = [
    "WatchedNetwork",
    "activations",
    "class_activation_map",
    "filters",
    "grad_cam",
    "guided_grad_cam",
    "guided_gradient",
    "layer_path",
    "logit_gradient",
    "occlusion",
    "saliency",
    "smooth_gradient",
]
