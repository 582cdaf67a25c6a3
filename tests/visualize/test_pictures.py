"""Arrays become the pictures that their colours say."""

import numpy as np
import pytest
from PIL import Image

from mydl.visualize.pictures import (
    Panel,
    coloured,
    draw_figure,
    enlarged,
    grey_at_zero,
    heat,
    overlaid,
    signed,
    tiled,
)


def lightness(picture):
    return picture.astype(float).mean(axis=-1)


def test_heat_gets_lighter_from_zero_to_the_most():
    levels = lightness(heat(np.linspace(0, 1, 50)[None]))[0]
    assert (np.diff(levels) >= 0).all()
    assert levels[0] < 5
    assert levels[-1] > 150


def test_a_signed_map_is_white_at_zero_and_has_a_hue_for_each_sign():
    below, zero, above = signed(np.array([[-2.0, 0.0, 2.0]]))[0].astype(int)
    assert zero.min() > 240
    assert above[0] > above[2]  # orange has more red than blue, and blue more blue than red
    assert below[2] > below[0]


@pytest.mark.parametrize("function", [heat, signed])
def test_a_map_of_zeros_can_be_drawn(function):
    assert function(np.zeros((2, 3))).shape == (2, 3, 3)


def test_a_few_extreme_values_do_not_darken_the_rest():
    values = np.ones((100, 100))
    values[0, 0] = 1e6
    assert lightness(heat(values)).min() > 150


def test_grey_gradients_stay_grey():
    picture = grey_at_zero(np.array([[[0.0], [1.0]]]))
    np.testing.assert_array_equal(picture, [[[128] * 3, [255] * 3]])


def test_a_map_is_enlarged_to_any_shape_with_values_in_between():
    large = enlarged(np.array([[0.0, 1.0]]), (4, 8))
    assert large.shape == (4, 8)
    assert (np.diff(large, axis=1) >= 0).all()
    np.testing.assert_allclose(enlarged(np.full((3, 3), 0.7), (5, 9)), 0.7, rtol=1e-6)


@pytest.mark.parametrize("with_sign", [True, False])
def test_an_overlay_leaves_the_picture_where_the_map_is_zero(with_sign):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    values = np.zeros((8, 8))
    values[:4, :4] = 1
    picture = overlaid(pixels, values, with_sign=with_sign)
    grey = np.rint(pixels.mean(axis=-1))
    for channel in range(3):
        np.testing.assert_allclose(picture[5:, 5:, channel], grey[5:, 5:], atol=1)
    assert np.ptp(picture[:3, :3].astype(int), axis=-1).min() > 20, "coloured"


def test_what_speaks_against_is_not_drawn_without_a_sign():
    pixels = np.full((2, 2, 1), 90, np.uint8)
    np.testing.assert_array_equal(overlaid(pixels, np.full((2, 2), -3.0)), np.full((2, 2, 3), 90))


def test_tiles_stand_in_rows():
    pictures = np.arange(1, 4, dtype=np.uint8).reshape(3, 1, 1, 1)
    found = tiled(pictures, columns=2, gap=1, between=9)[..., 0]
    np.testing.assert_array_equal(found, [[1, 9, 2], [9, 9, 9], [3, 9, 9]])
    assert tiled(pictures, columns=8).shape == (1, 5, 1)


def test_coloured():
    np.testing.assert_array_equal(coloured(np.array([[[7]]], np.uint8)), [[[7, 7, 7]]])


def test_a_figure_holds_its_pictures(tmp_path):
    red, blue = np.zeros((2, 20, 30, 3), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    path = tmp_path / "figure.png"
    draw_figure(
        path, [[Panel("a $title", red), Panel("a long title " * 9, blue)], [Panel("", red)]]
    )
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    height, width, _ = pixels.shape
    is_red = (pixels == (255, 0, 0)).all(axis=-1)
    is_blue = (pixels == (0, 0, 255)).all(axis=-1)
    assert is_red[:, : width // 2].mean() > 0.3
    assert is_blue[: height // 2, width // 2 :].mean() > 0.3
    assert not is_red[:, width // 2 :].any()
    assert [file.name for file in tmp_path.iterdir()] == ["figure.png"]


def test_a_figure_that_cannot_be_drawn_leaves_the_earlier_one(tmp_path):
    path = tmp_path / "figure.png"
    path.write_text("earlier")
    with pytest.raises(TypeError):
        draw_figure(path, [[Panel("", np.array([["text"]]))]])
    assert path.read_text() == "earlier"
