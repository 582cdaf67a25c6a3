"""Networks as people use them: loss and backward, features, predictions, names."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.models import (
    MODEL_NAMES,
    build_model,
    model_options,
    squeezenet1_1,
    squeezenet1_1_cifar,
    squeezenet_late,
    squeezenet_tiny,
)


def small_batch(n=4, classes=10, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(n, 32, 32, 3)).astype(np.float32)
    return images, rng.integers(0, classes, n)


def test_loss_then_backward_gives_the_images_gradient_and_adds_to_every_parameter_s():
    network = squeezenet1_1_cifar(dropout=0.0)
    images, labels = small_batch()
    loss = network.loss(images, labels)
    assert isinstance(loss, float)
    dimages = network.backward()
    assert dimages.shape == images.shape
    assert dimages.any()
    once = {path: parameter.grad.copy() for path, parameter in network.named_parameters()}
    assert all(gradient.any() for gradient in once.values())
    network.loss(images, labels)
    network.backward()
    for path, parameter in network.named_parameters():
        np.testing.assert_allclose(parameter.grad, 2 * once[path], rtol=1e-6, err_msg=path)


def test_backward_with_a_gradient_of_the_logits():
    network = squeezenet_tiny()
    images, labels = small_batch()
    network.loss(images, labels)
    expected = network.backward()
    logits = network.forward(images)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    dlogits = (p - np.eye(10, dtype=np.float32)[labels]) / 4
    np.testing.assert_allclose(
        network.backward(dlogits), expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max()
    )


def test_gradients_of_loss_are_its_slope():
    """Along the gradient a small step changes the loss by the step times the squared norm."""
    network = squeezenet_tiny(dtype=np.float64, num_classes=3)
    images, labels = small_batch(classes=3)
    images = images.astype(np.float64)
    network.loss(images, labels)
    network.backward()
    squared_norm = sum(float((p.grad**2).sum()) for p in network.parameters())
    step, losses = 1e-6 / np.sqrt(squared_norm), []
    for sign in (1, -2):
        for parameter in network.parameters():
            parameter.data = parameter.data + sign * step * parameter.grad
        losses.append(network.loss(images, labels))
    assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(squared_norm, rel=1e-5)


def test_gradient_descent_learns_a_batch_by_heart():
    network = squeezenet_tiny(num_classes=4, batch_norm=True)
    images, labels = small_batch(8, classes=4)
    first = network.loss(images, labels)
    for _ in range(15):
        network.zero_grad()
        loss = network.loss(images, labels)
        network.backward()
        for parameter in network.parameters():
            parameter.data = parameter.data - np.float32(0.1) * parameter.grad
    assert loss < first / 4


def test_backward_needs_the_loss_of_this_forward_pass():
    network = squeezenet_tiny()
    images, labels = small_batch()
    with pytest.raises(LayerError, match=r"SqueezeNet: backward needs loss\(images, labels\)"):
        network.backward()
    network.loss(images, labels)
    network.backward()
    with pytest.raises(LayerError, match="backward needs loss"):
        network.backward()
    network.loss(images, labels)
    network.forward(images)
    with pytest.raises(LayerError, match="backward needs loss"):
        network.backward()
    network.eval().loss(images, labels)
    with pytest.raises(LayerError, match="in training mode"):
        network.backward()


def test_extract_features_gives_13_activations_and_the_last_feeds_the_classifier():
    network = squeezenet1_1(num_classes=5, dropout=0.0)
    images = np.random.default_rng(0).normal(size=(1, 64, 64, 3)).astype(np.float32)
    activations = network.extract_features(images)
    assert len(activations) == 13
    assert [a.shape[3] for a in activations] == [
        64, 64, 64, 128, 128, 128, 256, 256, 256, 384, 384, 512, 512,
    ]  # fmt: skip
    logits = network.classifier.forward(activations[-1])
    np.testing.assert_array_equal(logits, network.forward(images))
    kept = [a.copy() for a in activations]
    network.extract_features(images + 1)
    for activation, before in zip(activations, kept, strict=True):
        np.testing.assert_array_equal(activation, before)


def test_layers_are_those_of_both_stages_in_order():
    network = squeezenet1_1_cifar(dropout=0.0)
    assert len(network.layers) == 17
    assert network.layers[0] is network.features["conv1"]
    assert network.layers[-1] is network.classifier["pool10"]
    x = images = small_batch()[0]
    for layer in network.layers:
        x = layer.forward(x)
    np.testing.assert_array_equal(x, network.forward(images))


def test_predict_gives_the_likeliest_class_and_probabilities_their_softmax():
    network = squeezenet1_1_cifar()
    images, _ = small_batch(5)
    logits = network.eval().forward(images)
    network.train()
    probabilities = network.probabilities(images, batch_size=2)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(probabilities, e / e.sum(axis=1, keepdims=True), rtol=1e-4)
    classes = network.predict(images)
    assert classes.shape == (5,)
    np.testing.assert_array_equal(classes, probabilities.argmax(axis=1))


def test_predict_returns_every_layer_to_its_mode():
    network = squeezenet_tiny(batch_norm=True)
    network.features["fire2"].eval()  # a layer whose statistics someone froze
    modes = [layer.training for _, layer in network.named_layers()]
    state = network.state_dict()
    network.predict(small_batch()[0])
    with pytest.raises(LayerError, match="expected 3 channels"):
        network.predict(np.zeros((1, 32, 32, 1), np.float32))
    assert [layer.training for _, layer in network.named_layers()] == modes
    assert not all(modes)
    for path, values in network.state_dict().items():
        np.testing.assert_array_equal(values, state[path], err_msg=path)


def test_predict_of_no_images_is_no_classes():
    network = squeezenet_tiny()
    assert network.predict(np.zeros((0, 32, 32, 3), np.float32)).shape == (0,)
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        network.predict(np.zeros((1, 32, 32, 3), np.float32), batch_size=0)


def test_state_goes_from_one_network_to_another():
    source, target = (squeezenet_tiny(seed=seed, batch_norm=True) for seed in (0, 1))
    images, labels = small_batch()
    source.loss(images, labels)  # moves the running statistics
    target.load_state_dict(source.state_dict())
    np.testing.assert_array_equal(source.probabilities(images), target.probabilities(images))


def test_labels_that_do_not_fit():
    images, labels = small_batch()
    with pytest.raises(LayerError, match="labels must be from 0 to 2 for 3 classes"):
        squeezenet_tiny(num_classes=3).loss(images, np.full_like(labels, 3))


# AlexNet without most of the 60 million numbers that would have to be drawn.
SMALLER = {"alexnet": {"hidden": 8}, "alexnet_torchvision": {"hidden": 8}}


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_every_model_is_built_by_its_name(name):
    network = build_model(name, num_classes=7, seed=2, **SMALLER.get(name, {}))
    assert network.output_shape((1, *network.image_shape)) == (1, 7)
    assert network.num_classes == 7


def test_squeezenets_of_every_version_have_every_bypass():
    for name in MODEL_NAMES:
        if name.startswith("squeezenet"):
            for bypass in (None, "simple", "complex"):
                network = build_model(name, bypass=bypass)
                kinds = {type(layer).__name__ for layer in network.layers}
                assert ("Bypass" in kinds) == (bypass is not None)


def test_an_unknown_model_is_answered_with_the_nearest():
    with pytest.raises(
        ValueError, match=r"no model 'squeezenet_1_1': did you mean 'squeezenet1_1'"
    ):
        build_model("squeezenet_1_1")
    with pytest.raises(ValueError, match="no model 'vgg': there are squeezenet1_0, "):
        build_model("vgg")


def test_an_unknown_option_is_answered_with_the_nearest():
    with pytest.raises(
        ValueError, match=r"no option of squeezenet1_1 'by_pass': did you mean 'bypass'\? There are"
    ):
        build_model("squeezenet1_1", by_pass="simple")
    with pytest.raises(ValueError, match="no option of nin 'bypass': there are num_classes, "):
        build_model("nin", bypass=None)
    with pytest.raises(ValueError, match="no option of squeezenet1_0 'version'"):
        build_model("squeezenet1_0", version="1.1")


def test_the_options_of_a_model_can_be_asked_for():
    assert "bypass" in model_options("squeezenet_general")
    assert "hidden" in model_options("alexnet")
    with pytest.raises(ValueError, match="no model 'alexnett': did you mean 'alexnet'"):
        model_options("alexnett")


def test_late_pools_a_module_later_than_version_1_1_and_has_its_parameters():
    late, early = squeezenet_late(), squeezenet1_1_cifar()
    assert late.num_parameters() == early.num_parameters() == 727_626
    for name, pixels in [("pool2", 16), ("pool4", 8), ("pool6", 4)]:
        names = list(late.features.children())
        head = type(late.features)({n: late.features[n] for n in names[: names.index(name) + 1]})
        assert head.output_shape((1, 32, 32, 3))[1:3] == (pixels, pixels)
    assert "pool1" not in late.features.children()
