"""What every layer promises, asked of every layer in several configurations."""

import copy

import numpy as np
import pytest

import mydl.layers
from mydl.layer import Layer, LayerError
from mydl.layers import (
    AvgPool2d,
    BatchNorm2d,
    Bypass,
    Concat,
    Conv2d,
    Dropout,
    Fire,
    Flatten,
    GlobalAvgPool2d,
    GroupedConv2d,
    Linear,
    LocalResponseNorm,
    LogSoftmax,
    MaxPool2d,
    ReLU,
    Sequential,
    Softmax,
)

F64 = {"dtype": np.float64}


def small_network():
    return Sequential(
        Conv2d(3, 4, 3, stride=2, padding="same", bias=False, **F64),
        BatchNorm2d(4, **F64),
        ReLU(),
        MaxPool2d(3, 2, ceil_mode=True),
        Bypass(Fire(4, 2, 2, 2, **F64)),
        Dropout(0.5, np.random.default_rng(0)),
        Conv2d(4, 5, 1, **F64),
        GlobalAvgPool2d(),
        LogSoftmax(),
    )


# Each makes a float64 layer; beside it the shape of one sample.
CASES = {
    "Conv2d": (lambda: Conv2d(3, 4, 3, **F64), (5, 6, 3)),
    "Conv2d stride": (lambda: Conv2d(2, 3, (3, 2), (2, 1), ((0, 2), (1, 0)), **F64), (7, 5, 2)),
    "Conv2d same": (lambda: Conv2d(2, 3, 3, 2, "same", **F64), (6, 5, 2)),
    "Conv2d winograd": (lambda: Conv2d(3, 4, 3, 1, 1, algorithm="winograd", **F64), (6, 5, 3)),
    "Conv2d 1x1": (lambda: Conv2d(4, 3, 1, bias=False, **F64), (3, 4, 4)),
    "GroupedConv2d": (lambda: GroupedConv2d(4, 6, 3, 2, "same", groups=2, **F64), (5, 6, 4)),
    "GroupedConv2d depthwise": (lambda: GroupedConv2d(3, 3, 1, groups=3, **F64), (4, 3, 3)),
    "MaxPool2d": (lambda: MaxPool2d(2), (4, 6, 3)),
    "MaxPool2d overlapping": (lambda: MaxPool2d(3, 2, ceil_mode=True), (6, 8, 2)),
    "MaxPool2d padding": (lambda: MaxPool2d((3, 2), 2, (1, 0)), (5, 6, 2)),
    "MaxPool2d same": (lambda: MaxPool2d(3, 2, "same"), (6, 5, 2)),
    "AvgPool2d": (lambda: AvgPool2d(2), (4, 6, 3)),
    "AvgPool2d overlapping": (lambda: AvgPool2d(3, 2, 1, ceil_mode=True), (6, 8, 2)),
    "AvgPool2d excluded": (lambda: AvgPool2d(3, 2, 1, count_include_pad=False), (5, 6, 2)),
    "AvgPool2d same": (lambda: AvgPool2d(3, 2, "same"), (6, 5, 2)),
    "GlobalAvgPool2d": (lambda: GlobalAvgPool2d(), (3, 4, 5)),
    "ReLU": (lambda: ReLU(), (3, 4, 2)),
    "ReLU on rows": (lambda: ReLU(), (5,)),
    "Dropout": (lambda: Dropout(0.5, np.random.default_rng(1)), (3, 4, 2)),
    "Dropout nothing": (lambda: Dropout(0, np.random.default_rng(1)), (5,)),
    "Dropout all": (lambda: Dropout(1, np.random.default_rng(1)), (5,)),
    "Softmax": (lambda: Softmax(), (6,)),
    "Softmax on images": (lambda: Softmax(), (2, 3, 4)),
    "LogSoftmax": (lambda: LogSoftmax(), (6,)),
    "Linear": (lambda: Linear(6, 4, **F64), (6,)),
    "Linear without bias": (lambda: Linear(6, 1, bias=False, **F64), (6,)),
    "Flatten": (lambda: Flatten(), (3, 2, 4)),
    "BatchNorm2d": (lambda: BatchNorm2d(3, **F64), (4, 3, 3)),
    "BatchNorm2d options": (lambda: BatchNorm2d(3, eps=0.1, momentum=0.5, **F64), (4, 3, 3)),
    "LocalResponseNorm": (lambda: LocalResponseNorm(3, alpha=2.0), (3, 2, 5)),
    "Sequential": (lambda: Sequential(Flatten(), Linear(8, 3, **F64), ReLU()), (2, 2, 2)),
    "Concat": (lambda: Concat({"a": Conv2d(3, 2, 1, **F64), "b": ReLU()}), (4, 4, 3)),
    "Bypass": (lambda: Bypass(Conv2d(3, 3, 3, padding=1, **F64)), (4, 5, 3)),
    "Bypass complex": (
        lambda: Bypass(Fire(3, 2, 2, 3, **F64), Conv2d(3, 5, 1, **F64)),
        (4, 4, 3),
    ),
    "Fire": (lambda: Fire(4, 2, 3, 4, **F64), (4, 5, 4)),
    "Fire batch norm": (lambda: Fire(4, 2, 3, 4, batch_norm=True, **F64), (4, 5, 4)),
    "network": (small_network, (9, 8, 3)),
}
HAS_BATCH_NORM = {"BatchNorm2d", "BatchNorm2d options", "Fire batch norm", "network"}
ANY_SHAPE = {"ReLU", "ReLU on rows", "Dropout", "Dropout nothing", "Dropout all"}

