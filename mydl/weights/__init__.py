"""Reading and writing weights."""

from .npz import WeightsError, load_npz, save_npz

__all__ = ["WeightsError", "load_npz", "save_npz"]
