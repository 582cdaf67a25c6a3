"""The gradient check: what it leaves alone, what it sets aside, what it does not let pass."""

import numpy as np
import pytest

from mydl.gradcheck import gradcheck
from mydl.gradcheck.cases import off_the_kinks
from mydl.layer import Layer, LayerError
from mydl.layers import (
    BatchNorm2d,
    Bypass,
    Conv2d,
    Dropout,
    Fire,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    Softmax,
)
from mydl.losses import SoftmaxCrossEntropy
from mydl.models import squeezenet_tiny

METHODS = pytest.mark.parametrize("method", ["central", "complex"])


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


class Scale(Layer):
    """y = factor x, whose backward multiplies by something else."""

    def __init__(self, factor, backward_factor):
        self.factor, self.backward_factor = factor, backward_factor

    def forward(self, x):
        self._keep(x.shape)
        return self.factor * x

    def backward(self, dy):
        self._take()
        return self.backward_factor * dy


# ---- the caller's layer -----------------------------------------------------------------------


@METHODS
def test_the_callers_layer_is_left_alone(method):
    rng = np.random.default_rng(1)
    layer = Sequential(
        Conv2d(2, 3, 3, padding=1, rng=rng), BatchNorm2d(3), ReLU(), Dropout(0.5, rng)
    )
    x = normal(2, 4, 4, 2).astype(np.float32)
    layer.forward(x)
    layer.eval()
    for parameter in layer.parameters():
        parameter.grad += 7
    state, x_before = layer.state_dict(), x.copy()
    drawn = rng.bit_generator.state
    gradients = {path: p.grad.copy() for path, p in layer.named_parameters()}

    assert gradcheck(layer, x, method=method)

    for path, values in layer.state_dict().items():
        np.testing.assert_array_equal(values, state[path])
    for path, parameter in layer.named_parameters():
        np.testing.assert_array_equal(parameter.grad, gradients[path])
    np.testing.assert_array_equal(x, x_before)
    assert rng.bit_generator.state == drawn
    assert not any(inner.training for _, inner in layer.named_layers())
    assert layer["0"]._kept is not None


def test_one_generator_shared_by_two_dropouts_draws_as_in_a_forward_pass():
    rng = np.random.default_rng(0)
    assert gradcheck(Sequential(Dropout(0.5, rng), Dropout(0.3, rng)), normal(4, 5))


def test_a_layer_that_draws_from_elsewhere_is_refused():
    elsewhere = np.random.default_rng(0)

    class Noise(Scale):
        def forward(self, x):
            return super().forward(x) + elsewhere.normal(size=x.shape)

    with pytest.raises(ValueError, match="an attribute of the layer"):
        gradcheck(Noise(1, 1), normal(3))


def test_the_same_seed_gives_the_same_report():
    layer, x = Linear(20, 10, rng=np.random.default_rng(0)), normal(3, 20)
    first, second, other = (gradcheck(layer, x, samples=5, seed=seed) for seed in (3, 3, 4))
    assert first.entries == second.entries
    assert [e.index for e in first.entries] != [e.index for e in other.entries]


def test_dy_is_not_the_x_of_a_caller_with_the_same_seed():
    """With dy = x, a ReLU that looks at the sign of dy instead of that of x seems right."""

    class LooksAtDy(ReLU):
        def backward(self, dy):
            self._take()
            return np.maximum(dy, 0)

    assert not gradcheck(LooksAtDy(), np.random.default_rng(0).normal(size=(3, 4)), seed=0)


# ---- how exact --------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [1e-6, -1e-6, 1e-3, 1, -2])
def test_errors_above_the_tolerance_are_caught(off):
    assert not gradcheck(Scale(3.0, 3.0 * (1 + off)), normal(4))


def test_complex_steps_catch_an_error_in_the_eleventh_digit():
    wrong = Scale(3.0, 3.0 * (1 + 1e-11))
    assert gradcheck(wrong, normal(4))
    assert not gradcheck(wrong, normal(4), method="complex")


def test_a_larger_tolerance_lets_more_pass():
    wrong = Scale(3.0, 3.0 * (1 + 1e-5))
    assert not gradcheck(wrong, normal(4), tolerance=1e-6)
    assert gradcheck(wrong, normal(4), tolerance=1e-4)


