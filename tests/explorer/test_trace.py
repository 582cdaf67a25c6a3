"""Every number of the trace is the library's, and the layers hang together as the network says."""

import copy

import numpy as np
import pytest

from mydl.explorer.trace import MASK_SEED, TraceError, trace
from mydl.layer import LayerError
from mydl.layers import (
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    Linear,
    ReLU,
    Sequential,
)
from mydl.losses import SoftmaxCrossEntropy
from mydl.models import Network, alexnet, squeezenet_tiny
from mydl.models.differentiable import FixedNorm2d, differentiable

from .traced import LABEL, NETWORKS, network_and_image


@pytest.fixture(scope="module", params=NETWORKS)
def example(request):
    """A network, its image and the trace."""
    network, image = network_and_image(request.param)
    return network, image, trace(network, image, LABEL)


def runnable(network):
    """What the trace ran, made by hand: convolutions by im2col, dropout from the trace's seed."""
    network = copy.deepcopy(network)
    for _, layer in network.named_layers():
        if isinstance(layer, Conv2d):
            layer.algorithm = "im2col"
        if isinstance(layer, Dropout):
            layer.rng = np.random.default_rng(MASK_SEED)
    return network


def test_loss_and_gradients_are_those_of_the_network(example):
    network, image, result = example
    network = runnable(network)
    if any(isinstance(layer, BatchNorm2d) for _, layer in network.named_layers()):
        network = differentiable(network, dropout=MASK_SEED)
    network.zero_grad()
    loss = network.loss(image[None], np.array([LABEL]))
    dx = network.backward()
    assert result.loss == np.float32(loss)
    np.testing.assert_array_equal(result.values[0].data, image)
    np.testing.assert_array_equal(result.values[0].grad, dx[0])
    gradients = {path: parameter.grad for path, parameter in network.named_parameters()}
    for step in result.steps:
        for name in {"dweight", "dbias"} & step.arrays.keys():
            expected = gradients.pop(f"{step.path}.{name[1:]}")
            np.testing.assert_array_equal(step.arrays[name], expected, step.path)
    assert not gradients, "all parameters were there"


def test_outputs_are_what_layers_make_of_the_inputs(example):
    network, _, result = example
    layers = dict(runnable(network).eval().named_layers())
    for step in result.steps:
        xs = [result.values[number].data[None] for number in step.inputs]
        match step.kind:
            case "concat":
                y = np.concatenate(xs, axis=-1)
            case "add":
                y = xs[0] + xs[1]
            case "dropout":
                y = xs[0] * step.arrays.get("mask", 1)
            case "softmax_cross_entropy":
                loss = SoftmaxCrossEntropy()
                y = np.array([loss.forward(xs[0], np.array([LABEL]))], np.float32)
                np.testing.assert_array_equal(step.arrays["probabilities"], loss.probabilities[0])
            case _:
                y = layers[step.path].forward(xs[0])
        np.testing.assert_array_equal(result.values[step.output].data, y[0], step.path)


def test_every_layer_is_there_in_order(example):
    network, _, result = example
    layers = [path for path, layer in network.named_layers() if not layer.children()]
    layers = [path for path in layers if not path.endswith("branches.same")]  # an empty sequence
    there = [step.path for step in result.steps]
    by_containers = [path for path in there if path.split(".")[-1] in ("concat", "add", "loss")]
    assert sorted(layers + by_containers) == sorted(there)
    assert [step.output for step in result.steps] == list(range(1, len(result.values)))
    assert all(number < step.output for step in result.steps for number in step.inputs)
    read = {number for step in result.steps for number in step.inputs}
    assert read == set(range(len(result.values) - 1)), "only the loss is read by nobody"
    assert [value.name for value in result.values] == ["image", *there]


def test_gradients_add_up_over_the_readers(example):
    """The gradient of a value is the sum of what the layers that read it send back."""
    network, _, result = example
    layers = dict(runnable(network).named_layers())
    sums = [np.zeros(value.data.shape) for value in result.values]
    for step in result.steps:
        dy = result.values[step.output].grad[None]
        xs = [result.values[number].data[None] for number in step.inputs]
        match step.kind:
            case "concat":
                cuts = np.cumsum([x.shape[-1] for x in xs])[:-1]
                dxs = np.split(dy, cuts, axis=-1)
            case "add":
                dxs = [dy, dy]
            case "dropout":
                dxs = [dy * step.arrays.get("mask", 1)]
            case "softmax_cross_entropy":
                p = step.arrays["probabilities"]
                dxs = [(p - np.eye(len(p))[LABEL])[None]]
            case "batchnorm2d":
                dxs = [dy * step.arrays["scale"]]
            case _:
                layer = layers[step.path].train()
                layer.forward(xs[0])
                dxs = [layer.backward(dy)]
        for number, dx in zip(step.inputs, dxs, strict=True):
            sums[number] += dx[0]
    assert result.values[-1].grad == 1
    for value, expected in zip(result.values[:-1], sums, strict=False):
        scale = np.abs(expected).max()
        assert scale > 0, value.name
        np.testing.assert_allclose(value.grad, expected, rtol=1e-4, atol=1e-6 * scale)


