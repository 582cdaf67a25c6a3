"""What a trained network looks at, and what it has learnt: functions that return arrays.

Those that look at an image take a network and an image as the network takes it, (H, W, C), as
``Preparation.inputs`` gives it; ``mydl.visualize.pictures`` makes pictures of what they return.

Those that make an image or change one take grey levels from 0 to 255, (H, W, C), and a network that
takes them, too, as :func:`on_pixels` makes it; what they return is a picture but for rounding.
"""

from .cam import class_activation_map, grad_cam, guided_grad_cam
from .covering import occlusion
from .deepdream import dream
from .fooling import fgsm, fool
from .gradients import WatchedNetwork, layer_path, logit_gradient
from .inside import activations, filters
from .inversion import invert
from .pixels import on_pixels
from .saliency_maps import guided_gradient, saliency, smooth_gradient
from .style import StyleObjective, StyleWeights, style_transfer
from .synthesis import class_image

__all__ = [
    "StyleObjective",
    "StyleWeights",
    "WatchedNetwork",
    "activations",
    "class_activation_map",
    "class_image",
    "dream",
    "fgsm",
    "filters",
    "fool",
    "grad_cam",
    "guided_grad_cam",
    "guided_gradient",
    "invert",
    "layer_path",
    "logit_gradient",
    "occlusion",
    "on_pixels",
    "saliency",
    "smooth_gradient",
    "style_transfer",
]
