"""The paper's section 5: sizes of fire modules from five numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.models import Metaparameters, SqueezeNet, squeezenet1_0, squeezenet_general


def test_the_defaults_are_version_1_0():
    general, paper = squeezenet_general(seed=4).state_dict(), squeezenet1_0(seed=4).state_dict()
    assert general.keys() == paper.keys()
    for path, values in paper.items():
        np.testing.assert_array_equal(general[path], values)


@pytest.mark.parametrize(
    ("squeeze_ratio", "parameters"),
    [(0.125, 1_248_424), (0.25, 1_967_080), (0.5, 3_404_392), (0.75, 4_841_704), (1, 6_279_016)],
)
def test_squeeze_ratios_of_figure_3a(squeeze_ratio, parameters):
    assert squeezenet_general(squeeze_ratio=squeeze_ratio).num_parameters() == parameters


@pytest.mark.parametrize(
    ("pct_3x3", "parameters"),
    [
        (0.01, 1_478_248),
        (0.125, 1_929_832),
        (0.25, 2_421_352),
        (0.375, 2_912_872),
        (0.5, 3_404_392),
        (0.625, 3_895_912),
        (0.75, 4_387_432),
        (0.875, 4_878_952),
        (0.99, 5_330_536),
    ],
)
def test_percentages_of_3x3_filters_of_figure_3b(pct_3x3, parameters):
    network = squeezenet_general(squeeze_ratio=0.5, pct_3x3=pct_3x3)
    assert network.num_parameters() == parameters


def test_the_paper_s_13_megabytes():
    """Where figures 3a and 3b meet; a megabyte there has 2^20 bytes."""
    network = squeezenet_general(squeeze_ratio=0.5)
    assert round(4 * network.num_parameters() / 2**20) == 13


def expand_filters(**options):
    sizes = Metaparameters(**options)
    return [sum(sizes.fire(i)[1:]) for i in range(8)]


def test_expand_filters_grow_after_every_freq_modules():
    assert expand_filters() == [128, 128, 256, 256, 384, 384, 512, 512]
    assert expand_filters(base_e=64, incr_e=32, freq=3) == [64, 64, 64, 96, 96, 96, 128, 128]
    assert expand_filters(incr_e=0) == [128] * 8
    assert expand_filters(freq=8) == [128] * 8


@given(
    st.integers(20, 300),
    st.integers(0, 200),
    st.floats(0.05, 0.95),
    st.integers(1, 5),
    st.floats(0.05, 1),
    st.integers(0, 7),
)
def test_rounded_sizes_are_next_to_the_exact_ones(base_e, incr_e, pct_3x3, freq, squeeze_ratio, i):
    sizes = Metaparameters(base_e, incr_e, pct_3x3, freq, squeeze_ratio)
    squeeze, expand1x1, expand3x3 = sizes.fire(i)
    expand = base_e + incr_e * (i // freq)
    assert expand1x1 + expand3x3 == expand
    assert min(squeeze, expand1x1, expand3x3) >= 1
    assert abs(squeeze - squeeze_ratio * expand) <= 0.5
    assert abs(expand3x3 - pct_3x3 * expand) <= 0.5


def test_halves_are_rounded_upwards():
    assert Metaparameters(base_e=5, pct_3x3=0.5, squeeze_ratio=0.5).fire(0) == (3, 2, 3)


def test_every_version_and_bypass_takes_them():
    network = SqueezeNet(
        "tiny", 10, "cifar", "complex", base_e=8, incr_e=4, pct_3x3=0.25, freq=1, squeeze_ratio=0.5
    )
    x = np.ones((2, 32, 32, 3), np.float32)
    assert network.forward(x).shape == (2, 10)
    assert network.backward(np.ones((2, 10), np.float32)).shape == x.shape
    fire = network.features["fire3"].inner
    assert fire.squeeze.out_channels == 6
    assert (fire.expand1x1.out_channels, fire.expand3x3.out_channels) == (9, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base_e": 1}, "base_e must be at least 2, got 1"),
        ({"base_e": 2.5}, "base_e must be a whole number, got 2.5"),
        ({"incr_e": -1}, "incr_e must be at least 0, got -1"),
        ({"freq": 0}, "freq must be at least 1, got 0"),
        ({"pct_3x3": 50}, "pct_3x3 must be a fraction from 0 to 1, got 50"),
        ({"pct_3x3": float("nan")}, "pct_3x3 must be a fraction from 0 to 1, got nan"),
        ({"squeeze_ratio": "1/8"}, "squeeze_ratio must be a fraction from 0 to 1, got '1/8'"),
        ({"squeeze_ratio": 0.001}, "at least one squeeze filter, got 0.001 of 128 .* in fire2"),
        ({"pct_3x3": 0}, "one filter of 1x1 and of 3x3 pixels, got 0 of 128 .* in fire2"),
        ({"pct_3x3": 1}, "one filter of 1x1 and of 3x3 pixels, got 1 of 128 .* in fire2"),
    ],
)
def test_wrong_values_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        squeezenet_general(**options)
