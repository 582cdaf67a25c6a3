"""What turned bad first is named, layers are judged by what they make of a batch."""

import math

import numpy as np
import pytest

from mydl.layers import Bypass, Linear, ReLU, Sequential
from mydl.losses import SoftmaxCrossEntropy
from mydl.models import build_model
from mydl.training.trouble import (
    LayerHealth,
    TrainingDiverged,
    first_bad,
    layer_health,
    sanity_line,
    warnings,
)

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 16, 16, 3)).astype(np.float32)
LABELS = np.array([0, 1, 2, 1])


def tiny(**options):
    return build_model("squeezenet_tiny", num_classes=3, **options)


def bad(model, x=X):
    return first_bad(model, SoftmaxCrossEntropy(), x, LABELS)


@pytest.mark.parametrize("options", [{}, {"batch_norm": True}, {"bypass": "complex"}])
def test_a_healthy_network_has_nothing_bad(options):
    assert bad(tiny(**options)) is None


def test_an_input_that_is_not_finite_is_named():
    x = X.copy()
    x[1, 2, 3, 0] = np.inf
    assert bad(tiny(), x) == "the input has 1 value that is not finite"


def test_a_parameter_that_is_not_finite_is_named():
    net = tiny()
    weight = dict(net.named_parameters())["features.fire3.squeeze.weight"]
    weight.data[0, 0, :5] = np.nan
    assert bad(net).startswith("features.fire3.squeeze.weight has ")
    assert "values that are not finite" in bad(net)


def test_an_activation_that_overflows_is_named_with_its_reason():
    net = tiny()
    dict(net.named_parameters())["features.fire3.expand3x3.weight"].data[...] = 3e38
    said = bad(net)
    assert said.startswith("the output of features.fire3.expand3x3 has ")
    assert "the largest value of its weight is 3e+38" in said
    assert "the largest value of its input is" in said


def test_the_way_around_counts_too():
    """In a bypass, two finite summands may have a sum that is not."""
    net = Sequential({"around": Bypass(ReLU()), "output": Linear(2, 2)})
    x = np.full((1, 2), 2e38, np.float32)
    said = first_bad(net, SoftmaxCrossEntropy(), x, np.array([0]))
    assert said.startswith("the output of around has 2 values that are not finite")


def test_a_gradient_that_overflows_is_named():
    hidden = Linear(2, 2)
    net = Sequential({"hidden": hidden, "relu": ReLU(), "output": Linear(2, 2)})
    x = np.full((1, 2), 1e30, np.float32)
    net["hidden"].weight.data = np.full((2, 2), 1e-30, np.float32)
    net["output"].weight.data = np.array([[1e20, -1e20], [-1e20, 1e20]], np.float32)
    said = first_bad(net, SoftmaxCrossEntropy(), x, np.array([0]))
    assert said == (
        "the gradient of hidden.weight has 4 values that are not finite; the largest value of its "
        "dy is 1e+20"
    )


def test_a_loss_that_is_not_finite_is_named():
    class Odd(SoftmaxCrossEntropy):
        def forward(self, logits, labels):
            return math.inf

    assert first_bad(tiny(), Odd(), X, LABELS).startswith("the loss is inf; the largest value")


def test_looking_leaves_the_network_as_it_was():
    net = tiny(batch_norm=True, dropout=0.5)
    net.eval()
    before = {path: array.tobytes() for path, array in net.state_dict().items()}
    layer_health(net, SoftmaxCrossEntropy(), X, LABELS)
    bad(net)
    assert before == {path: array.tobytes() for path, array in net.state_dict().items()}
    assert not any(layer.training for _, layer in net.named_layers())
    assert all((p.grad == 0).all() for p in net.parameters())
    assert "forward" not in vars(net)


