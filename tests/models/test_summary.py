"""The table of a network's layers, and the article's sums."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.layer import LayerError
from mydl.layers import Bypass, Concat, Conv2d, Fire, GroupedConv2d, Linear, ReLU, Sequential
from mydl.models import (
    MODEL_NAMES,
    build_model,
    fire_weights,
    plain_weights,
    squeezenet1_0,
    squeezenet1_1,
    squeezenet1_1_cifar,
    summary,
)


@pytest.mark.parametrize(
    ("channels", "fire", "plain"), [(3, 129, 216), (10, 150, 720)], ids=["C=3", "C=10"]
)
def test_the_article_s_sums(channels, fire, plain):
    """Three squeeze filters, four expand filters of each kind."""
    assert fire_weights(channels, squeeze=3, expand1x1=4, expand3x3=4) == fire
    assert plain_weights(channels, 4 + 4) == plain
    row = summary(Fire(channels, 3, 4, 4), (5, 5, channels)).rows[0]
    assert (row.fire_weights, row.plain_weights) == (fire, plain)


@given(*[st.integers(1, 12)] * 4, st.booleans())
def test_the_sums_are_the_sizes_of_real_weights(c, squeeze, expand1x1, expand3x3, batch_norm):
    fire = Fire(c, squeeze, expand1x1, expand3x3, batch_norm=batch_norm)
    weights = sum(p.size for p in fire.parameters() if len(p.shape) == 4)
    plain = Conv2d(c, expand1x1 + expand3x3, 3, bias=False).num_parameters()
    row = summary(fire, (4, 4, c)).rows[0]
    assert (row.fire_weights, row.plain_weights) == (weights, plain)


def test_version_1_1():
    table = summary(squeezenet1_1(), (224, 224, 3))
    rows = {row.path: row for row in table.rows}
    assert list(rows)[:4] == [
        "features.conv1",
        "features.relu1",
        "features.pool1",
        "features.fire2",
    ]
    assert list(rows)[-4:] == [
        "classifier.dropout9", "classifier.conv10", "classifier.relu10", "classifier.pool10",
    ]  # fmt: skip
    conv1, fire2 = rows["features.conv1"], rows["features.fire2"]
    assert (conv1.kind, conv1.output_shape, conv1.parameters) == ("Conv2d", (111, 111, 64), 1792)
    assert conv1.multiply_adds == 111 * 111 * 64 * 27
    assert conv1.fire_weights is None
    assert (fire2.kind, fire2.output_shape, fire2.parameters) == ("Fire", (55, 55, 128), 11_408)
    assert fire2.multiply_adds == 55 * 55 * fire2.fire_weights
    assert (fire2.fire_weights, fire2.plain_weights) == (11_264, 9 * 64 * 128)
    assert rows["classifier.pool10"].output_shape == (1000,)
    assert (table.parameters, table.float32_bytes) == (1_235_496, 4_941_984)
    # The authors: "2.4x less computation than v1.0".
    ratio = summary(squeezenet1_0(), (227, 227, 3)).multiply_adds / table.multiply_adds
    assert ratio == pytest.approx(2.4, abs=0.05)


# Every network plain; AlexNet with few of the numbers that would have to be drawn. Squeezenets also
# with all that there is.
NETWORKS = [
    *((name, {"hidden": 8} if name.startswith("alexnet") else {}) for name in MODEL_NAMES),
    *(
        (name, {"bypass": "complex", "batch_norm": True})
        for name in MODEL_NAMES
        if name.startswith("squeezenet")
    ),
]


@pytest.mark.parametrize(("name", "options"), NETWORKS)
@pytest.mark.parametrize("expand", [False, True])
def test_the_totals_are_the_sums_of_the_rows(name, options, expand):
    network = build_model(name, **options)
    table = summary(network, network.image_shape, expand)
    whole = [row for row in table.rows if row.depth == 0]
    assert sum(row.parameters for row in whole) == table.parameters == network.num_parameters()
    assert sum(row.multiply_adds for row in whole) == table.multiply_adds
    assert len({row.path for row in table.rows}) == len(table.rows)
    assert table.multiply_adds == network.multiply_adds((1, *network.image_shape))


def test_multiply_adds_are_those_of_a_count_by_hand():
    network = Sequential(
        {"conv": Conv2d(2, 4, (3, 5), stride=2, padding=1), "fire": Fire(4, 2, 3, 5)}
    )
    table = summary(network, (9, 9, 2))
    assert [row.multiply_adds for row in table.rows] == [
        (5 * 4) * 4 * (3 * 5 * 2),
        (5 * 4) * (4 * 2 + 2 * 3 + 9 * 2 * 5),
    ]


@pytest.mark.parametrize("bypass", [None, "complex"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_expanded_rows_have_the_parts_and_the_shapes_that_they_really_give(bypass, batch_norm):
    network = squeezenet1_1_cifar(bypass=bypass, batch_norm=batch_norm, dropout=0.0)
    shapes = {}
    for path, layer in network.named_layers():

        def forward(x, path=path, run=layer.forward):
            y = run(x)
            shapes[path] = y.shape[1:]
            return y

        object.__setattr__(layer, "forward", forward)
    network.forward(np.ones((1, 32, 32, 3), np.float32))
    rows = summary(network, (32, 32, 3), expand=True).rows
    assert {row.path: row.output_shape for row in rows}.items() <= shapes.items()
    leaves = {path for path, layer in network.named_layers() if not layer.children()}
    assert leaves <= {row.path for row in rows}
    fire3 = "features.fire3.inner" if bypass else "features.fire3"
    assert f"{fire3}.expand3x3{'.conv' if batch_norm else ''}" in {row.path for row in rows}


def test_a_bypass_stands_beside_a_plain_convolution_too():
    simple, complex_ = (
        summary(squeezenet1_0(bypass=bypass), (227, 227, 3)) for bypass in ("simple", "complex")
    )
    assert simple.parameters == 1_248_424
    assert complex_.parameters == 1_589_672
    fire2 = next(row for row in complex_.rows if row.path == "features.fire2")
    assert (fire2.kind, fire2.parameters) == ("Bypass", 11_920 + 96 * 128 + 128)
    assert (fire2.fire_weights, fire2.plain_weights) == (11_776, 110_592)
    assert simple.cells()[-1][-2:] == complex_.cells()[-1][-2:]


def test_other_layers_than_networks():
    single = summary(Linear(4, 3), (4,))
    assert [(row.path, row.output_shape) for row in single.rows] == [("Linear", (3,))]
    both = Concat({"a": ReLU(), "b": Bypass(ReLU())})
    rows = summary(both, (2, 2, 5), expand=True).rows
    assert [(row.path, row.depth, row.output_shape) for row in rows] == [
        ("Concat", 0, (2, 2, 10)),
        ("a", 1, (2, 2, 5)),
        ("b", 1, (2, 2, 5)),
        ("b.inner", 2, (2, 2, 5)),
    ]
    assert "weights:" not in str(summary(both, (2, 2, 5))), "no fire module, nothing to explain"


def test_a_grouped_convolution_has_its_groups_as_parts():
    whole, first, second = summary(GroupedConv2d(4, 6, 3, groups=2), (5, 5, 4), expand=True).rows
    assert (whole.parameters, whole.multiply_adds) == (2 * (9 * 2 * 3 + 3), 2 * 9 * (9 * 2 * 3))
    for part in (first, second):
        assert (part.depth, part.output_shape) == (1, (3, 3, 3))
        assert 2 * part.parameters == whole.parameters
        assert 2 * part.multiply_adds == whole.multiply_adds


def test_the_table_is_aligned_and_ends_with_the_totals():
    lines = str(summary(squeezenet1_1(), (224, 224, 3))).splitlines()
    assert lines[0].split() == [
        "layer", "kind", "output", "parameters", "multiply-adds", "weights", "plain", "3x3",
    ]  # fmt: skip
    assert lines[4].split() == [
        "fire2", "Fire", "55x55x128", "11,408", "34,073,600", "11,264", "73,728",
    ]  # fmt: skip
    assert lines[4].index("11,408") + 6 == lines[0].index("parameters") + len("parameters")
    total = next(line for line in lines if line.startswith("total"))
    assert total.split() == ["total", "1,235,496", "349,151,936", "717,824", "7,446,528"]
    assert "1,235,496 parameters take 4,941,984 bytes in float32" in lines


def test_the_dict_goes_through_json_unchanged():
    table = summary(squeezenet1_1_cifar(), (32, 32, 3), expand=True)
    values = table.to_dict()
    assert json.loads(json.dumps(values)) == values
    assert len(values["layers"]) == len(table.rows)
    assert values["layers"][0] == {
        "path": "features.conv1",
        "kind": "Conv2d",
        "depth": 0,
        "output_shape": [32, 32, 64],
        "parameters": 1792,
        "multiply_adds": 32 * 32 * 1728,
        "fire_weights": None,
        "plain_weights": None,
    }


def test_images_that_do_not_fit_name_the_layer():
    with pytest.raises(
        LayerError, match=r"^features\.conv1 \(Conv2d\): expected 3 channels, got 1"
    ):
        summary(squeezenet1_1(), (224, 224, 1))
    with pytest.raises(LayerError, match=r"^features\.pool3 \(MaxPool2d\): a window of 3x3"):
        summary(squeezenet1_1(), (8, 8, 3))