@METHODS
@pytest.mark.parametrize("size", [1e-9, 1e-4, 1e4, 1e9])
def test_the_scale_of_the_numbers_does_not_matter(size, method):
    x = size * normal(3, 4)
    right = Linear(4, 3, dtype=np.float64, rng=np.random.default_rng(0))
    assert gradcheck(right, x, method=method)
    right.weight.data = right.weight.data * size
    assert gradcheck(right, x, method=method)

    class Wrong(Linear):
        def backward(self, dy):
            return super().backward(dy) * (1 + 1e-5)

    wrong = Wrong(4, 3, dtype=np.float64, rng=np.random.default_rng(0))
    assert not gradcheck(wrong, x, method=method)


@METHODS
def test_small_gradients_beside_large_values_are_no_false_alarm(method):
    x = np.array([[0.0, -25.0, -3.0], [0.0, -30.0, -700.0]])
    report = gradcheck(Softmax(), x, method=method)
    assert report, str(report)


@METHODS
def test_a_small_wrong_gradient_does_not_hide_behind_large_ones(method):
    class Wrong(Softmax):
        def backward(self, dy):
            dx = super().backward(dy)
            dx[np.abs(dx) < 1e-3] *= -1
            return dx

    x = np.array([[0.0, -8.0, -1.0], [0.5, -9.0, 1.0]])
    report = gradcheck(Wrong(), x, method=method)
    assert {entry.index[1] for entry in report.failures} == {1}


def test_an_ill_conditioned_batch_norm_is_no_false_alarm():
    assert gradcheck(BatchNorm2d(2), 1e5 + normal(2, 3, 3, 2))


def test_a_sharp_curve_is_followed_with_smaller_steps():
    class Sharp(Layer):
        def forward(self, x):
            self._keep(x)
            return np.tanh(3e3 * x)

        def backward(self, dy):
            (x,) = self._take()
            return 3e3 * dy / np.cosh(3e3 * x) ** 2

    assert gradcheck(Sharp(), 1e-4 * normal(5))


@METHODS
def test_an_error_in_one_entry_of_many_is_seen_without_a_visit(method):
    class Wrong(Linear):
        def backward(self, dy):
            dx = super().backward(dy)
            self.weight.grad[37, 41] *= 1.01
            return dx

    layer = Wrong(100, 100, dtype=np.float64, rng=np.random.default_rng(0))
    report = gradcheck(layer, normal(3, 100), samples=4, method=method)
    assert [(entry.array, entry.index) for entry in report.failures] == [("weight", "all")]


def test_samples_limits_the_visits():
    layer, x = Linear(4, 5, rng=np.random.default_rng(0)), normal(2, 4)
    counts = {s.array: s.checked for s in gradcheck(layer, x, samples=6).arrays}
    assert counts == {"x": 6, "weight": 6, "bias": 5}
    counts = {s.array: s.checked for s in gradcheck(layer, x, samples=None).arrays}
    assert counts == {"x": 8, "weight": 20, "bias": 5}


# ---- kinks ------------------------------------------------------------------------------------


class TakesOtherSide(ReLU):
    """The gradient at zero is dy: as right as the other."""

    def backward(self, dy):
        (y,) = self._take()
        return np.where((y > 0) | (self.x == 0), dy, 0)

    def forward(self, x):
        self.x = x.copy()
        return super().forward(x)


@METHODS
@pytest.mark.parametrize("relu", [ReLU(), TakesOtherSide()])
def test_either_slope_at_zero_is_right(relu, method):
    report = gradcheck(relu, np.array([0.0, 1.0, -1.0]), method=method)
    assert report, str(report)


def test_relu_at_zero_is_a_kink_and_not_an_error():
    x = np.array([[0.0, 1.0, -1.0], [2.0, 0.0, -3.0]])
    report = gradcheck(ReLU(), x)
    assert report
    assert [entry.index for entry in report.kinks if entry.index != "all 0"] == [(0, 0), (1, 1)]
    assert report.arrays[0].kinks == 2
    assert report.arrays[0].checked == 4


