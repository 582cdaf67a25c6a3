"""Photographs in folders: one folder for each class, named after it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ..layer import Array, Shape
from .dataset import DataError, Dataset, MissingDataError
from .preprocess import MEAN, STD, read_photograph

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
TRAIN_FOLDER, TEST_FOLDERS = "train", ("test", "val")
TEST_SHARE = 0.2  # of each class, where the folder has no test photographs of its own

IMAGE_SIZE = 224  # pixels of the side, where nobody says otherwise
SMALLEST = 16
CACHE_BYTES = 2**31  # 10,900 photographs for a network that sees 224x224

Files = dict[str, list[Path]]  # the photographs of each class


def load_imagefolder(
    folder: str | os.PathLike[str] | None, *, image_size: int = IMAGE_SIZE
) -> Dataset:
    """Load a person's own photographs, from a folder that has one folder for each class.

    ::

        flowers/rose/*.jpg        or        flowers/train/rose/*.jpg
        flowers/tulip/*.jpg                 flowers/test/rose/*.jpg       (or val)

    On the left a fifth of each class is kept for testing: always the same photographs, whatever the
    run's seed, and those that stay do not change sides when others are added or removed, but for a
    few at the border. Class names are sorted.

    Of a photograph the largest square in the middle is used. It is scaled to the size that a
    network sees and a seventh more, 256 pixels for 224, for the random windows of training. Files
    that cannot be read are left out, and the data set's notes name them.

    All files are read once, over as many threads as there are cores, and kept as far as
    ``CACHE_BYTES`` go; the others are read again whenever a batch needs them.

    Parameters
    ----------
    folder
        The folder around those of the classes.
    image_size
        Pixels of the side of what a network sees.

    Raises
    ------
    MissingDataError
        There is no such folder.
    DataError
        It does not have such folders, a class has too few photographs, or there is only one class.
    """
    if image_size < SMALLEST:
        raise DataError(f"image_size must be at least {SMALLEST} pixels, got {image_size}")
    root = existing_folder(folder)
    train, test = _parts(root)
    margin = margin_of(image_size)
    size = image_size + 2 * margin
    files = [path for part in (train, test or {}) for paths in part.values() for path in paths]
    cache, faults = _read_all(files, size)
    train = _without(faults, train)
    train, test = _split(root, train) if test is None else (train, _without(faults, test))
    class_names = tuple(train)
    if len(class_names) == 1:
        raise DataError(
            f"{root}: there is only the class {class_names[0]!r}; to learn to tell classes apart "
            "needs a folder for each of at least two"
        )
    for name in test:
        if name not in train:
            raise DataError(f"{root}: the class {name!r} has test but no training photographs")

    def photographs(part: Files) -> Photographs:
        return Photographs([path for paths in part.values() for path in paths], size, cache)

    def labels(part: Files) -> Array:
        return np.array([class_names.index(name) for name in part for _ in part[name]], np.int64)

    return Dataset(
        name="imagefolder",
        train_images=photographs(train),
        train_labels=labels(train),
        test_images=photographs(test),
        test_labels=labels(test),
        class_names=class_names,
        mean=MEAN,  # of ImageNet's photographs, and by custom of any others
        std=STD,
        mirror=True,
        margin=margin,
        notes=notes_of(list(faults.values()), len(files)),
    )


class Photographs:
    """Photographs in files that look like one array, (N, size, size, 3) of uint8.

    A part that is asked for is read in the thread that asks, unless it is kept.

    Parameters
    ----------
    paths
        Of the files.
    size
        Pixels of the side that they are scaled to.
    kept
        Those that are in memory already, by path.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, paths: Sequence[Path], size: int, kept: Mapping[Path, Array]) -> None:
        self._paths, self._size, self._kept = list(paths), size, kept

    @property
    def shape(self) -> Shape:
        """(N, H, W, 3), as they come out."""
        return (len(self._paths), self._size, self._size, 3)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, key: Any) -> Array:
        """The photographs that NumPy's indexing of the first axis chooses."""
        chosen = np.arange(len(self))[key]
        if chosen.ndim == 0:
            return self._photograph(self._paths[chosen])
        images = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        for image, index in zip(images, chosen, strict=True):
            image[...] = self._photograph(self._paths[index])
        return images

    def _photograph(self, path: Path) -> Array:
        kept = self._kept.get(path)
        return read_square(path, self._size) if kept is None else kept


def existing_folder(folder: str | os.PathLike[str] | None) -> Path:
    """The folder with the photographs.

    Raises
    ------
    MissingDataError
        None was named, or there is none.
    """
    if not folder:
        raise MissingDataError(
            "imagefolder needs a folder that has one folder of photographs for each class: name it "
            "with --data-dir"
        )
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise MissingDataError(f"{root} is not a folder; name one with --data-dir")
    return root


def files_to_test(root: Path) -> Files:
    """All photographs by class; only the test photographs where these have a folder of their own.

    Raises
    ------
    DataError
        As for :func:`load_imagefolder`, but a single class or photograph will do.
    """
    everything, test = _parts(root)
    return everything if test is None else test


def pictures_in(folder: Path) -> list[Path]:
    """By their names; hidden files, which some systems keep beside pictures, are none."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in ENDINGS and path.name[0] != "." and path.is_file()
    )


def _class_files(root: Path) -> Files:
    """The photographs in each class's folder: classes and files by name, sorted."""
    folders = sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")
    if not folders:
        raise DataError(
            f"{root} has no folders: it needs one for each class, with that class's photographs"
        )
    files = {}
    for folder in folders:
        files[folder.name] = pictures_in(folder)
        _check_some(folder, files[folder.name])
    return files


def _parts(root: Path) -> tuple[Files, Files | None]:
    """The training and the test photographs; None if they are not in folders of their own."""
    if not (root / TRAIN_FOLDER).is_dir():
        return _class_files(root), None
    for name in TEST_FOLDERS:
        if (root / name).is_dir():
            return _class_files(root / TRAIN_FOLDER), _class_files(root / name)
    raise DataError(f"{root} has a folder train but none named {' or '.join(TEST_FOLDERS)}")


def _check_some(folder: Path, paths: Sequence[Path]) -> None:
    if not paths:
        raise DataError(
            f"{folder} has no photographs that can be read ({', '.join(ENDINGS)}): put some in it "
            "or remove it"
        )


def _read_all(paths: Sequence[Path], size: int) -> tuple[dict[Path, Array], dict[Path, str]]:
    """Read all files; those that memory is provided for, and what is wrong with unreadable ones."""
    kept: dict[Path, Array] = {}
    faults: dict[Path, str] = {}
    room = CACHE_BYTES // (3 * size * size)

    def read(path: Path) -> Array | str:
        try:
            return read_square(path, size)
        except DataError as error:
            return str(error)

    with ThreadPoolExecutor() as pool:
        for path, read_ in zip(paths, pool.map(read, paths), strict=True):
            if isinstance(read_, str):
                faults[path] = read_
            elif len(kept) < room:
                kept[path] = read_
    return kept, faults


def _without(faults: Mapping[Path, str], files: Files) -> Files:
    """The photographs that can be read."""
    good = {name: [p for p in paths if p not in faults] for name, paths in files.items()}
    for name, paths in good.items():
        _check_some(files[name][0].parent, paths)
    return good


def _split(root: Path, files: Files) -> tuple[Files, Files]:
    """Put a fifth of each class aside for testing.

    The order of a hash of their names decides, in which a photograph keeps its place when others
    come and go.
    """
    train, test = {}, {}
    for name, paths in files.items():
        if len(paths) < 2:
            raise DataError(
                f"{root / name} has a single photograph: at least two are needed, one of them to "
                "test on"
            )
        count = max(1, round(TEST_SHARE * len(paths)))
        order = sorted(paths, key=lambda path: hashlib.sha256(path.name.encode()).digest())
        test[name], train[name] = sorted(order[:count]), sorted(order[count:])
    return train, test


def notes_of(faults: Sequence[str], count: int) -> tuple[str, ...]:
    """A note on what is wrong with some of ``count`` files, if anything is."""
    if not faults:
        return ()
    some = "; ".join(faults[:3])
    others = f"; and {len(faults) - 3} others" if len(faults) > 3 else ""
    return (f"left out {len(faults)} of {count} files that cannot be read: {some}{others}",)


def margin_of(image_size: int) -> int:
    """Pixels around what a network sees of a photograph, 16 for 224."""
    return round(image_size / 14)


def read_centre(path: Path, image_size: int) -> Array:
    """What a network sees of a photograph in a test, (image_size, image_size, 3), uint8.

    Raises
    ------
    DataError
        As for :func:`read_square`.
    """
    margin = margin_of(image_size)
    seen = slice(margin, margin + image_size)
    return read_square(path, image_size + 2 * margin)[seen, seen]


def read_square(path: Path, size: int) -> Array:
    """The largest square in the middle of a photograph, scaled to (size, size, 3), uint8.

    Raises
    ------
    DataError
        The file cannot be read; the message begins with its path.
    """
    from PIL import Image, ImageOps

    photograph = read_photograph(path)
    return np.asarray(ImageOps.fit(photograph, (size, size), Image.Resampling.BILINEAR))
