"""Pictures of data sets: which images, where they stand, and how large they get."""

import numpy as np
import pytest
from PIL import Image

from mydl.data import load_dataset
from mydl.data.grid import SIDE, draw_grid, first_of_each_class


def drawn(path, rows, *arguments):
    draw_grid(path, rows, [str(i) for i in range(len(rows))], *arguments)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).copy()


def patches(picture):
    """The colours that fill areas of at least a tenth of an image, each with its centre."""
    colours, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    for colour in colours[counts > SIDE * SIDE / 10]:
        if colour.min() < 255:
            yield tuple(colour.tolist()), np.argwhere((picture == colour).all(axis=2)).mean(axis=0)


def flat(*colours):
    return np.array([np.full((32, 32, 3), colour, np.uint8) for colour in colours])


def test_images_stand_in_rows_of_any_length(tmp_path):
    red, green, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    centres = dict(patches(drawn(tmp_path / "a.png", [flat(red, green), flat(blue)])))
    assert set(centres) == {red, green, blue}
    assert centres[red][0] == pytest.approx(centres[green][0], abs=1)
    assert centres[red][1] == pytest.approx(centres[blue][1], abs=1)
    assert centres[red][1] + SIDE < centres[green][1] < centres[red][1] + 1.2 * SIDE
    assert centres[red][0] + SIDE < centres[blue][0] < centres[red][0] + 1.2 * SIDE


@pytest.mark.parametrize("side", [8, 33, 224])
def test_images_of_any_size_are_drawn_about_as_large(side, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), dtype=np.uint8)
    height, width, _ = drawn(tmp_path / "a.png", [images] * 2, ["one", "two", "three"]).shape
    assert 1.3 * SIDE < height < 3 * SIDE
    assert 2 * SIDE < width < 4.5 * SIDE


@pytest.mark.slow
def test_many_images_make_one_picture(tmp_path):
    assert drawn(tmp_path / "a.png", [flat(*[(9, 9, 9)] * 40)] * 100).shape[0] > 100 * SIDE


def test_names_are_no_formulas(tmp_path):
    draw_grid(tmp_path / "a.png", [flat((9, 9, 9))], [r"$\frac{"])


def test_each_class_gives_its_own_images_once():
    digits = load_dataset("digits")
    for label, places in enumerate(first_of_each_class(digits, 12, seed=3)):
        assert (digits.train_labels[places] == label).all()
        assert len(set(places.tolist())) == 12
