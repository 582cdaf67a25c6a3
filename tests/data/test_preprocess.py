"""Reading photographs of all kinds, and what ImageNet weights make of them."""

import contextlib
import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from mydl.data.dataset import DataError
from mydl.data.preprocess import (
    MEAN,
    PREPROCESSING,
    STD,
    imagenet_preparation,
    preprocess,
    read_photograph,
)


def gradient(width, height):
    """Red grows to the right, green downwards; blue is 50."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width).round()
    pixels[..., 1] = np.linspace(0, 255, height).round()[:, None]
    pixels[..., 2] = 50
    return Image.fromarray(pixels)


def saved(tmp_path, image, name, **options):
    image.save(tmp_path / name, **options)
    return tmp_path / name


def test_caffe_cuts_the_middle_of_a_square_and_puts_blue_first():
    x = preprocess(gradient(640, 480), "caffe")
    scaled = np.asarray(gradient(640, 480).resize((256, 256), Image.Resampling.BILINEAR))
    assert (x.shape, x.dtype) == ((227, 227, 3), np.float32)
    np.testing.assert_array_equal(x[0, 0], scaled[14, 14, ::-1] - np.float32([104, 117, 123]))
    np.testing.assert_array_equal(x[226, 226, 2] + 123, scaled[240, 240, 0])


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 641), (256, 256), (30, 900)])
def test_torchvision_scales_the_shorter_side(width, height):
    x = preprocess(gradient(width, height), "torchvision")
    assert (x.shape, x.dtype) == ((224, 224, 3), np.float32)
    pixels = x * STD + MEAN
    np.testing.assert_allclose(pixels[..., 2], 50 / 255, atol=1e-6)
    # Whatever was cut off, the middle of the picture is in the middle.
    np.testing.assert_allclose(pixels[111:113, 111:113, :2].mean(axis=(0, 1)), 0.5, atol=0.01)
    if width == height:
        assert pixels[0, 0, 0] == pytest.approx(16 / 255, abs=0.005)


def test_a_strip_is_not_scaled_to_a_billion_pixels():
    strip = Image.new("RGB", (1_000_000, 1), "white")
    strip.paste("black", (499_998, 0, 500_002, 1))
    x = preprocess(strip, "torchvision")
    assert x.shape == (224, 224, 3)
    np.testing.assert_allclose(x[:, 111:113], np.broadcast_to(-MEAN / STD, (224, 2, 3)), atol=1e-6)
    assert preprocess(strip, "caffe").shape == (227, 227, 3)


def test_unknown_preprocessing_is_named():
    with pytest.raises(ValueError, match="did you mean 'caffe'"):
        preprocess(gradient(9, 9), "cafe")


def test_a_photograph_is_turned_as_the_camera_was_held(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # turn by 90 degrees
    path = saved(tmp_path, gradient(60, 40), "turned.jpg", exif=exif, quality=95)
    image = read_photograph(path)
    assert image.size == (40, 60)
    red = np.asarray(image)[..., 0]
    assert red[5, 20] < 60 < 200 < red[55, 20]


def test_colours_of_all_kinds(tmp_path):
    grey = Image.new("L", (8, 8), 77)
    assert np.asarray(read_photograph(saved(tmp_path, grey, "grey.png")))[3, 3].tolist() == [77] * 3
    palette = gradient(8, 8).quantize(16)
    assert read_photograph(saved(tmp_path, palette, "palette.png")).mode == "RGB"
    cmyk = Image.new("RGB", (8, 8), (200, 30, 10)).convert("CMYK")
    red, green, _ = np.asarray(read_photograph(saved(tmp_path, cmyk, "cmyk.jpg")))[3, 3].tolist()
    assert red > 150 > green
    bits = Image.new("1", (8, 8), 1)
    assert np.asarray(read_photograph(saved(tmp_path, bits, "bits.png"))).min() == 255
    lab = gradient(8, 8).convert("LAB")
    assert read_photograph(saved(tmp_path, lab, "lab.tif")).mode == "RGB"


@pytest.mark.parametrize(
    ("name", "values", "grey"),
    [
        ("deep.png", np.uint16([[40_000, 65_535, 100]]), [156, 255, 0]),
        ("deep.tif", np.uint16([[40_000, 65_535, 100]]), [156, 255, 0]),
        ("fractions.tif", np.float32([[0, 0.5, 1, np.nan, -3]]), [0, 128, 255, 0, 0]),
        ("bytes.tif", np.float32([[0, 77.2, 200]]), [0, 77, 200]),
    ],
)
def test_grey_of_more_than_eight_bits(tmp_path, name, values, grey):
    path = saved(tmp_path, Image.fromarray(values), name)
    assert np.asarray(read_photograph(path))[0, :, 1].tolist() == grey


def test_the_first_of_several_pictures(tmp_path):
    first, *others = (Image.new("L", (8, 8), grey) for grey in (10, 100, 200))
    path = saved(tmp_path, first, "film.gif", save_all=True, append_images=others)
    assert np.asarray(read_photograph(path)).max() == 10


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_lets_the_background_through_stands_on_white(tmp_path, mode):
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 4, 8))
    options = {}
    if mode == "LA":
        image = image.convert("LA")
    if mode == "P":
        image = image.quantize(4)
        options = {"transparency": image.getpixel((7, 0))}
    pixels = np.asarray(read_photograph(saved(tmp_path, image, "clear.png", **options)))
    assert pixels[2, 1].tolist() == [0, 0, 0]
    assert pixels[2, 6].tolist() == [255, 255, 255]


def test_what_is_no_picture(tmp_path):
    with pytest.raises(DataError, match=r"none\.jpg: there is no such file"):
        read_photograph(tmp_path / "none.jpg")
    with pytest.raises(DataError, match="this is a folder, not a picture"):
        read_photograph(tmp_path)
    (tmp_path / "text.jpg").write_text("a text")
    with pytest.raises(DataError, match=r"text\.jpg: this is no picture of a known kind"):
        read_photograph(tmp_path / "text.jpg")
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"empty\.png: this is no picture"):
        read_photograph(tmp_path / "empty.png")


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png", "cut.webp"])
def test_a_picture_that_ends_early(tmp_path, name):
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (64, 64, 3)).astype(np.uint8))
    path = saved(tmp_path, noise, name)
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(DataError, match=name):
        read_photograph(path)


def test_a_picture_that_would_fill_the_memory(tmp_path):
    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))
    (tmp_path / "bomb.png").write_bytes(png + chunk(b"IEND", b""))
    with pytest.raises(DataError, match="has more than 178,956,970 pixels: make it smaller"):
        read_photograph(tmp_path / "bomb.png")


def test_damaged_exif_data_do_no_harm(tmp_path):
    """Nor do they make Pillow's warnings, from any thread."""
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(range(200))
    path = saved(tmp_path, gradient(30, 20), "bad.jpg", exif=exif)
    with ThreadPoolExecutor(4) as pool:
        assert {image.size for image in pool.map(read_photograph, [path] * 20)} == {(30, 20)}


