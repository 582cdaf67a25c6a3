"""Batch norm: what is normalised, what is remembered, and which directions dx cannot have."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.layers import BatchNorm2d, Sequential

AXES = (0, 1, 2)


def batch(shape=(4, 5, 6, 3), seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return (3 * rng.normal(size=shape) + 7).astype(dtype)


def test_channels_come_out_normalised():
    norm = BatchNorm2d(3, dtype=np.float64)
    y = norm.forward(batch())
    np.testing.assert_allclose(y.mean(AXES), 0, atol=1e-13)
    np.testing.assert_allclose(y.var(AXES), 1, rtol=1e-5)
    norm.weight.data, norm.bias.data = np.array([1.0, 2.0, -3.0]), np.array([0.0, 5.0, 6.0])
    np.testing.assert_allclose(norm.forward(batch()), y * [1, 2, -3] + [0, 5, 6], rtol=1e-12)


def test_dx_neither_shifts_nor_scales_a_channel():
    """Shifting or scaling a channel of x changes no output, so dx has no part in that direction."""
    norm, x = BatchNorm2d(3, eps=1e-12, dtype=np.float64), batch()
    norm.forward(x)
    dx = norm.backward(batch(seed=1))
    np.testing.assert_allclose(dx.sum(AXES), 0, atol=1e-11)
    np.testing.assert_allclose((dx * (x - x.mean(AXES))).sum(AXES), 0, atol=1e-9)


def test_running_statistics():
    """After two batches, by the definition: unbiased variance, the momentum's share of the new."""
    norm = BatchNorm2d(3, momentum=0.25, dtype=np.float64)
    mean, var = np.zeros(3), np.ones(3)
    for seed in (0, 1):
        x = batch(seed=seed)
        norm.forward(x)
        mean = 0.75 * mean + 0.25 * x.mean(AXES)
        var = 0.75 * var + 0.25 * x.var(AXES, ddof=1)
    np.testing.assert_allclose(norm.running_mean.data, mean, rtol=1e-12)
    np.testing.assert_allclose(norm.running_var.data, var, rtol=1e-12)
    norm.eval()
    y = norm.forward(batch(seed=2))
    np.testing.assert_allclose(y, (batch(seed=2) - mean) / np.sqrt(var + 1e-5), rtol=1e-12)
    np.testing.assert_allclose(norm.running_mean.data, mean, rtol=1e-12)


@pytest.mark.parametrize(("momentum", "expected"), [(0.0, 0.0), (1.0, 7.0)])
def test_momentum_at_its_ends(momentum, expected):
    norm = BatchNorm2d(1, momentum=momentum, dtype=np.float64)
    norm.forward(np.array([6.0, 8.0]).reshape(2, 1, 1, 1))
    assert norm.running_mean.data.tolist() == [expected]


def test_a_single_image_is_a_batch_of_pixels():
    y = BatchNorm2d(3, dtype=np.float64).forward(batch((1, 4, 4, 3)))
    np.testing.assert_allclose(y.mean(AXES), 0, atol=1e-13)


def test_values_far_from_zero_in_float32():
    """The variance is that of x - mean: the difference of two large squares would be noise."""
    x = batch((64, 32, 32, 4)) / 3 + 1000
    y32 = BatchNorm2d(4).forward(x.astype(np.float32))
    y64 = BatchNorm2d(4, dtype=np.float64).forward(x.astype(np.float32).astype(np.float64))
    np.testing.assert_allclose(y32, y64, atol=2e-3)


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (1, 1, 1, 3), (2, 0, 4, 3)])
def test_too_few_values(shape):
    net = Sequential({"norm": BatchNorm2d(3, dtype=np.float64)})
    count = np.prod(shape[:3])
    message = rf"^norm \(BatchNorm2d\): training needs at least two values .* got {count} in"
    with pytest.raises(LayerError, match=message):
        net.forward(np.ones(shape))
    assert net["norm"].running_mean.data.tolist() == [0, 0, 0]
    assert net.eval().forward(np.ones(shape)).shape == shape


def test_a_wrong_number_of_channels():
    with pytest.raises(LayerError, match="expected 3 channels, got 4 in an input of"):
        BatchNorm2d(3, dtype=np.float64).forward(batch((2, 2, 2, 4)))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"num_features": 0}, "num_features must be at least 1, got 0"),
        ({"eps": 0}, "eps must be greater than 0, got 0"),
        ({"eps": np.nan}, "eps must be greater than 0, got nan"),
        ({"momentum": 1.5}, "momentum must be from 0 to 1, got 1.5"),
        ({"dtype": np.int32}, "dtype must be float32 or float64, got int32"),
    ],
)
def test_wrong_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        BatchNorm2d(**{"num_features": 3, **kwargs})


def test_repr_and_state():
    norm = BatchNorm2d(3)
    assert repr(norm) == "BatchNorm2d(3, eps=1e-05, momentum=0.1)"
    assert list(norm.state_dict()) == ["weight", "bias", "running_mean", "running_var"]
    assert norm.num_parameters() == 6