every_layer = pytest.mark.parametrize("name", CASES)


def make(name, dtype=np.float64):
    """The layer with random parameters: zero biases would put ReLUs on their kink."""
    layer = CASES[name][0]()
    rng = np.random.default_rng(7)
    for _, parameter in layer.named_parameters():
        parameter.data = rng.normal(scale=0.5, size=parameter.shape)
    return layer.astype(dtype)


def draw(name, n=3, dtype=np.float64, seed=0):
    """A batch for the layer, and a gradient for its output. No value ties with another."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, *CASES[name][1])).astype(dtype)
    dy = rng.normal(size=CASES[name][0]().output_shape(x.shape)).astype(dtype)
    return x, dy


def gradients(layer):
    return {path: parameter.grad.copy() for path, parameter in layer.named_parameters()}


def run(layer, x, dy):
    """Copies of all that a forward and a backward pass give."""
    y = layer.forward(x)
    return {"y": y.copy(), "dx": layer.backward(dy).copy(), **gradients(layer)}


def assert_same(actual, expected, rtol=0.0, atol=0.0):
    assert actual.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(actual[key], value, rtol, atol, err_msg=key)


def test_every_layer_is_here():
    kinds = {getattr(mydl.layers, kind) for kind in mydl.layers.__all__}
    assert kinds == {type(make(case)) for case in CASES}


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_layer
def test_shapes_and_dtypes(name, n, dtype):
    layer, (x, dy) = make(name, dtype), draw(name, n, dtype)
    y = layer.forward(x)
    assert y.shape == layer.output_shape(x.shape)
    assert y.dtype == dtype
    dx = layer.backward(dy)
    assert dx.shape == x.shape
    assert dx.dtype == dtype
    for array in (y, dx):
        assert type(array) is np.ndarray
        assert array.flags.writeable
        assert np.isfinite(array).all()
    for path, parameter in layer.named_parameters():
        assert parameter.grad.shape == parameter.shape, path
        assert parameter.grad.dtype == dtype, path
    evaluated = layer.eval().forward(x)
    assert evaluated.shape == y.shape
    assert evaluated.dtype == dtype


@every_layer
def test_x_and_dy_are_left_alone(name):
    layer, (x, dy) = make(name), draw(name)
    x_before, dy_before = x.copy(), dy.copy()
    run(layer, x, dy)
    layer.eval().forward(x)
    np.testing.assert_array_equal(x, x_before)
    np.testing.assert_array_equal(dy, dy_before)


@every_layer
def test_read_only_arrays_do(name):
    layer, (x, dy) = make(name), draw(name)
    x.flags.writeable = dy.flags.writeable = False
    run(layer, x, dy)


@every_layer
def test_gradients_are_added(name):
    layer, (x, dy) = make(name), draw(name)
    again = copy.deepcopy(layer)
    for _, parameter in again.named_parameters():
        parameter.grad = 10.0
    once, twice = run(layer, x, dy), run(again, x, dy)
    for path, _ in layer.named_parameters():
        np.testing.assert_allclose(twice[path], once[path] + 10, rtol=1e-12)
    layer.zero_grad()
    assert all(not gradient.any() for gradient in gradients(layer).values())


@every_layer
def test_one_backward_for_each_forward(name):
    layer, (x, dy) = make(name), draw(name)
    outer = Sequential({"part": layer})
    with pytest.raises(LayerError, match=r"^part.* \(.*\): .*call forward\(x\) first"):
        outer.backward(dy)
    outer.forward(x)
    outer.backward(dy)
    with pytest.raises(LayerError, match=r"^part.* \(.*\): .*call forward\(x\) first"):
        outer.backward(dy)


@every_layer
def test_nothing_is_kept_in_evaluation_mode(name):
    layer, (x, dy) = make(name), draw(name)
    layer.forward(x)
    layer.eval().forward(x)
    assert all(part._kept is None for _, part in layer.named_layers())
    with pytest.raises(LayerError, match=r"call train\(\), then forward\(x\)"):
        layer.backward(dy)
    run(layer.train(), x, dy)


@every_layer
def test_results_are_independent(name):
    layer = make(name)
    (x1, dy1), (x2, dy2) = draw(name, seed=1), draw(name, seed=2)
    y1 = layer.forward(x1)
    y1_copy = y1.copy()
    dx1 = layer.backward(dy1)
    dx1_copy = dx1.copy()
    y2 = layer.forward(x2)
    dx2 = layer.backward(dy2)
    np.testing.assert_array_equal(y1, y1_copy)
    np.testing.assert_array_equal(dx1, dx1_copy)
    assert not np.shares_memory(y1, y2)
    assert not np.shares_memory(dx1, dx2)


@every_layer
def test_arrays_that_are_not_contiguous(name):
    x, dy = draw(name)
    expected = run(make(name), x, dy)
    # Every axis reversed in memory, and every other element of a larger array.
    assert_same(
        run(make(name), np.asfortranarray(x), np.asfortranarray(dy)), expected, 1e-12, 1e-14
    )
    assert_same(run(make(name), np.repeat(x, 2, -1)[..., ::2], dy[::-1].copy()[::-1]), expected)


@every_layer
def test_an_empty_batch_works_or_is_refused(name):
    layer, (x, dy) = make(name), draw(name, n=0)
    if name in HAS_BATCH_NORM:
        with pytest.raises(LayerError, match=r"BatchNorm2d\)?: training needs at least two values"):
            layer.forward(x)
    else:
        result = run(layer, x, dy)
        assert result["y"].shape == dy.shape
        assert result["dx"].shape == x.shape
        assert not any(gradient.any() for gradient in gradients(layer).values())
    assert layer.eval().forward(x).shape == dy.shape


@every_layer
def test_a_batch_is_its_samples(name):
    """In evaluation mode no sample sees another."""
    layer, (x, _) = make(name).eval(), draw(name)
    one_by_one = np.concatenate([layer.forward(x[i : i + 1]) for i in range(len(x))])
    np.testing.assert_allclose(layer.forward(x), one_by_one, rtol=1e-12, atol=1e-14)


@every_layer
def test_float32_equals_float64(name):
    x, dy = draw(name, dtype=np.float32)
    expected = run(make(name), x.astype(np.float64), dy.astype(np.float64))
    assert_same(run(make(name, np.float32), x, dy), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", [True, False])
@every_layer
def test_complex128_equals_float64(name, mode):
    x, dy = draw(name)
    real, complex_ = make(name).train(mode), make(name, np.complex128).train(mode)
    y = complex_.forward(x.astype(complex))
    assert y.dtype == np.complex128
    np.testing.assert_allclose(y, real.forward(x), rtol=1e-12, atol=1e-14)
    if mode:
        dx = complex_.backward(dy.astype(complex))
        np.testing.assert_allclose(dx, real.backward(dy), rtol=1e-12, atol=1e-14)


def directions(layer, x):
    """A direction in which to move x and every parameter, with norms of about 1."""
    rng = np.random.default_rng(5)
    arrays = {"x": x, **{path: p.data for path, p in layer.named_parameters()}}
    return {path: rng.normal(size=a.shape) / np.sqrt(a.size) for path, a in arrays.items()}


def moved_loss(layer, x, dy, direction, step):
    """sum(y dy) after a step in a direction; layers drawn at random draw the same again."""
    layer = copy.deepcopy(layer)
    for path, parameter in layer.named_parameters():
        parameter.data = parameter.data + step * direction[path]
    return np.sum(layer.forward(x + step * direction["x"]) * dy)


@every_layer
def test_gradients_are_the_slopes_of_the_loss(name):
    """dLoss along a direction is the gradients' product with it; central difference."""
    layer, (x, dy) = make(name), draw(name)
    direction, step = directions(layer, x), 1e-6
    ahead, behind = (moved_loss(layer, x, dy, direction, s) for s in (step, -step))
    result = run(layer, x, dy)
    slope = np.vdot(result["dx"], direction["x"]) + sum(
        np.vdot(result[path], direction[path]) for path, _ in layer.named_parameters()
    )
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=1e-7, atol=1e-8)