def test_damaged_pictures_never_raise_anything_else(tmp_path):
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (24, 24, 3)).astype(np.uint8))
    for kind in ("jpeg", "png", "webp", "bmp"):
        stream = io.BytesIO()
        noise.save(stream, kind)
        for i in range(40):
            raw = bytearray(stream.getvalue())
            for place in rng.integers(0, len(raw), 4):
                raw[place] = rng.integers(256)
            path = tmp_path / f"{kind}{i}"
            path.write_bytes(raw)
            with contextlib.suppress(DataError):
                assert read_photograph(path).mode == "RGB"


@pytest.mark.parametrize("kind", PREPROCESSING)
def test_a_preparation_is_preprocessing_and_the_way_back(kind, tmp_path):
    picture = gradient(300, 260)
    picture.save(tmp_path / "gradient.png")
    preparation = imagenet_preparation(kind)
    x = preparation(tmp_path / "gradient.png")
    np.testing.assert_array_equal(x, preprocess(picture, kind))
    pixels = preparation.read(tmp_path / "gradient.png")
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(preparation.pixels(x), pixels)


def test_the_way_back_ends_at_black_and_white():
    preparation = imagenet_preparation("torchvision")
    x = np.array([-100.0, 0.0, 100.0]).reshape(1, 1, 3)
    black, middle, white = preparation.pixels(x).ravel()
    assert (black, white) == (0, 255)
    assert middle == round(255 * 0.456)
