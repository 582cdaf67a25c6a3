"""A picture of a network: its layers from top to bottom, and how large the gradients in it are."""

from .gradients import GradientNorms, gradient_norms
from .svg import network_svg

__all__ = ["GradientNorms", "gradient_norms", "network_svg"]
