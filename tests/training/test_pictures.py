"""Images and filters as PNG files inside a page."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mydl.layers import Linear, Sequential
from mydl.models import build_model
from mydl.models.network import Network
from mydl.training.pictures import LARGEST, first_filters, png_address, shown


def decode(address):
    kind, data = address.split(",")
    assert kind == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        return np.asarray(image)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
def test_a_png_holds_the_image(shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.testing.assert_array_equal(decode(png_address(image)), image)


@pytest.mark.parametrize(
    ("shape", "result"),
    [
        ((8, 8, 1), (8, 8)),
        ((8, 8, 3), (8, 8, 3)),
        ((8, 8, 5), (8, 8)),
        ((400, 400, 3), (LARGEST, LARGEST, 3)),
        ((400, 400, 1), (LARGEST, LARGEST)),
    ],
)
def test_images_are_shown_in_grey_or_colour_and_not_too_large(shape, result):
    assert shown(np.full(shape, 9, np.uint8)).shape == result


def test_the_filters_of_the_first_layer():
    model = build_model("squeezenet_tiny")
    path, kernel, count, picture = first_filters(model)
    weight = model.state_dict()[f"{path}.weight"]
    assert (*kernel, 3, count) == weight.shape
    height = kernel[0]
    first = picture[:height, : kernel[1]]
    assert (first[..., 3] == 255).all()
    assert (picture[height] == 0).all()  # transparent between the rows
    largest = np.abs(weight[..., 0]).max()
    np.testing.assert_allclose(first[..., :3] / 127.5 - 1, weight[..., 0] / largest, atol=0.005)


def test_a_network_without_convolutions_has_no_filters():
    model = Network(Sequential({"linear": Linear(3, 2)}), Sequential({}))
    assert first_filters(model) is None
