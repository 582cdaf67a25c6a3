"""What a trained network looks at, and what it has learnt: functions that return arrays.

Each takes a network and an image as the network takes it, (H, W, C), as ``Preparation.inputs``
gives it; ``mydl.visualize.pictures`` makes pictures of what they return.
"""

from .gradients import WatchedNetwork, layer_path, logit_gradient

__all__ = ["WatchedNetwork", "layer_path", "logit_gradient"]
