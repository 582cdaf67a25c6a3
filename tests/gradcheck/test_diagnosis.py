"""Patterns of wrong arrays, on arrays of many shapes, and what several wrong arrays share."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydl.gradcheck import diagnose, gradcheck
from mydl.gradcheck.diagnosis import Diagnosis, picture
from mydl.gradcheck.factors import explain_factor
from mydl.gradcheck.meaning import regions_of
from mydl.gradcheck.together import together
from mydl.layers import AvgPool2d, Conv2d, Fire, Linear, MaxPool2d, ReLU, Sequential

AXES = ("N", "H", "W", "C")
quick = settings(max_examples=25, deadline=None)
SIDES = {"N": (2, 3), "H": (3, 6), "W": (3, 6), "C": (2, 4)}


@st.composite
def images(draw):
    """Random numbers in the form of a batch of images, none of them near 0."""
    shape = [draw(st.integers(*SIDES[name])) for name in AXES]
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    return rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape)


def kind(got, want, **options):
    return diagnose(got, want, name="dx", axes=AXES, **options).kind


def random_like(want, seed=1):
    return np.random.default_rng(seed).normal(size=want.shape)


@quick
@given(images())
def test_equal_arrays_have_no_diagnosis(want):
    assert diagnose(want.copy(), want) is None
    assert diagnose(want * (1 + 1e-9), want) is None


@quick
@given(images(), st.sampled_from([-1.0, 2.0, 0.5, -3.0, 7.0, 1 / 30]))
def test_a_constant_ratio(want, ratio):
    expected = {-1.0: "sign", 2.0: "twice"}.get(ratio, "factor")
    assert kind(ratio * want, want) == expected


@quick
@given(images())
def test_a_forgotten_mean_is_told_by_the_sizes(want):
    n, h, w, _ = want.shape
    sentence = diagnose(want * n * h * w, want, axes=AXES).sentence
    assert f"{n * h * w} times too large everywhere" in sentence
    assert "is a division by" in sentence


@quick
@given(images(), st.sampled_from([(1,), (2,), (3,), (1, 2), (0, 1)]))
def test_a_flip(want, axes):
    found = diagnose(np.flip(want, axes), want, axes=AXES)
    assert found.kind == "flip"
    assert all(AXES[axis] in found.sentence for axis in axes)


@quick
@given(images(), st.sampled_from([1, 2]), st.sampled_from([-1, 1]))
def test_a_shift(want, axis, step):
    moved = np.roll(want, step, axis)
    edge = [slice(None)] * 4
    edge[axis] = 0 if step > 0 else -1
    moved[tuple(edge)] = 0  # what comes in at the edge does not matter
    found = diagnose(moved, want, axes=AXES)
    assert found.kind == "shift"
    assert f"{step:+d} along {AXES[axis]}" in found.sentence


@quick
@given(st.integers(2, 6), st.integers(0, 99))
def test_a_transpose(size, seed):
    want = np.random.default_rng(seed).normal(size=(size, size))
    found = diagnose(want.T, want, name="dW", axes=("C", "K"))
    assert (found.kind, found.sentence) == (
        "transpose",
        "dW has C and K swapped: it is right after a transpose",
    )


@quick
@given(images())
def test_a_transpose_that_is_missing_before_a_reshape(want):
    channels_first = np.ascontiguousarray(want.transpose(0, 3, 1, 2)).reshape(want.shape)
    assert kind(channels_first, want) == "transpose"


@quick
@given(images())
def test_the_first_sample_alone(want):
    got = want.copy()
    got[1:] = 0
    found = diagnose(got, want, axes=AXES)
    assert found.kind == "first-sample"
    np.testing.assert_array_equal(found.where, got != want)


@quick
@given(images(), st.data())
def test_one_channel(want, data):
    channel = data.draw(st.integers(0, want.shape[3] - 1))
    got = want.copy()
    got[..., channel] += random_like(want)[..., channel]
    found = diagnose(got, want, axes=AXES)
    assert found.kind == "channels"
    assert f"C={channel} of" in found.sentence


@quick
@given(images())
def test_the_border(want):
    got = want + random_like(want)
    got[:, 1:-1, 1:-1] = want[:, 1:-1, 1:-1]
    assert kind(got, want) == "border"


@quick
@given(images(), st.data())
def test_a_region_of_ones_own(want, data):
    mask = np.random.default_rng(data.draw(st.integers(0, 99))).random(want.shape) < 0.3
    got = np.where(mask, want + 1 + random_like(want) ** 2, want)
    regions = {"odd": ("where the mask is", mask)}
    found = diagnose(got, want, axes=AXES, regions=regions)
    assert (found.kind, found.sentence) == (
        "odd",
        "the result is wrong only where the mask is",
    )


@quick
@given(images())
def test_a_mask_that_is_missing_or_too_much(want):
    mask = random_like(want) > 0
    assert kind(want * mask, want) == "mask"
    assert kind(want, want * mask) == "mask"


@quick
@given(images(), st.sampled_from([0, 3]))
def test_a_factor_of_each_row(want, axis):
    shape = [want.shape[i] if i == axis else 1 for i in range(4)]
    factors = 1.5 + np.arange(want.shape[axis]).reshape(shape)
    found = diagnose(want * factors, want, axes=AXES)
    assert found.kind == "row-factor"
    assert f"along {AXES[axis]}," in found.sentence


@quick
@given(images())
def test_an_offset(want):
    assert kind(want + 0.25, want) == "offset"
    per_channel = np.arange(1.0, want.shape[3] + 1)
    assert kind(want + per_channel, want) == "offset"


@quick
@given(images())
def test_the_right_numbers_at_wrong_places(want):
    order = np.random.default_rng(2).permutation(want.size)
    assert kind(want.reshape(-1)[order].reshape(want.shape), want) in ("permuted", "transpose")


@quick
@given(images())
def test_shares_at_wrong_pixels(want):
    _, h, w, _ = want.shape
    spread = np.broadcast_to(want.mean(axis=(1, 2), keepdims=True), want.shape)
    assert kind(spread, want) in ("misplaced", "broadcast")
    one_place = np.zeros(want.shape)
    one_place[:, h // 2, w // 2] = want.sum(axis=(1, 2))
    assert kind(one_place, want) == "misplaced"


@quick
@given(images())
def test_a_few_digits(want):
    assert kind(want + 1e-6 * random_like(want), want, rtol=1e-9) == "precision"


@quick
@given(images())
def test_zeros_and_nan(want):
    assert kind(np.zeros(want.shape), want) == "zeros"
    got = want.copy()
    got[0, 1, 0, 1] = np.nan
    found = diagnose(got, want, axes=AXES)
    assert found.kind == "nan"
    assert "(0, 1, 0, 1)" in found.sentence


@quick
@given(images())
def test_the_sum_over_all_at_every_place(want):
    assert kind(np.full(want.shape, want.sum()), want) in ("broadcast", "scattered")
    bias = want[0, 0, 0]
    found = diagnose(np.full(bias.shape, bias.sum()), bias, axes=("K",))
    assert found.kind == "broadcast"


@quick
@given(images())
def test_no_pattern(want):
    found = diagnose(random_like(want), want, axes=AXES)
    assert found.kind == "scattered"
    assert f"wrong at {want.size} of {want.size} entries" in found.sentence


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_two_arrays_get_a_sentence(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), max_size=4)))
    size = int(np.prod(shape))
    numbers = st.lists(
        st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, np.inf, np.nan]), min_size=size, max_size=size
    )
    got = np.reshape(data.draw(numbers), shape)
    want = np.nan_to_num(np.reshape(data.draw(numbers), shape), nan=3, posinf=4)
    found = diagnose(got, want)
    equal = np.allclose(got, want, 1e-7, 1e-9)
    assert (found is None) == equal
    if found is not None:
        assert found.sentence.startswith("the result ")
        assert found.where.any()
        assert picture(found)


@quick
@given(images(), st.integers(1, 3))
def test_entries_that_are_not_known_are_left_out(want, seed):
    known = np.random.default_rng(seed).random(want.shape) < 0.5
    partly = np.where(known, want, np.nan)
    assert diagnose(want, partly) is None
    assert kind(3 * want, partly) == "factor"
    assert kind(np.flip(want, (1, 2)), partly) == "flip"


def test_whole_numbers_and_single_numbers():
    assert diagnose(np.array([1, 2, 3]), np.array([2, 4, 6])).kind == "factor"
    assert diagnose(np.array([True, False]), np.array([False, True])).sentence
    found = diagnose(np.float64(6.0), np.float64(1.5), name="the loss", constants={"N": 4})
    assert found.sentence == "the loss is 4 times too large: N is 4, is a division by N missing?"
    found = diagnose(np.float64(6.0), np.float64(1.7), name="the loss")
    assert (found.kind, found.sentence) == ("scattered", "the loss must be 1.7, got 6")
    assert diagnose(np.array([1j, 2]), np.array([1j, 3])).kind == "scattered"


def test_a_wrong_shape():
    found = diagnose(np.zeros((2, 3)), np.zeros((3, 2)), name="dW", axes=("C", "K"))
    assert found.kind == "shape"
    assert found.sentence == (
        "dW must have shape (C, K) = (3, 2), got (2, 3): its axes are in another order"
    )
    assert "a reshape" in diagnose(np.zeros(6), np.zeros((3, 2))).sentence


def test_typical_mistakes_come_first():
    want = np.arange(4.0)
    mistakes = {"doubled": ("you added it twice", 2 * want)}
    assert diagnose(2 * want, want, mistakes=mistakes).kind == "doubled"
    assert diagnose(3 * want, want, mistakes=mistakes).kind == "factor"


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (8, "N is 8, is a division by N missing?"),
        (1 / 8, "is it divided by N once too often?"),
        (0.75, "1 - p is 3/4, is a division by 1 - p missing?"),
        (30, "H*W is 30, is a division by H*W missing?"),
        (5 / 6, "H / W is 5/6, one stands in the place of the other"),
        (2, "it is counted twice"),
    ],
)
def test_which_constant_it_is(ratio, words):
    assert words in explain_factor(ratio, {"N": 8, "H": 5, "W": 6, "1 - p": 0.75})


def test_no_constant_is_named_where_none_fits():
    assert explain_factor(1.234, {"N": 8, "H": 5}) == ""


def test_pictures_show_the_image_with_the_most_errors():
    mask = np.zeros((2, 3, 4, 2), bool)
    mask[0, 0, 0, 0] = mask[1, 0, :, 1] = True
    assert picture(Diagnosis("mask", "", mask), AXES).splitlines() == [
        "N=1, C=1: H down, W across",
        "####",
        "....",
        "....",
    ]
    assert picture(np.array([True, False]), ("K",)) == "K across\n#."
    large = np.zeros((100, 200), bool)
    large[99, 199] = True
    rows = picture(large).splitlines()[1:]
    assert len(rows) <= 32
    assert max(map(len, rows)) <= 64
    assert rows[-1].endswith("#")
    assert picture(Diagnosis("shape", "")) == ""


def test_the_regions_of_a_window():
    regions = regions_of(MaxPool2d(3, 2), np.ones((1, 5, 7, 1)), None)
    overlap = regions["overlap"][0, :, :, 0]
    expected = np.zeros((5, 7), bool)
    expected[2] = expected[:, [2, 4]] = True
    np.testing.assert_array_equal(overlap, expected)
    assert "border" not in regions
    border = regions_of(AvgPool2d(3, 3, 1), np.ones((1, 5, 5, 1)), None)["border"][0, :, :, 0]
    expected = np.ones((5, 5), bool)
    expected[2:, 2:] = False
    np.testing.assert_array_equal(border, expected)


class WrongBias(Conv2d):
    def backward(self, dy):
        before = self.bias.grad.copy()
        dx = super().backward(dy)
        self.bias.grad = before + dy.mean(axis=(0, 1, 2))
        return dx


def test_only_the_bias():
    rng = np.random.default_rng(0)
    report = gradcheck(WrongBias(2, 3, 3, rng=rng), rng.normal(size=(2, 5, 6, 2)))
    assert report.together.kind == "only-array"
    assert report.together.sentence == "only the gradient of bias is wrong: x and weight are right"
    (bias,) = report.diagnoses
    assert bias.sentence == (
        "bias.grad is 24 times too small everywhere: N*H_out*W_out is 24, is it divided by "
        "N*H_out*W_out once too often?"
    )
    assert f"diagnosis: {bias.sentence} (WrongBias)" in str(report)
    found = json.loads(report.to_json())
    assert found["together"]["kind"] == "only-array"
    assert found["diagnoses"] == [
        {"layer": "WrongBias", "array": "bias", "kind": "factor", "sentence": bias.sentence}
    ]


def test_in_a_network_the_layer_where_it_begins_is_named():
    rng = np.random.default_rng(0)
    fire = Fire(3, 2, 2, 2, rng=rng)
    fire.expand1x1 = WrongBias(2, 2, 1, rng=rng)
    for parameter in fire.parameters():
        parameter.data = parameter.data + rng.uniform(0.1, 0.6, parameter.shape)
    report = gradcheck(fire, rng.normal(size=(2, 4, 4, 3)))
    assert report.together.kind == "only-layer"
    assert "only expand1x1 is wrong" in report.together.sentence


class FlipsTheWeightGradient(Conv2d):
    def backward(self, dy):
        before = self.weight.grad.copy()
        dx = super().backward(dy)
        self.weight.grad = before + (self.weight.grad - before)[::-1, ::-1]
        return dx + 0.1 * dx**2


def test_of_a_network_what_only_follows_is_not_told():
    rng = np.random.default_rng(0)
    network = Sequential(
        {
            "first": Conv2d(2, 3, 3, rng=rng),
            "wrong": FlipsTheWeightGradient(3, 4, 3, rng=rng),
            "last": Conv2d(4, 2, 1, rng=rng),
        }
    )
    report = gradcheck(network, rng.normal(size=(2, 6, 7, 2)))
    assert "wrong is the first layer that is wrong, and last is still right" in str(report)
    assert [each.kind for each in report.diagnoses].count("scattered") == 3
    assert "weight.grad is reversed along kh and kw, turned by 180 degrees (wrong)" in str(report)
    assert "(and 3 more arrays are wrong)" in str(report)


def test_what_several_arrays_share():
    conv = [("Conv2d", "x"), ("Conv2d", "weight"), ("Conv2d", "bias")]
    assert together({}, conv) is None
    assert together(dict.fromkeys(conv, "border"), conv).kind == "all-arrays"
    assert together({conv[0]: "flip", conv[1]: "mask"}, conv) is None
    network = [("Net", "x"), ("first", "weight"), ("last", "weight")]
    assert "last is the first layer" in together(dict.fromkeys(network, "sign"), network).sentence
    found = together(dict.fromkeys(network[:2], "sign"), network)
    assert "first is the first layer that is wrong, and last is still right" in found.sentence
    assert together({network[0]: "factor"}, network).kind == "only-array"
    assert together({("ReLU", "x"): "mask"}, [("ReLU", "x")]) is None


class WrongFarAway(Linear):
    def backward(self, dy):
        before = self.weight.grad.copy()
        dx = super().backward(dy)
        added = self.weight.grad - before
        added[:, 17] *= 5
        self.weight.grad = before + added
        return dx


def test_a_large_array_is_measured_by_a_sample_and_the_lines_through_the_worst_entry():
    rng = np.random.default_rng(0)
    layer = WrongFarAway(60, 40, rng=rng)
    report = gradcheck(layer, rng.normal(size=(2, 60)), samples=32)
    (weight,) = report.diagnoses
    assert weight.kind == "channels"
    assert "K=17 of 0 to 39; it is 5 times too large there" in weight.sentence
    measured = ~np.isnan(weight.want)
    assert measured[:, 17].all()
    assert 100 < measured.sum() < 400


def test_a_right_layer_has_no_diagnosis():
    report = gradcheck(ReLU(), np.random.default_rng(0).normal(size=(2, 3)))
    assert report.diagnoses == []
    assert report.together is None
    with pytest.raises(ValueError, match="no gradient is wrong"):
        report.plot("never.png")


def test_a_plot_is_written(tmp_path):
    from matplotlib.image import imread

    rng = np.random.default_rng(0)
    layer = WrongBias(2, 3, 3, rng=rng)
    gradcheck(layer, rng.normal(size=(2, 5, 6, 2))).plot(tmp_path / "errors.png")
    image = imread(tmp_path / "errors.png")[..., :3]
    assert image.std() > 0.05
    orange = np.abs(image - np.array([0xD5, 0x5E, 0x00]) / 255).max(axis=-1) < 0.02
    assert orange.mean() > 0.01, "the wrong entries are not marked"


class Overflows(Linear):
    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.grad = self.weight.grad + np.inf
        return dx


def test_a_gradient_that_is_not_finite():
    rng = np.random.default_rng(0)
    report = gradcheck(Overflows(3, 2, rng=rng), rng.normal(size=(3, 3)))
    assert [each.kind for each in report.diagnoses] == ["nan"]
    assert "weight.grad is not finite at 6 of 6 entries" in str(report)
    assert json.loads(report.to_json())["diagnoses"][0]["kind"] == "nan"
