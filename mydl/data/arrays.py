"""A data set in one .npz file of NumPy arrays."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..layer import Array
from .dataset import DataError, Dataset, MissingDataError
from .fitted import Fitted, measured
from .npy import read_npy
from .packed import most_unpacked

# Ours, and those of Keras's mnist.npz.
NAMES = {
    "train_images": "x_train",
    "train_labels": "y_train",
    "test_images": "x_test",
    "test_labels": "y_test",
}
CLASS_NAMES = "class_names"
MOST_CLASSES = 2**16
SAVE = "np.savez(path, train_images=..., train_labels=..., test_images=..., test_labels=...)"


def load_arrays(path: str | os.PathLike[str] | None) -> Dataset:
    """Load a data set from an .npz file, without running anything in it.

    The file has the arrays ``train_images``, ``train_labels``, ``test_images`` and ``test_labels``,
    or ``x_train``, ``y_train``, ``x_test`` and ``y_test``, and may have ``class_names``. Images are
    square, (N, S, S), (N, S, S, 1) or (N, S, S, 3), uint8; how grey and small ones are made to fit
    says :class:`mydl.data.fitted.Fitted`. Labels are whole numbers from 0, (N,) or (N, 1).

    Parameters
    ----------
    path
        Of the file, or of a folder in which it is the only .npz file.

    Raises
    ------
    MissingDataError
        There is no such file.
    DataError
        It is damaged, would fill the memory, or has other arrays.
    """
    file = existing_file(path)
    arrays = _read(file)
    missing = [f"{ours} (or {keras})" for ours, keras in NAMES.items() if ours not in arrays]
    if missing:
        raise DataError(f"{file} lacks {', '.join(missing)}: make it by {SAVE}")
    parts = []
    for part in ("train", "test"):
        try:
            parts.append(_part(arrays[f"{part}_images"], arrays[f"{part}_labels"]))
        except DataError as error:
            raise DataError(f"{file}: {part}_images and {part}_labels: {error}") from None
    (train_images, train_labels), (test_images, test_labels) = parts
    count = 1 + max(int(train_labels.max()), int(test_labels.max()))
    try:
        mean, std = measured(train_images)
        class_names = _class_names(arrays.get(CLASS_NAMES), count)
    except DataError as error:
        raise DataError(f"{file}: {error}") from None
    return Dataset(
        name="npz",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        class_names=class_names,
        mean=mean,
        std=std,
        mirror=False,  # of arrays nobody knows whether left and right matter
    )


def existing_file(path: str | os.PathLike[str] | None) -> Path:
    """The .npz file that is meant.

    Raises
    ------
    MissingDataError
        None was named, or there is none.
    DataError
        There are several in the folder.
    """
    if not path:
        raise MissingDataError("npz needs a file of arrays: name it with --data-dir")
    place = Path(path).expanduser()
    if not place.is_dir():
        if not place.exists():
            raise MissingDataError(f"there is no file {place}: name one with --data-dir")
        return place
    files = sorted(place.glob("*.npz"))
    if not files:
        raise MissingDataError(f"there is no .npz file in {place}: name one with --data-dir")
    if len(files) > 1:
        raise DataError(
            f"{place} has {len(files)} .npz files, such as {files[0].name}: name one of them with "
            "--data-dir"
        )
    return files[0]


def _read(path: Path) -> Mapping[str, Array]:
    """The arrays that are needed, by our names for them."""
    known = {keras: ours for ours, keras in NAMES.items()}
    arrays: dict[str, Array] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            room = most_unpacked(path.stat().st_size)
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                name = known.get(name, name)
                if name not in (*NAMES, CLASS_NAMES):
                    continue
                room -= entry.file_size
                if room < 0:
                    raise DataError(
                        f"{path}: it holds more than {most_unpacked(path.stat().st_size):,} bytes, "
                        "too many for a file of its size: do not trust it"
                    )
                arrays[name] = read_npy(archive.read(entry))
    except (DataError, PermissionError):
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds on damaged files
        raise DataError(f"{path}: not a readable .npz file ({error}); make it by {SAVE}") from None
    return arrays


def _part(images: Array, labels: Array) -> tuple[Fitted, Array]:
    """Images and labels (N,), int64, that fit each other."""
    fitted = Fitted(images)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind not in "iu" or labels.shape != (len(fitted),):
        raise DataError(
            f"expected a whole number as label for each of {len(fitted):,} images, got "
            f"{labels.dtype} of shape {labels.shape}"
        )
    if not len(labels):
        raise DataError("there are no images")
    if labels.min() < 0 or labels.max() >= MOST_CLASSES:
        bad = labels[(labels < 0) | (labels >= MOST_CLASSES)][0]
        raise DataError(f"expected labels from 0 to {MOST_CLASSES - 1:,}, got {bad}")
    return fitted, labels.astype(np.int64)


def _class_names(names: Array | None, count: int) -> tuple[str, ...]:
    """The names of the classes; their numbers where the file has none."""
    if names is None:
        return tuple(str(label) for label in range(count))
    if names.ndim != 1 or names.dtype.kind not in "US" or len(names) < count:
        raise DataError(
            f"expected {CLASS_NAMES} to be a text for each of {count} classes, got {names.dtype} "
            f"of shape {names.shape}"
        )
    texts = names.tolist()
    return tuple(t.decode("utf-8", "replace") if isinstance(t, bytes) else t for t in texts)
