"""From a photograph to the numbers that ImageNet weights expect."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..layer import Array
from ..names import unknown
from .dataset import DataError

if TYPE_CHECKING:
    from PIL import Image

PREPROCESSING = ("caffe", "torchvision")

# Red, green and blue of ImageNet's photographs: torchvision's of values from 0 to 1, the authors'
# of bytes, and in the order in which their networks take them, blue first.
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
CAFFE_MEAN = np.array([104.0, 117.0, 123.0])

LONGEST = 16  # times the shorter side: what lies farther out is cut off anyway


def read_photograph(path: str | os.PathLike[str]) -> Image.Image:
    """A photograph in red, green and blue, upright as the camera was held.

    Grey and indexed colours become what they stand for, and 16-bit grey its upper 8 bits. Where a
    picture lets the background through, that is white. Of several pictures in a file it is the
    first.

    Raises:
        DataError: the file is missing, damaged, no picture, or of so many pixels that it may be
            meant to fill the memory; the message begins with its path.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    path = Path(path)
    try:
        with _quietly():
            image = Image.open(path)
        with image:
            image.load()
            with _quietly():
                ImageOps.exif_transpose(image, in_place=True)
            return _in_colour(image)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise DataError(f"{path}: this is a folder, not a picture") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: this is no picture of a known kind") from None
    except Image.DecompressionBombError:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        raise DataError(
            f"{path}: the picture has more than {limit:,} pixels: make it smaller"
        ) from None
    except Exception as error:  # decoders raise many kinds on damaged files
        reason = str(error) or type(error).__name__
        raise DataError(f"{path}: the picture cannot be read ({reason})") from None


_FILTERS = threading.Lock()  # Python's filters of warnings belong to all threads


@contextmanager
def _quietly() -> Iterator[None]:
    """Without Pillow's warnings: of damaged EXIF data, and of pictures half the size it refuses."""
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _in_colour(image: Image.Image) -> Image.Image:
    """A picture of any mode in mode RGB."""
    from PIL import Image as images

    if image.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel
        return _eight_bits(image)
    if image.has_transparency_data:
        layers = image.convert("RGBA")
        white = images.new("RGBA", layers.size, "white")
        image = images.alpha_composite(white, layers)
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits in 8; of 32 bits, the largest value tells from what range they are."""
    from PIL import Image as images

    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    largest = 65535 if image.mode.startswith("I;16") else values.max(initial=0)
    scale = 255 if largest <= 1 else 1 if largest <= 255 else 255 / 65535
    grey = np.clip(np.rint(values * scale), 0, 255).astype(np.uint8)
    return images.fromarray(grey).convert("RGB")


def preprocess(image: Image.Image, kind: str) -> Array:
    """The array that a network takes for an RGB picture.

    ``caffe``, for the authors' weights and Deep Compression's: scaled to 256x256 pixels whatever
    the shape, the middle 227x227, blue before green before red, minus the mean.

    ``torchvision``, for its weights: the shorter side scaled to 256 pixels, the middle 224x224,
    from 0 to 1, minus the mean, divided by the deviation.

    Args:
        image: in mode RGB, as from :func:`read_photograph`.
        kind: one of ``PREPROCESSING``.

    Returns:
        (227, 227, 3) or (224, 224, 3), float32.

    >>> from PIL import Image
    >>> preprocess(Image.new("RGB", (640, 480), "white"), "torchvision").shape
    (224, 224, 3)
    """
    from PIL import Image as images

    if kind not in PREPROCESSING:
        raise ValueError(unknown("preprocessing", kind, PREPROCESSING))
    if kind == "caffe":
        scaled = image.resize((256, 256), images.Resampling.BILINEAR)
        pixels = np.asarray(scaled, np.float32)[14:241, 14:241]
        return pixels[:, :, ::-1] - CAFFE_MEAN.astype(np.float32)
    shorter = min(image.size)
    # A strip one pixel high would otherwise be scaled to a billion of them.
    width, height = (min(side, LONGEST * shorter) for side in image.size)
    if (width, height) != image.size:
        left, top = (image.width - width) // 2, (image.height - height) // 2
        image = image.crop((left, top, left + width, top + height))
    size = int(256 * width / shorter), int(256 * height / shorter)
    scaled = image.resize(size, images.Resampling.BILINEAR)
    left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
    pixels = np.asarray(scaled, np.float32)[top : top + 224, left : left + 224]
    return ((pixels / 255 - MEAN) / STD).astype(np.float32)