@METHODS
def test_ties_of_a_maximum_are_no_errors(method):
    x = np.random.default_rng(0).integers(0, 3, (1, 6, 6, 2)).astype(float)
    report = gradcheck(MaxPool2d(3, 2), x, method=method, samples=None)
    assert report, str(report)
    if method == "central":
        assert report.kinks


@METHODS
def test_a_wrong_slope_at_a_kink_is_not_excused(method):
    class TooSteep(ReLU):
        def backward(self, dy):
            (y,) = self._take()
            return np.where(y > 0, dy, -0.5 * dy * (self.x == 0))

        def forward(self, x):
            self.x = x.copy()
            return super().forward(x)

    report = gradcheck(TooSteep(), np.array([0.0, 1.0, -1.0]), method=method)
    assert [entry.index for entry in report.failures] == [(0,)]


@pytest.mark.parametrize("distance", [1e-5, 1e-6, 1e-7, -1e-7, -1e-6])
def test_a_kink_beside_the_point_is_stepped_around(distance):
    report = gradcheck(ReLU(), np.array([distance, 1.0, -1.0]))
    assert report
    assert not report.kinks


@pytest.mark.parametrize("distance", [1e-6, 1e-7, -1e-7])
def test_a_kink_beside_the_point_excuses_nothing(distance):
    class Wrong(ReLU):
        def backward(self, dy):
            return 0.5 * dy + 0 * super().backward(dy)

    assert len(gradcheck(Wrong(), np.array([distance, 1.0, -1.0])).failures) == 3


def test_nothing_but_kinks_is_not_a_pass():
    report = gradcheck(ReLU(), np.zeros((2, 3)))
    assert not report
    assert not report.failures
    assert "x of ReLU was not checked: all 6 entries lie on kinks" in str(report)


def test_many_kinks_are_mentioned():
    report = gradcheck(ReLU(), np.array([0.0, 0.0, 1.0]))
    assert report
    assert "2 of 3 derivatives lie on kinks" in report.notes[0]


def test_a_fire_module_with_biases_of_zero_and_a_dead_pixel_has_kinks_but_is_not_wrong():
    fire = Fire(3, 2, 3, 3, dtype=np.float64, rng=np.random.default_rng(0))
    x = normal(2, 3, 3, 3)
    x[0] = 0
    report = gradcheck(fire, x)
    assert report.kinks
    assert not report.failures
    off_the_kinks(fire, np.random.default_rng(0))
    assert not gradcheck(fire, x).kinks


# ---- rules that are no derivatives ------------------------------------------------------------


def fault_of(layer, x):
    report = gradcheck(layer, x)
    assert not report
    (fault,) = report.faults
    return fault


def test_writing_into_the_input_is_reported_with_the_place():
    class Wrong(Scale):
        def forward(self, x):
            y = super().forward(x)
            x[1] = 5
            return y

    assert fault_of(Wrong(2, 2), np.array([1.0, 2.0])) == (
        "forward wrote into x, which it may only read: 2 became 5 at (1,); work on a copy"
    )


def test_an_overwritten_gradient_is_named():
    class Wrong(Linear):
        def backward(self, dy):
            dx = super().backward(dy)
            self.bias.grad = dy.sum(axis=0)
            return dx

    network = Bypass(Wrong(4, 4, rng=np.random.default_rng(0)))
    assert fault_of(network, normal(3, 4)) == (
        "backward overwrites inner.bias.grad: add to it, inner.bias.grad += ..."
    )


def test_a_changed_dtype_is_reported():
    class Wrong(Scale):
        def forward(self, x):
            return np.float64(1) * super().forward(x).astype(np.float64)

    fault = fault_of(Wrong(2, 2), normal(3).astype(np.float32))
    assert fault == "y must be float32, as x is, got float64 from forward"


def test_a_wrong_shape_of_dx_is_reported_and_the_rest_still_checked():
    class Wrong(Linear):
        def backward(self, dy):
            return super().backward(dy)[:1]

    layer = Wrong(4, 3, rng=np.random.default_rng(0))
    assert fault_of(layer, normal(2, 4)) == "dx must have shape (2, 4), got (1, 4) from backward"
    assert {entry.array for entry in gradcheck(layer, normal(2, 4)).entries} == {"weight", "bias"}