def test_health_tells_of_each_layer_with_parameters_and_each_relu():
    net = tiny()
    health = layer_health(net, SoftmaxCrossEntropy(), X, LABELS)
    paths = [layer.path for layer in health]
    assert paths[:4] == [
        "features.conv1", "features.relu1", "features.fire2.squeeze", "features.fire2.squeeze_relu",
    ]  # fmt: skip
    assert paths[-1] == "classifier.conv10"
    assert len(paths) == 2 + 4 * 5 + 1
    for layer in health:
        assert math.isnan(layer.gradient_ratio) == (layer.kind == "ReLU")
        assert layer.deviation > 0
    assert warnings(health) == []


def test_health_measures_what_it_says():
    layer, relu = Linear(2, 3), ReLU()
    layer.weight.data = np.array([[1, 0, -1], [0, 2, -1]], np.float32)
    x = np.array([[1, 0], [3, 1]], np.float32)
    health = layer_health(
        Sequential({"one": layer, "relu": relu}), SoftmaxCrossEntropy(), x, np.array([0, 1])
    )
    y = np.array([[1, 0, 0], [3, 2, 0]])
    assert [h.path for h in health] == ["one", "relu"]
    assert health[1].dead_units == pytest.approx(1 / 3)
    assert health[1].zeros == pytest.approx(1 / 2)
    assert health[1].deviation == pytest.approx(y.std())
    p = np.exp(y) / np.exp(y).sum(1, keepdims=True)
    dy = (p - np.eye(3)[[0, 1]]) / 2 * (y > 0)
    ratio = np.linalg.norm(x.T @ dy) / np.linalg.norm(layer.weight.data)
    assert health[0].gradient_ratio == pytest.approx(ratio, rel=1e-5)


def test_a_dead_last_relu_is_warned_about():
    net = tiny(final_relu=True)
    dict(net.named_parameters())["classifier.conv10.bias"].data = np.float32([-99, 0.5, -99])
    health = layer_health(net, SoftmaxCrossEntropy(), X, LABELS)
    (said,) = warnings(health)
    assert said.startswith("classifier.relu10: 67% of the classes get the output zero")
    assert "--no-final-relu" in said


def test_a_dead_hidden_layer_is_warned_about():
    net = tiny()
    dict(net.named_parameters())["features.fire4.squeeze.bias"].data -= 1e4
    said = warnings(layer_health(net, SoftmaxCrossEntropy(), X, LABELS))
    assert said[0].startswith("features.fire4.squeeze_relu: 100% of its units are zero")
    assert "vanishing" in said[-1]


def layer(kind="Conv2d", dead=0.0, deviation=1.0, ratio=0.01):
    ratio = math.nan if kind == "ReLU" else ratio
    return LayerHealth("features.x", kind, dead, dead, deviation, ratio)


@pytest.mark.parametrize(
    ("sick", "words"),
    [
        (layer(deviation=1e6), "grown to a deviation of 1e+06"),
        (layer(deviation=1e-9), "faded to a deviation of 1e-09"),
        (layer(ratio=1e4), "exploding"),
        (layer(ratio=math.inf), "exploding"),
        (layer(ratio=1e-9), "vanishing"),
        (layer("ReLU", dead=0.95), "95% of its units are zero"),
    ],
)
def test_each_kind_of_trouble_has_its_warning(sick, words):
    (said,) = warnings([layer(), sick, layer()])
    assert said.startswith("features.x: ")
    assert words in said


def test_nothing_is_said_of_ordinary_layers():
    assert warnings([layer(), layer("ReLU", dead=0.5), layer(deviation=900)]) == []


@pytest.mark.parametrize(
    ("loss", "classes", "words"),
    [
        (2.31, 10, "near ln(10) = 2.30: as it should be"),
        (9.0, 10, "above ln(10) = 2.30"),
        (0.5, 10, "below ln(10) = 2.30"),
        (math.nan, 10, "first loss nan: it should be near"),
        (0.0, 1, "as it should be"),
        (4.7, 100, "near ln(100) = 4.61"),
    ],
)
def test_the_first_loss_is_judged(loss, classes, words):
    said = sanity_line(loss, classes)
    assert said.startswith(f"first loss {loss:.2f}")
    assert words in said


def test_divergence_is_a_value_error():
    assert issubclass(TrainingDiverged, ValueError)
