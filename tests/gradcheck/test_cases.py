"""What ``mydl gradcheck`` checks: all of it passes, and nothing is left out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

import mydl.layers
import mydl.losses
from mydl.gradcheck import gradcheck
from mydl.gradcheck.cases import CASES, NAMES, off_the_kinks, select
from mydl.layers import AvgPool2d, Conv2d, Fire, Linear, LogSoftmax, MaxPool2d, Softmax

LAYERS = [case for case in CASES if case.name != "squeezenet"]
NETWORKS = [case for case in CASES if case.name == "squeezenet"]


def title(case):
    return f"{case.name}, {case.setting}"


@pytest.fixture(autouse=True)
def one_blas_thread():
    """Idle BLAS threads spin against other tests that run at the same time."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.mark.parametrize("case", LAYERS, ids=title)
def test_layers_pass_with_many_seeds(case):
    for seed in range(4):
        report = case.check(seed=seed)
        assert report, str(report)
        assert not report.kinks
        assert report.worst.error < 1e-7


@pytest.mark.parametrize("case", LAYERS, ids=title)
def test_layers_pass_with_complex_steps(case):
    report = case.check("complex")
    assert report, str(report)
    assert report.worst.error < 1e-12


@pytest.mark.parametrize("case", NETWORKS, ids=title)
def test_networks_pass(case):
    report = case.check(samples=1)
    assert report, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["central", "complex"])
@pytest.mark.parametrize("case", CASES, ids=title)
def test_there_are_no_false_alarms(case, method):
    for seed in range(50 if case in LAYERS else 5):
        report = case.check(method, seed)
        assert report, str(report)


def test_every_layer_and_loss_has_cases():
    names = {name.lower() for name in mydl.layers.__all__} | {"softmaxcrossentropy"}
    assert names <= set(NAMES)
    assert len(CASES) == len({(case.name, case.setting) for case in CASES})


def test_select_finds_layers_by_any_spelling():
    assert select([]) == CASES
    for name in ("MaxPool2d", "max-pool2d", "max_pool_2d"):
        assert {case.name for case in select([name])} == {"maxpool2d"}
    assert {case.name for case in select(["fire", "relu"])} == {"relu", "fire"}


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"no layer 'con2d': did you mean 'conv2d'\?"):
        select(["con2d"])


def test_off_the_kinks_leaves_no_bias_at_zero():
    fire = Fire(3, 2, 2, 2, batch_norm=True)
    off_the_kinks(fire, np.random.default_rng(0))
    for path, parameter in fire.named_parameters():
        if parameter.data.ndim == 1:
            assert (parameter.data != path.endswith("weight")).all()


sizes = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def sliding(draw):
    """(kernel_size, stride, padding, shape of x) that fit together."""
    kernel_size, stride = draw(sizes), draw(sizes)
    side = st.tuples(*(st.integers(0, size // 2) for size in kernel_size))
    padding = draw(st.one_of(st.sampled_from(["same", "valid"]), side))
    shape = (draw(st.integers(1, 2)), draw(st.integers(3, 5)), draw(st.integers(3, 5)), 2)
    return kernel_size, stride, padding, shape


@settings(max_examples=25)
@given(sliding(), st.integers(1, 3), st.booleans(), st.sampled_from(["central", "complex"]))
def test_any_convolution(window, out_channels, bias, method):
    kernel_size, stride, padding, shape = window
    rng = np.random.default_rng(0)
    layer = Conv2d(2, out_channels, kernel_size, stride, padding, bias, rng=rng)
    assert gradcheck(layer, rng.normal(size=shape), method=method, samples=8)


@settings(max_examples=25)
@given(sliding(), st.booleans(), st.booleans(), st.sampled_from(["central", "complex"]))
def test_any_pool(window, ceil_mode, count_include_pad, method):
    *arguments, shape = window
    x = np.random.default_rng(0).normal(size=shape)
    average = AvgPool2d(*arguments, ceil_mode, count_include_pad)
    assert gradcheck(MaxPool2d(*arguments, ceil_mode), x, method=method, samples=16)
    assert gradcheck(average, x, method=method, samples=16)


@settings(max_examples=25)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_any_linear_layer(n, in_features, out_features, bias):
    rng = np.random.default_rng(0)
    layer = Linear(in_features, out_features, bias, rng=rng)
    assert gradcheck(layer, rng.normal(size=(n, in_features)))


@settings(max_examples=25)
@given(st.integers(1, 4), st.integers(1, 6), st.floats(0.01, 30), st.integers(0, 1000))
def test_softmax_of_small_and_large_scores(n, k, scale, seed):
    x = scale * np.random.default_rng(seed).normal(size=(n, k))
    for layer in (Softmax(), LogSoftmax()):
        report = gradcheck(layer, x, seed=seed)
        assert report, str(report)
