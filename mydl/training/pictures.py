"""Images and filters as PNG files inside a page."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np

from ..layer import Array
from ..models.network import Network

LARGEST = 160  # pixels of a side; larger photographs are scaled down
COLUMNS = 16  # filters in a row


def png_address(image: Array) -> str:
    """An image as the address of an ``<img>`` that has all of it inside.

    Args:
        image: (H, W), (H, W, 3) or, with transparency, (H, W, 4), uint8.
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
    """The filters of a network's first convolution, side by side.

    Each is scaled so that its largest weight, up or down, is the lightest or darkest there is, and
    zero is middle grey. Filters over three channels are in colour; of any other number the mean
    over the channels is drawn.

    Returns:
        The layer's path, rows and columns of a filter, how many there are, and the picture with
        transparent lines between them, (H, W, 4), uint8. None if there is no convolution.
    """
    for path, weight in model.state_dict().items():
        if weight.ndim == 4 and path.endswith(".weight"):  # (K_h, K_w, C_in, C_out)
            break
    else:
        return None
    height, width, channels, count = weight.shape
    if channels != 3:
        weight = weight.mean(axis=2, keepdims=True)
    largest = np.maximum(np.abs(weight).max(axis=(0, 1, 2)), 1e-12)  # (C_out,)
    levels = np.rint(127.5 + 127.5 * weight / largest).astype(np.uint8)
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    picture = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1, 4), np.uint8)
    for place in range(count):
        top, left = place // columns * (height + 1), place % columns * (width + 1)
        tile = picture[top : top + height, left : left + width]
        tile[..., :3], tile[..., 3] = levels[..., place], 255
    return path.removesuffix(".weight"), (height, width), count, picture
