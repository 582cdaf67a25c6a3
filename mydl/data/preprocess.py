"""From a photograph to the numbers that ImageNet weights expect."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..layer import Array
from ..names import unknown
from .dataset import DataError, normalise

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

    Raises
    ------
    DataError
        The file is missing, damaged, no picture, or of so many pixels that it may be meant to fill
        the memory; the message begins with its path.
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

    Parameters
    ----------
    image
        In mode RGB, as from :func:`read_photograph`.
    kind
        One of ``PREPROCESSING``.

    Returns
    -------
    Array
        (227, 227, 3) or (224, 224, 3), float32.

    Examples
    --------
    >>> from PIL import Image
    >>> preprocess(Image.new("RGB", (640, 480), "white"), "torchvision").shape
    (224, 224, 3)
    """
    preparation = imagenet_preparation(kind)
    return preparation.inputs(_seen(image, kind))


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes what a network takes, and the way back, to see what the network sees.

    Attributes
    ----------
    read
        The part of a file's picture that the network sees, (H, W, C), uint8; DataError if the file
        is no picture.
    mean, std
        Of each channel as fractions of 255, in the order in which the network takes the channels: x
        goes in as (x / 255 - mean) / std.
    blue_first
        Whether that order is blue, green, red.

    Examples
    --------
    >>> caffe = imagenet_preparation("caffe")
    >>> caffe.inputs(np.full((1, 1, 3), (255, 117, 4), np.uint8)).ravel()
    array([-100.,    0.,  132.], dtype=float32)
    >>> caffe.pixels(np.array([-100.0, 0.0, 132.0]).reshape(1, 1, 3)).ravel()
    array([255, 117,   4], dtype=uint8)
    """

    read: Callable[[Path], Array]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    blue_first: bool = False

    def __call__(self, path: Path) -> Array:
        """What the network takes for a file, (H, W, C), float32."""
        return self.inputs(self.read(path))

    def inputs(self, pixels: Array) -> Array:
        """What the network takes for pixels (H, W, C), uint8, red first."""
        ordered = pixels[..., ::-1] if self.blue_first else pixels
        return normalise(ordered[None], np.array(self.mean), np.array(self.std))[0]

    def pixels(self, inputs: Array) -> Array:
        """The picture (H, W, C), uint8, red first, that is nearest to what a network takes."""
        values = 255 * (inputs * np.array(self.std) + np.array(self.mean))
        ordered = values[..., ::-1] if self.blue_first else values
        return np.clip(np.rint(ordered), 0, 255).astype(np.uint8)


def imagenet_preparation(kind: str) -> Preparation:
    """What weights for ImageNet expect, by a name of ``PREPROCESSING``; see :func:`preprocess`."""
    if kind not in PREPROCESSING:
        raise ValueError(unknown("preprocessing", kind, PREPROCESSING))
    mean, std = (CAFFE_MEAN / 255, np.full(3, 1 / 255)) if kind == "caffe" else (MEAN, STD)
    return Preparation(
        lambda path: _seen(read_photograph(path), kind),
        tuple(mean.tolist()),
        tuple(std.tolist()),
        blue_first=kind == "caffe",
    )


def _seen(image: Image.Image, kind: str) -> Array:
    """The part of a picture that networks for ImageNet see, uint8."""
    from PIL import Image as images

    if kind == "caffe":
        return np.asarray(image.resize((256, 256), images.Resampling.BILINEAR))[14:241, 14:241]
    shorter = min(image.size)
    # A strip one pixel high would otherwise be scaled to a billion of them.
    width, height = (min(side, LONGEST * shorter) for side in image.size)
    if (width, height) != image.size:
        left, top = (image.width - width) // 2, (image.height - height) // 2
        image = image.crop((left, top, left + width, top + height))
    size = int(256 * width / shorter), int(256 * height / shorter)
    scaled = image.resize(size, images.Resampling.BILINEAR)
    left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
    return np.asarray(scaled)[top : top + 224, left : left + 224]