@pytest.mark.slow
def test_finite_differences_agree(example):
    """In float64, for cells of the image and of two layers of each kind, outputs and parameters."""
    network, image, result = example
    rng = np.random.default_rng(3)
    model = runnable(differentiable(network, dropout=MASK_SEED)).astype(np.float64).eval()
    layers = dict(model.named_layers())
    for step in result.steps:
        if "mask" in step.arrays:
            layers[step.path].forward = lambda x, mask=step.arrays["mask"]: x * mask
    x = image.astype(np.float64)[None]
    compare = Comparison(lambda: cross_entropy(model.forward(x)[0], LABEL))
    compare(x[0], result.values[0].grad, 0, "image")
    for step in two_of_each_kind([step for step in result.steps if step.path in layers], rng):
        layer, shape = layers[step.path], result.values[step.output].data.shape
        moved, forward = np.zeros(shape), layer.forward
        layer.forward = lambda x, forward=forward, moved=moved: forward(x) + moved
        random = rng.integers(moved.size)
        compare(moved, result.values[step.output].grad, random, f"y of {step.path}")
        layer.forward = forward
        for name in {"weight", "bias"} & step.arrays.keys():
            array, gradient = getattr(layer, name).data, step.arrays[f"d{name}"]
            compare(array, gradient, rng.integers(array.size), f"{name} of {step.path}")
    assert compare.count > 20


def cross_entropy(logits, label):
    z = logits - logits.max()
    return np.log(np.exp(z).sum()) - z[label]


def two_of_each_kind(steps, rng):
    for kind in sorted({step.kind for step in steps}):
        those = [step for step in steps if step.kind == kind]
        yield from (those[at] for at in rng.permutation(len(those))[:2])


class Comparison:
    """Compares the library's gradients with slopes of a loss.

    Attributes:
        count: of the numbers compared.
    """

    def __init__(self, loss):
        self._loss = loss
        self.count = 0

    def __call__(self, array, gradient, random, what):
        """At the cell with the largest gradient and at a random one."""
        for at in {int(np.abs(gradient).argmax()), int(random)}:
            index = np.unravel_index(at, gradient.shape)
            allowed = 1e-3 * np.abs(gradient).max()
            # A kink may lie within a step: then a smaller one has to do.
            found = [self._slope(array, index, h) for h in (1e-5, 1e-7)]
            error = min(abs(slope - gradient[index]) for slope in found)
            assert error < allowed, f"{what} at {index}: {found}, library {gradient[index]}"
            self.count += 1

    def _slope(self, array, index, h):
        at, values = array[index], []
        for there in (at + h, at - h):
            array[index] = there
            values.append(self._loss())
        array[index] = at
        return (values[0] - values[1]) / (2 * h)


def test_groups_are_fire_modules_and_bypasses():
    network, image = network_and_image("simple bypass, batch norm")
    steps = {step.path: step for step in trace(network, image, LABEL).steps}
    assert steps["features.conv1.conv"].group is None
    assert steps["features.fire2.squeeze.conv"].group == "features.fire2"
    assert steps["features.fire3.inner.concat"].group == "features.fire3"
    assert steps["features.fire3.add"].group == "features.fire3"
    assert steps["loss"].group is None


def test_windows_and_settings_are_those_of_the_layers():
    network, image = network_and_image("own")
    steps = {step.path: step for step in trace(network, image, LABEL).steps}
    window = {"kernel": (3, 3), "stride": (2, 2), "pads": ((1, 1), (1, 1))}
    assert steps["features.conv"].settings == {"window": window}
    assert "bias" not in steps["features.conv"].arrays
    average = steps["features.average"].settings
    assert average["window"]["pads"] == ((0, 0), (0, 0))
    assert average["count_include_pad"] is True
    mask = steps["classifier.drop"].arrays["mask"]
    assert set(np.unique(mask)) == {np.float32(0), np.float32(1 / 0.7)}
    norm = steps["features.norm"]
    assert norm.settings == {"eps": 1e-5}
    layer = network.features["norm"]
    for name, buffer in (("mean", layer.running_mean), ("var", layer.running_var)):
        np.testing.assert_array_equal(norm.arrays[name], buffer.data)


def test_the_network_is_left_as_it_is():
    network, image = network_and_image("simple bypass, batch norm")
    network.eval()
    before = network.state_dict()
    trace(network, image, LABEL)
    assert not network.training
    assert all((before[path] == values).all() for path, values in network.state_dict().items())
    assert not any(parameter.grad.any() for parameter in network.parameters())


def test_layers_that_cannot_be_shown_are_told():
    with pytest.raises(TraceError, match=r"features\.norm1: .* cannot show a LocalResponseNorm"):
        trace(alexnet(image_pixels=67, hidden=4), np.ones((67, 67, 3), np.float32), 0)


def test_arrays_of_unknown_origin_are_told():
    class Doubled(Sequential):
        def forward(self, x):
            return super().forward(2 * x)

    features = Sequential({"conv": Conv2d(3, 2, 1), "doubled": Doubled(ReLU())})
    network = Network(features, Sequential({"pool": GlobalAvgPool2d()}))
    with pytest.raises(TraceError, match=r"features\.doubled\.0: its input is not the output of"):
        trace(network, np.ones((4, 4, 3), np.float32), 0)


def test_a_loss_that_is_not_finite_is_told():
    classifier = Sequential(Flatten(), Linear(12, 2))
    network = Network(Sequential(ReLU()), classifier)
    image = np.full((2, 2, 3), np.inf, np.float32)
    with (
        np.errstate(all="ignore"),
        pytest.raises(TraceError, match="the loss of this image is nan"),
    ):
        trace(network, image, 0)


@pytest.mark.parametrize(("label", "shape"), [(10, (32, 32, 3)), (-1, (32, 32, 3)), (0, (32, 32))])
def test_what_does_not_fit_the_network_is_told(label, shape):
    with pytest.raises(LayerError):
        trace(squeezenet_tiny(), np.ones(shape, np.float32), label)


def test_norms_are_the_fixed_ones():
    network, image = network_and_image("own")
    network.eval().forward(image[None])
    norm = differentiable(network).features["norm"]
    assert type(norm) is FixedNorm2d