def test_results_that_the_next_pass_overwrites_are_reported():
    class Wrong(Scale):
        buffer = np.empty(3)

        def backward(self, dy):
            self.buffer[...] = super().backward(dy)
            return self.buffer

    assert fault_of(Wrong(2, 2), normal(3)).startswith("the next backward wrote into the array")


def test_nan_is_wrong():
    report = gradcheck(Scale(2.0, np.nan), normal(3))
    assert len(report.failures) == 3


# ---- losses and networks ----------------------------------------------------------------------


@METHODS
def test_a_loss_takes_labels(method):
    report = gradcheck(
        SoftmaxCrossEntropy(0.1), normal(3, 4), labels=np.array([0, 3, 3]), method=method
    )
    assert report
    assert report.entries[0].layer == "SoftmaxCrossEntropy"


@METHODS
def test_a_network_with_its_loss(method):
    network = squeezenet_tiny(num_classes=3)
    off_the_kinks(network, np.random.default_rng(0))
    x = normal(2, 12, 12, 3)
    report = gradcheck(network, x, labels=np.array([0, 2]), method=method, samples=1)
    assert report, str(report)
    places = {(entry.layer, entry.array) for entry in report.entries}
    assert {("SqueezeNet", "x"), ("features.fire4.expand3x3", "weight")} <= places


def test_a_layer_of_a_network_keeps_its_path():
    network = squeezenet_tiny()
    report = gradcheck(network.features["fire2"], normal(1, 3, 3, 64), samples=1)
    assert {entry.layer for entry in report.entries} == {
        "features.fire2",
        "features.fire2.squeeze",
        "features.fire2.expand1x1",
        "features.fire2.expand3x3",
    }


# ---- bad arguments ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "forward"}, "method must be 'central' or 'complex', got 'forward'"),
        ({"tolerance": 0}, "tolerance must be between 0 and 1, got 0"),
        ({"tolerance": float("nan")}, "tolerance must be between 0 and 1, got nan"),
        ({"samples": 0}, "samples must be at least 1, got 0"),
        ({"samples": 2.5}, "samples must be a whole number, got 2.5"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        gradcheck(ReLU(), normal(3), **options)


@pytest.mark.parametrize(
    ("layer", "x", "error", "message"),
    [
        (ReLU, normal(3), TypeError, "expected a layer with forward and backward"),
        (np.tanh, normal(3), TypeError, "expected a layer with forward and backward"),
        (ReLU(), [1.0, 2.0], TypeError, "x must be an array of floating-point numbers, got list"),
        (ReLU(), np.arange(3), TypeError, "numbers, got an array of int64"),
        (ReLU(), np.empty((0, 3)), ValueError, r"got an empty array of shape \(0, 3\)"),
        (ReLU(), np.array([1.0, np.nan]), ValueError, "x must be finite"),
        (Linear(3, 2), normal(3, 4), LayerError, r"expected an input of shape \(N, 3\)"),
        (Scale(np.inf, 1), normal(3), ValueError, "gives values that are not finite"),
    ],
)
def test_bad_input(layer, x, error, message):
    with pytest.raises(error, match=message):
        gradcheck(layer, x)


def test_a_layer_that_cannot_do_complex_numbers_is_told_so():
    class OnlyReal(Scale):
        def forward(self, x):
            if x.dtype.kind == "c":
                self.fail("complex numbers do not work")
            return super().forward(x)

    class DropsImaginary(Scale):
        def forward(self, x):
            return super().forward(x.real)

    class Casts(Scale):
        def forward(self, x):
            y = np.empty(x.shape)
            y[...] = super().forward(x)
            return y

    for kind in (OnlyReal, DropsImaginary, Casts):
        assert gradcheck(kind(2, 2), normal(3))
        with pytest.raises(ValueError, match="use method='central'"):
            gradcheck(kind(2, 2), normal(3), method="complex")


def test_a_reference_that_differs_from_the_kernel_is_a_fault():
    class Differs(Scale):
        def forward(self, x):
            return super().forward(x) + (x.dtype.kind == "c") * 1e-6

    report = gradcheck(Differs(2, 2), normal(3), method="complex")
    assert report.faults == ["forward gives other values in complex128 than in float64"]