@every_layer
def test_gradients_are_the_complex_step_s(name):
    """Im Loss(x + i h v) / h is the slope along v to the last digits: nothing cancels."""
    layer, (x, dy) = make(name), draw(name)
    direction = directions(layer, x)
    result = run(copy.deepcopy(layer), x, dy)
    slope = np.vdot(result["dx"], direction["x"]) + sum(
        np.vdot(result[path], direction[path]) for path, _ in layer.named_parameters()
    )
    complex_ = layer.astype(np.complex128)
    expected = moved_loss(complex_, x.astype(complex), dy, direction, 1e-30j).imag / 1e-30
    np.testing.assert_allclose(slope, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda x: x.astype(np.int64), r"expected float32 or float64 values in x, got int64"),
        (lambda x: x > 0, "got bool"),
        (lambda x: x.astype(np.float16), "got float16"),
        (lambda x: x.astype(object), "got object"),
        (lambda x: x.tolist(), "x must be a NumPy array, got list"),
        (lambda x: None, "x must be a NumPy array, got NoneType"),
    ],
)
@every_layer
def test_inputs_of_a_wrong_type(name, bad, message):
    layer, (x, _) = make(name), draw(name)
    with pytest.raises(LayerError, match=message):
        layer.forward(bad(x))


@every_layer
def test_inputs_of_another_precision(name):
    layer, (x, _) = make(name, np.float32), draw(name)
    if layer.parameters():
        with pytest.raises(LayerError, match=r"x is float64 but \w+ is float32: convert one"):
            layer.forward(x)
    else:
        assert layer.forward(x).dtype == np.float64


