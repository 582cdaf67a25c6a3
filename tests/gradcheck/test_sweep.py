"""The V curve: error against step, by precision."""

import json

import numpy as np
import pytest

from mydl.gradcheck import Sweep, sweep
from mydl.layers import Conv2d, Linear, ReLU, Sequential, Softmax
from mydl.losses import SoftmaxCrossEntropy

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(3, 5))


class RealOnly(Softmax):
    """A softmax that has no complex form."""

    def forward(self, x):
        if x.dtype.kind == "c":
            raise TypeError("real numbers only")
        return super().forward(x)


def slope(found, method, first, last):
    """The slope of a curve between two steps, on logarithmic axes."""
    steps = np.array(found.steps)
    chosen = (steps <= first * 1.01) & (steps >= last * 0.99)
    errors = np.array(found.errors[method])[chosen]
    return np.polyfit(np.log10(steps[chosen]), np.log10(errors), 1)[0]


def test_both_sides_of_the_v():
    found = sweep(Softmax(), ROWS)
    assert slope(found, "float64", 1e-1, 1e-4) == pytest.approx(2, abs=0.2)
    assert slope(found, "float64", 1e-7, 1e-14) == pytest.approx(-1, abs=0.2)
    assert slope(found, "complex", 1e-1, 1e-6) == pytest.approx(2, abs=0.2)
    assert max(found.errors["complex"][-10:]) < 1e-14


def test_the_foot_lies_near_the_cube_root_of_the_precision():
    found = sweep(Softmax(), ROWS)
    for method, dtype in (("float32", np.float32), ("float64", np.float64)):
        step, error = found.best(method)
        eps = np.finfo(dtype).eps
        assert np.cbrt(eps) / 30 < step < np.cbrt(eps) * 30
        assert error < 100 * np.cbrt(eps) ** 2
    assert found.best("float32")[1] > 1e3 * found.best("float64")[1]


def test_without_a_complex_form_backward_is_the_reference():
    found = sweep(RealOnly(), ROWS)
    assert found.reference == "backward in float64"
    assert set(found.errors) == {"float32", "float64"}
    assert "real numbers only" in found.notes[0]
    np.testing.assert_allclose(
        found.errors["float64"][:8], sweep(Softmax(), ROWS).errors["float64"][:8], rtol=1e-6
    )


def test_a_parameter_by_its_path_and_the_number_of_entries():
    layer = Sequential({"first": Linear(5, 3, rng=RNG), "last": Softmax()})
    found = sweep(layer, ROWS, array="first.weight", entries=4)
    assert (found.array, found.entries) == ("first.weight", 4)
    assert found.best("float64")[1] < 1e-9
    with pytest.raises(ValueError, match=r"did you mean 'first\.weight'"):
        sweep(layer, ROWS, array="first.wieght")


def test_a_loss_with_its_labels():
    found = sweep(SoftmaxCrossEntropy(), ROWS, labels=np.array([0, 4, 2]))
    assert found.best("complex")[1] < 1e-14


def test_the_layer_is_left_alone_and_the_result_is_the_same_again():
    layer = Conv2d(2, 3, 3, rng=RNG)
    before = {path: p.data.copy() for path, p in layer.named_parameters()}
    x = RNG.normal(size=(1, 4, 4, 2))
    first, second = sweep(layer, x), sweep(layer, x)
    assert first == second
    for path, parameter in layer.named_parameters():
        np.testing.assert_array_equal(parameter.data, before[path])


def test_derivatives_that_are_all_zero_say_nothing():
    with pytest.raises(ValueError, match="are all 0"):
        sweep(ReLU(), -np.abs(ROWS))


def test_the_table_and_json():
    found = Sweep(
        "ReLU()", "x", 2, "complex steps of 1e-20", (1.0, 0.1), {"float64": [0.5, 0.01]}, ["a note"]
    )
    assert str(found).splitlines() == [
        "ReLU(): relative error of 2 derivatives by x, against complex steps of 1e-20",
        "step     float64",
        "1.0e+00  5.0e-01",
        "1.0e-01  1.0e-02 *",
        "* the best step",
        "note: a note",
    ]
    assert json.loads(json.dumps(found.to_dict()))["best"] == {"float64": [0.1, 0.01]}


def test_the_largest_of_nearly_equal_steps_is_the_best():
    found = Sweep("", "x", 1, "", (1.0, 0.1, 0.01), {"complex": [1e-3, 3e-16, 2e-17]})
    assert found.best("complex") == (0.1, 3e-16)


def test_the_plot_has_all_three_curves(tmp_path):
    from matplotlib.image import imread

    sweep(Softmax(), ROWS).plot(tmp_path / "v.png")
    image = imread(tmp_path / "v.png")[..., :3]
    for colour in ("D55E00", "0072B2", "009E73"):
        wanted = np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
        assert (np.abs(image - wanted).max(axis=-1) < 0.02).sum() > 500
