"""A trained network with a backward pass: the function is that of evaluation, to the last bit."""

import numpy as np
import pytest

from mydl.gradcheck import gradcheck
from mydl.layer import Layer, LayerError
from mydl.layers import BatchNorm2d, Conv2d, Dropout, ReLU, Sequential
from mydl.models import squeezenet_tiny
from mydl.models.differentiable import FixedNorm2d, differentiable


def trained_norm(channels=3, dtype=np.float64):
    """A batch norm with parameters and statistics that differ by channel."""
    rng, norm = np.random.default_rng(0), BatchNorm2d(channels, dtype=dtype)
    norm.weight.data = rng.normal(size=channels).astype(dtype)
    norm.bias.data = rng.normal(size=channels).astype(dtype)
    norm.running_mean.data = rng.normal(size=channels).astype(dtype)
    norm.running_var.data = rng.uniform(0.5, 2, channels).astype(dtype)
    return norm


def images(shape=(2, 4, 3, 3), dtype=np.float64):
    return np.random.default_rng(1).normal(size=shape).astype(dtype)


def test_a_fixed_norm_is_batch_norm_in_evaluation_mode():
    norm = trained_norm()
    np.testing.assert_array_equal(
        FixedNorm2d(norm).forward(images()), norm.eval().forward(images())
    )


def test_gradients_of_a_fixed_norm():
    report = gradcheck(FixedNorm2d(trained_norm()), images())
    assert report, str(report)


def test_a_fixed_norm_leaves_the_statistics_alone():
    norm = FixedNorm2d(trained_norm())
    before = norm.state_dict()
    norm.forward(images())
    for path, values in norm.state_dict().items():
        np.testing.assert_array_equal(values, before[path])


def test_a_fixed_norm_takes_a_single_pixel():
    norm = FixedNorm2d(trained_norm())
    y = norm.forward(images((1, 1, 1, 3)))
    assert norm.backward(np.ones_like(y)).shape == (1, 1, 1, 3)
    with pytest.raises(LayerError, match="expected 3 channels, got 2"):
        norm.forward(images((1, 1, 1, 2)))


@pytest.mark.parametrize("options", [{}, {"batch_norm": True, "bypass": "simple", "dropout": 0.5}])
def test_a_network_computes_what_it_does_in_evaluation(options):
    network = squeezenet_tiny(**options)
    x = images((2, 32, 32, 3), np.float32)
    network.forward(x)  # so that the running statistics are not those of a new network
    state = network.state_dict()
    same = differentiable(network.eval())
    np.testing.assert_array_equal(same.forward(x), network.forward(x))
    same.backward(np.ones((2, 10), np.float32))
    assert not network.training
    assert not any(parameter.grad.any() for parameter in network.parameters())
    for path, values in network.state_dict().items():
        np.testing.assert_array_equal(values, state[path])


def test_paths_stay_the_same():
    network = squeezenet_tiny(batch_norm=True, bypass="complex")
    same = differentiable(network)
    assert list(dict(same.named_parameters())) == list(dict(network.named_parameters()))
    paths = [layer.path for _, layer in same.named_layers()]
    assert paths == [layer.path for _, layer in network.named_layers()]
    assert not any(type(layer) is BatchNorm2d for _, layer in same.named_layers())


def test_a_norm_that_is_an_attribute_or_alone():
    class Own(Layer):
        def __init__(self):
            self.conv, self.norm = Conv2d(3, 3, 1), trained_norm(dtype=np.float32)

        def forward(self, x):
            return self.norm.forward(self.conv.forward(x))

    x = images(dtype=np.float32)
    own = Own()
    same = differentiable(own)
    assert type(same.norm) is FixedNorm2d
    np.testing.assert_array_equal(same.forward(x), own.eval().forward(x))
    assert type(differentiable(trained_norm())) is FixedNorm2d


def test_dropout_on_request():
    layers = Sequential(Dropout(0.5), ReLU())
    x = np.ones((4, 100))
    assert (differentiable(layers).forward(x) == 1).all()
    dropped = differentiable(layers, dropout=3).forward(x)
    assert set(np.unique(dropped)) == {0.0, 2.0}
    np.testing.assert_array_equal(dropped, differentiable(layers, dropout=3).forward(x))
    assert layers[0].p == 0.5
