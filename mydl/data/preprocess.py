"""From a photograph to the numbers that ImageNet weights expect."""

from __future__ import annotations

import os
import warnings
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


def read_photograph(path: str | os.PathLike[str]) -> Image.Image:
    """A photograph in red, green and blue, upright as the camera was held.

    Grey and indexed colours become what they stand for, and 16-bit grey its upper 8 bits. Where a
    picture lets the background through, that is white.

    Raises:
        DataError: the file is missing, damaged, no picture, or of more pixels than fit into
            memory; the message begins with its path.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    path = Path(path)
    try:
        with warnings.catch_warnings():
            # A picture of more than 89 million pixels: too large to be a photograph of anything.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", "Palette images with Transparency", UserWarning)
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            with Image.open(path) as image:
                image.load()
                upright = ImageOps.exif_transpose(image)
                if upright.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel
                    return _eight_bits(upright)
                if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
                    layers = upright.convert("RGBA")
                    white = Image.new("RGBA", layers.size, "white")
                    upright = Image.alpha_composite(white, layers)
                return upright.convert("RGB")
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise DataError(f"{path}: this is a folder, not a picture") from None
    except UnidentifiedImageError:
        raise DataError(f"{path}: this is no picture of a known kind") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise DataError(f"{path}: the picture has more pixels than fit into memory") from None
    except Exception as error:  # decoders raise many kinds on damaged files
        raise DataError(f"{path}: the picture cannot be read ({error})") from None


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits, or of as many as its largest value needs, in 8."""
    from PIL import Image as images

    values = np.asarray(image).astype(np.float64)
    largest = values.max(initial=0)
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
    width, height = image.size
    shorter = min(width, height)
    size = int(256 * width / shorter), int(256 * height / shorter)
    scaled = image.resize(size, images.Resampling.BILINEAR)
    left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
    pixels = np.asarray(scaled, np.float32)[top : top + 224, left : left + 224]
    return ((pixels / 255 - MEAN) / STD).astype(np.float32)