@every_layer
def test_inputs_of_a_wrong_rank(name):
    layer, (x, _) = make(name), draw(name)
    for wrong in (np.array(0.5), x[..., None, None, None]):
        if name in ANY_SHAPE:
            assert layer.forward(wrong).shape == wrong.shape
        elif wrong.ndim == 0 or type(layer) not in (Softmax, LogSoftmax, Flatten, Sequential):
            with pytest.raises(LayerError, match="expected"):
                layer.forward(wrong)
            with pytest.raises(LayerError, match="expected"):
                layer.output_shape(wrong.shape)


@every_layer
def test_wrong_gradients(name):
    layer, (x, dy) = make(name), draw(name)
    for bad, message in (
        (dy[..., :-1], "dy must have the shape of the output"),
        (np.concatenate([dy, dy]), "dy must have the shape of the output"),
        (dy.astype(int), "expected float32 or float64 values in dy, got int64"),
        (dy.tolist(), "dy must be a NumPy array, got list"),
    ):
        layer.forward(x)
        with pytest.raises(LayerError, match=message):
            layer.backward(bad)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@every_layer
def test_weights_that_are_not_finite_are_named(name, value):
    x, _ = draw(name)
    for path, _ in [*make(name).named_parameters(), *make(name).named_buffers()]:
        layer = make(name)
        state = dict([*layer.named_parameters(), *layer.named_buffers()])
        state[path].data.flat[-1] = value
        place, _, own_name = path.rpartition(".")
        message = rf"^{place}.*\b{own_name} has 1 values that are not finite, the first at index"
        with pytest.raises(LayerError, match=message):
            layer.forward(x)


@every_layer
def test_weights_cannot_become_integers(name):
    layer = make(name)
    for path, parameter in layer.named_parameters():
        with pytest.raises(ValueError, match=r"expected float64 values, got int64"):
            parameter.data = np.ones(parameter.shape, np.int64)
        with pytest.raises(ValueError, match="expected an array of float32 or float64, got int64"):
            layer.astype(np.int64)
        assert parameter.data.dtype == np.float64, path


@every_layer
def test_copies_are_independent(name):
    layer, (x, dy) = make(name), draw(name)
    layer.forward(x)
    twin = copy.deepcopy(layer)
    np.testing.assert_array_equal(twin.backward(dy), layer.backward(dy))
    assert_same(run(twin, x, dy), run(layer, x, dy))
    before = layer.state_dict()
    for parameter in twin.parameters():
        parameter.data = np.zeros(parameter.shape)
        parameter.grad = 0.0
    assert_same(layer.state_dict(), before)
    assert [path for path, _ in twin.named_layers()] == [path for path, _ in layer.named_layers()]


@every_layer
def test_state_goes_from_layer_to_layer(name):
    layer, other, (x, dy) = make(name), CASES[name][0](), draw(name)
    run(layer, x, dy)  # changes running statistics
    other.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(other.eval().forward(x), layer.eval().forward(x))


@every_layer
def test_repr_and_costs(name):
    layer, (x, _) = make(name), draw(name, n=2)
    text = repr(layer)
    assert text.startswith(type(layer).__name__ + "(")
    assert all(type(part).__name__ in text for _, part in layer.named_layers())
    if not layer.children():
        assert repr(eval(text)) == text  # the words are the arguments that make such a layer
    costs = layer.multiply_adds(x.shape)
    assert type(costs) is int
    assert (costs > 0) == any(isinstance(p, Conv2d | Linear) for _, p in layer.named_layers())
    assert costs == 2 * layer.multiply_adds((1, *x.shape[1:]))


@every_layer
def test_parts_know_their_places(name):
    layer = make(name)
    outer = Sequential({"first": ReLU(), "part": layer})
    for path, part in outer.named_layers():
        assert isinstance(part, Layer)
        assert part.path == path
