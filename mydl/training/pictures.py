"""Images and filters as PNG files inside a page."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np

from ..layer import Array
from ..models.network import Network
from ..visualize.inside import filter_pictures, filters, first_convolution
from ..visualize.pictures import tiled

LARGEST = 160  # pixels of a side; larger photographs are scaled down
COLUMNS = 16  # filters in a row


def png_address(image: Array) -> str:
    """An image as the address of an ``<img>`` that has all of it inside.

    Parameters
    ----------
    image
        (H, W), (H, W, 3) or, with transparency, (H, W, 4), uint8.
    """
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(stream, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(stream.getvalue()).decode()}"


def shown(image: Array) -> Array:
    """An image of a data set, (H, W, C), as it can be shown: grey or coloured, not too large."""
    from PIL import Image

    if image.shape[-1] != 3:
        image = image[..., 0]
    if max(image.shape[:2]) <= LARGEST:
        return image
    small = Image.fromarray(np.ascontiguousarray(image))
    small.thumbnail((LARGEST, LARGEST))
    return np.asarray(small)


def first_filters(model: Network) -> tuple[str, tuple[int, int], int, Array] | None:
    """The filters of a network's first convolution, side by side; see ``filter_pictures``.

    Returns
    -------
    tuple[str, tuple[int, int], int, Array] | None
        The layer's path, rows and columns of a filter, how many there are, and the picture with
        transparent lines between them, (H, W, 4), uint8. None if there is no convolution.
    """
    try:
        path = first_convolution(model)
    except ValueError:
        return None
    tiles = filter_pictures(filters(model, path))  # (count, height, width, 3)
    count, height, width, _ = tiles.shape
    opaque = np.pad(tiles, [(0, 0)] * 3 + [(0, 1)], constant_values=255)
    return path, (height, width), count, tiled(opaque, COLUMNS)
