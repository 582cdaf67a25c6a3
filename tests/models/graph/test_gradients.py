"""The norms in the picture of a network are those of the library's gradients."""

from functools import partial

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.losses import SoftmaxCrossEntropy
from mydl.models import build_model
from mydl.models.differentiable import differentiable
from mydl.models.graph import gradient_norms

from .drawn import image_of

LABEL = 3


def size(array):
    return pytest.approx(np.linalg.norm(array.astype(np.float64)), rel=1e-12)


# Without dropout, so that training mode computes the same.
NETWORKS = {
    "tiny": partial(build_model, "squeezenet_tiny", bypass="complex"),
    "nin": partial(build_model, "nin_cifar", dropout=0.0),
    "alexnet": partial(
        build_model, "alexnet", image_pixels=67, hidden=16, num_classes=10, dropout=0.0
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_they_are_those_of_a_backward_pass(name):
    network = NETWORKS[name]()
    image = image_of(network)
    norms = gradient_norms(network, image, LABEL)
    assert all(not parameter.grad.any() for parameter in network.parameters()), "left as it was"
    loss = network.loss(image[None], np.array([LABEL]))
    dx = network.backward()
    assert norms.loss == loss
    assert norms.label == LABEL
    assert norms.flows["", "dx"] == norms.flows["features.conv1", "dx"] == size(dx)
    expected = {path: size(p.grad) for path, p in network.named_parameters()}
    assert norms.parameters == expected


def test_each_layer_s_two_gradients_step_by_step():
    network = build_model("squeezenet_tiny", bypass="complex")
    image = image_of(network)
    flows = gradient_norms(network, image, LABEL).flows
    cross_entropy = SoftmaxCrossEntropy()
    cross_entropy.forward(network.forward(image[None]), np.array([LABEL]))
    dy = cross_entropy.backward()
    assert flows["loss", "dx"] == size(dy)
    for stage in ("classifier", "features"):
        children = getattr(network, stage).children()
        for name, layer in reversed(children.items()):
            path = f"{stage}.{name}"
            assert flows[path, "dy"] == size(dy)
            if path == "features.fire5":
                dy = _around_and_through(layer, path, dy, flows)
            else:
                dy = layer.backward(dy)
            assert flows[path, "dx"] == size(dy)


def _around_and_through(bypass, path, dy, flows):
    """The backward pass of a simple bypass around a fire module, in its smallest steps."""
    fire = bypass.inner
    d_joined = fire.expand_relu.backward(dy)
    d1, d3 = np.split(d_joined, 2, axis=-1)
    assert flows[f"{path}.inner.expand_relu", "dx"] == size(d_joined)
    assert flows[f"{path}.inner.expand1x1", "dy"] == size(d1)
    assert flows[f"{path}.inner.expand3x3", "dy"] == size(d3)
    through1, through3 = fire.expand1x1.backward(d1), fire.expand3x3.backward(d3)
    assert flows[f"{path}.inner.expand1x1", "dx"] == size(through1)
    assert flows[f"{path}.inner.expand3x3", "dx"] == size(through3)
    assert flows[f"{path}.inner.squeeze_relu", "dy"] == size(through1 + through3)
    inside = fire.squeeze.backward(fire.squeeze_relu.backward(through1 + through3))
    assert flows[f"{path}.inner.squeeze", "dx"] == size(inside)
    return inside + dy


def test_dropout_drops_nothing_and_batch_norm_has_its_running_statistics():
    network = build_model("squeezenet_tiny", batch_norm=True, dropout=0.9)
    network.forward(np.stack([image_of(network, seed) for seed in range(4)]))  # statistics
    image = image_of(network)
    norms = gradient_norms(network, image, LABEL)
    same = differentiable(network)
    same.zero_grad()
    assert norms.loss == same.loss(image[None], np.array([LABEL]))
    logits = network.eval().forward(image[None])
    assert norms.loss == SoftmaxCrossEntropy().forward(logits, np.array([LABEL]))
    assert norms.flows["", "dx"] == size(same.backward())


def test_without_a_label_the_loss_is_about_the_answer():
    network = build_model("squeezenet_tiny")
    image = image_of(network)
    assert gradient_norms(network, image).label == int(network.predict(image[None])[0])


def test_a_class_that_is_not_there_is_refused():
    network = build_model("squeezenet_tiny")
    with pytest.raises(LayerError, match="labels must be from 0 to 9 for 10 classes, got 10"):
        gradient_norms(network, image_of(network), 10)
