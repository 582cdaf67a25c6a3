"""Grouped convolution: a convolution whose weights between groups are zero."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydl.gradcheck import gradcheck
from mydl.layer import LayerError
from mydl.layers import Conv2d, GroupedConv2d, Sequential

F64 = {"dtype": np.float64}


def whole(grouped):
    """The plain convolution that computes the same: one block of weights for each group."""
    conv = Conv2d(grouped.in_channels, grouped.out_channels, (3, 2), 2, 1, **F64)
    conv.weight.data = np.zeros(conv.weight.shape)
    for part, rows, columns in blocks(grouped):
        conv.weight.data[:, :, rows, columns] = part.weight.data
        conv.bias.data[columns] = part.bias.data
    return conv


def blocks(grouped):
    """Each group's convolution with its slices of the input's and the output's channels."""
    rows = grouped.in_channels // grouped.groups
    columns = grouped.out_channels // grouped.groups
    return [
        (part, slice(i * rows, (i + 1) * rows), slice(i * columns, (i + 1) * columns))
        for i, part in enumerate(grouped.children().values())
    ]


@settings(max_examples=25)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(0, 99))
def test_it_is_a_convolution_with_zeros_between_the_groups(inputs, outputs, groups, seed):
    rng = np.random.default_rng(seed)
    grouped = GroupedConv2d(
        inputs * groups, outputs * groups, (3, 2), 2, 1, groups=groups, rng=rng, **F64
    )
    for part in grouped.children().values():
        part.bias.data = rng.normal(size=outputs)
    plain = whole(grouped)
    x = rng.normal(size=(2, 5, 4, inputs * groups))
    y = grouped.forward(x)
    np.testing.assert_allclose(y, plain.forward(x), rtol=1e-12, atol=1e-13)
    dy = rng.normal(size=y.shape)
    np.testing.assert_allclose(grouped.backward(dy), plain.backward(dy), rtol=1e-12, atol=1e-13)
    for part, rows, columns in blocks(grouped):
        np.testing.assert_allclose(
            part.weight.grad, plain.weight.grad[:, :, rows, columns], rtol=1e-12, atol=1e-13
        )
        np.testing.assert_allclose(part.bias.grad, plain.bias.grad[columns], rtol=1e-12)


@settings(max_examples=15)
@given(st.integers(1, 3), st.booleans(), st.sampled_from(["central", "complex"]))
def test_any_gradient(groups, bias, method):
    rng = np.random.default_rng(0)
    layer = GroupedConv2d(groups, 2 * groups, 3, 1, "same", bias, groups=groups, rng=rng)
    assert gradcheck(layer, rng.normal(size=(2, 4, 3, groups)), method=method, samples=8)


def test_one_group_is_a_plain_convolution():
    grouped = GroupedConv2d(3, 4, 3, groups=1, rng=np.random.default_rng(5))
    plain = Conv2d(3, 4, 3, rng=np.random.default_rng(5))
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 3)).astype(np.float32)
    np.testing.assert_array_equal(grouped.forward(x), plain.forward(x))


def test_groups_divide_weights_and_multiplications():
    plain = Conv2d(6, 12, 5, padding=2, bias=False)
    grouped = GroupedConv2d(6, 12, 5, padding=2, bias=False, groups=3)
    shape = (2, 7, 8, 6)
    assert grouped.output_shape(shape) == plain.output_shape(shape)
    assert 3 * grouped.num_parameters() == plain.num_parameters()
    assert 3 * grouped.multiply_adds(shape) == plain.multiply_adds(shape)


def test_groups_start_from_different_weights():
    first, second = GroupedConv2d(2, 2, 3, groups=2).children().values()
    assert not np.array_equal(first.weight.data, second.weight.data)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4, 6, 3, 4), "groups must divide .* got 4 groups of 4 and 6 channels"),
        ((6, 4, 3, 4), "groups must divide .* got 4 groups of 6 and 4 channels"),
        ((4, 4, 3, 0), "groups must be at least 1, got 0"),
        ((0, 4, 3, 2), "in_channels must be at least 1, got 0"),
        ((4, 4, 0, 2), "kernel_size must be at least 1, got 0"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    *sizes, groups = arguments
    with pytest.raises(ValueError, match=message):
        GroupedConv2d(*sizes, groups=groups)


def test_images_that_do_not_fit():
    net = Sequential({"conv2": GroupedConv2d(4, 4, 5, groups=2)})
    with pytest.raises(
        LayerError, match=r"^conv2 \(GroupedConv2d\): expected 4 channels, got 2 in an input"
    ):
        net.forward(np.zeros((1, 6, 6, 2), np.float32))
    with pytest.raises(LayerError, match=r"^conv2\.0 \(Conv2d\): a window of 5x5 pixels is larger"):
        net.forward(np.zeros((1, 4, 4, 4), np.float32))


def test_repr():
    layer = GroupedConv2d(4, 6, 3, padding=1, bias=False, groups=2)
    lines = repr(layer).splitlines()
    assert lines[0] == "GroupedConv2d(4, 6, kernel_size=3, padding=1, bias=False, groups=2)"
    assert lines[1:] == [f"  {i}: Conv2d(2, 3, kernel_size=3, padding=1, bias=False)" for i in "01"]
