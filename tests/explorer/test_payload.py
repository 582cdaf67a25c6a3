"""What the page reads: every array comes back as the library computed it."""

import base64
import json

import numpy as np
import pytest

from mydl.explorer.payload import payload
from mydl.explorer.trace import trace

from .questions import read_array
from .traced import LABEL, network_and_image

CLASSES = ["a", "b", "c", "d", "e"]


@pytest.fixture(scope="module")
def example():
    """A trace and its payload, as it comes out of JSON."""
    network, image = network_and_image("own")
    result = trace(network, image, LABEL)
    picture = np.random.default_rng(0).integers(0, 256, (15, 15, 3)).astype(np.uint8)
    document = payload(result, picture, "a title", CLASSES)
    return result, picture, json.loads(json.dumps(document, allow_nan=False))


def test_arrays_come_back(example):
    result, picture, document = example
    np.testing.assert_array_equal(read_array(document, document["image"]["array"]), picture)
    for value, row in zip(result.values, document["values"], strict=True):
        assert row["name"] == value.name
        assert tuple(row["shape"]) == value.data.shape
        np.testing.assert_array_equal(read_array(document, row["data"]), value.data)
        np.testing.assert_array_equal(read_array(document, row["grad"]), value.grad)
    for step, row in zip(result.steps, document["layers"], strict=True):
        for name, array in step.arrays.items():
            np.testing.assert_array_equal(read_array(document, row[name]), array)


def test_the_graph_comes_back(example):
    result, _, document = example
    assert [row["id"] for row in document["values"]] == list(range(len(result.values)))
    for step, row in zip(result.steps, document["layers"], strict=True):
        assert (row["path"], row["kind"], row["group"]) == (step.path, step.kind, step.group)
        assert row["inputs"] == list(step.inputs)
        assert row["output"] == step.output
    pool = next(row for row in document["layers"] if row["kind"] == "maxpool2d")
    assert pool["window"] == {"kernel": [3, 3], "stride": [1, 1], "pads": [[1, 1], [1, 1]]}
    assert document["layers"][-1]["kind"] == "softmax_cross_entropy"


def test_the_headline(example):
    result, _, document = example
    about = {name: document[name] for name in ("format", "title", "label", "classes", "loss")}
    assert about == {
        "format": 1,
        "title": "a title",
        "label": LABEL,
        "classes": CLASSES,
        "loss": result.loss,
    }
    assert document["values"][-1]["shape"] == []
    assert read_array(document, document["values"][-1]["data"]) == np.float32(result.loss)


def test_arrays_lie_one_behind_the_other_where_any_number_may_begin(example):
    _, _, document = example
    end = 0
    for row in document["arrays"]:
        assert row["offset"] == end
        size = int(np.prod(row["shape"])) * np.dtype(row["dtype"]).itemsize
        end += size + -size % 4
    assert end == len(base64.b64decode(document["bytes"]))
