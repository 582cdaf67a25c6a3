"""The contract's own machinery: parameters, paths, the tree, state and its errors."""

import copy

import numpy as np
import pytest

from mydl.layer import Buffer, Layer, LayerError, Parameter, whole_number
from mydl.layers import BatchNorm2d, Bypass, Conv2d, Linear, ReLU, Sequential


def network():
    return Sequential(
        {
            "conv": Conv2d(2, 3, 1, rng=np.random.default_rng(0)),
            "norm": BatchNorm2d(3),
            "around": Bypass(Sequential({"inner": ReLU()})),
        }
    )


# ---- parameters and buffers ----------------------------------------------------------------------


def test_assigning_data_keeps_the_array():
    parameter = Parameter(np.zeros(3, np.float32))
    data = parameter.data
    parameter.data = np.array([1.0, 2.0, 3.0])
    assert parameter.data is data
    assert data.tolist() == [1, 2, 3]
    assert data.dtype == np.float32


def test_assigning_grad_keeps_the_array():
    parameter = Parameter(np.zeros(2))
    grad = parameter.grad
    parameter.grad = np.array([1.0, 2.0])
    parameter.grad += 1
    assert parameter.grad is grad
    assert grad.tolist() == [2, 3]
    parameter.zero_grad()
    assert grad.tolist() == [0, 0]


def test_binding_moves_the_values():
    """How a flat buffer takes over a parameter."""
    flat, flat_grad = np.full(6, 9.0), np.full(6, 9.0)
    parameter = Parameter(np.arange(4.0).reshape(2, 2))
    parameter.grad += 5
    parameter.bind(flat[1:5].reshape(2, 2))
    parameter.bind_grad(flat_grad[1:5].reshape(2, 2))
    assert flat.tolist() == [9, 0, 1, 2, 3, 9]
    assert flat_grad.tolist() == [9, 5, 5, 5, 5, 9]
    flat *= 2
    assert parameter.data.tolist() == [[0, 2], [4, 6]]
    parameter.grad += 1
    assert flat_grad[2] == 6


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(4), r"expected an array of shape \(3,\), got \(4,\)"),
        (1.5, r"expected an array of shape \(3,\), got \(\)"),
        (np.zeros(3, int), r"expected float32 values, got int64: .* \.astype\(np\.float32\)"),
        (np.zeros(3, bool), "expected float32 values, got bool"),
        (np.zeros(3, complex), "expected float32 values, got complex128"),
    ],
)
def test_data_of_a_wrong_kind(values, message):
    parameter = Parameter(np.ones(3, np.float32))
    with pytest.raises(ValueError, match=message):
        parameter.data = values
    assert parameter.data.tolist() == [1, 1, 1]


@pytest.mark.parametrize("kind", [Parameter, Buffer])
@pytest.mark.parametrize(
    ("data", "got"), [(np.zeros(3, int), "int64"), (np.zeros(3, "f2"), "float16"), ([1.0], "list")]
)
def test_parameters_of_a_wrong_kind(kind, data, got):
    with pytest.raises(ValueError, match=f"expected an array of float32 or float64, got {got}"):
        kind(data)


def test_repr_of_a_parameter():
    assert repr(Parameter(np.zeros((2, 3), np.float32))) == "Parameter((2, 3), float32)"
    assert repr(Buffer(np.zeros(2))) == "Buffer((2,), float64)"


# ---- the tree ------------------------------------------------------------------------------------


def test_paths():
    net = network()
    assert [path for path, _ in net.named_layers()] == [
        "", "conv", "norm", "around", "around.inner", "around.inner.inner",
    ]  # fmt: skip
    assert all(layer.path == path for path, layer in net.named_layers())
    assert [path for path, _ in net.named_parameters()] == [
        "conv.weight", "conv.bias", "norm.weight", "norm.bias",
    ]  # fmt: skip
    assert [path for path, _ in net.named_buffers()] == ["norm.running_mean", "norm.running_var"]
    outer = Sequential({"features": net})
    assert net["conv"].path == "features.conv"
    assert outer["features"]["around"].inner["inner"].path == "features.around.inner.inner"


def test_layers_as_attributes():
    class Model(Layer):
        def __init__(self):
            self.head = Sequential(Linear(2, 2))
            self.tail = Linear(2, 1)

    model = Model()
    assert model.head[0].path == "head.0"
    assert list(model.children()) == ["head", "tail"]
    assert model.num_parameters() == 9
    model.tail = Linear(2, 5)
    assert model.num_parameters() == 21


def test_training_mode_reaches_everything():
    net = network()
    assert net.eval() is net
    assert not any(layer.training for _, layer in net.named_layers())
    net.train()
    assert all(layer.training for _, layer in net.named_layers())
    assert ReLU().training


def test_zero_grad_reaches_everything():
    net = network()
    for parameter in net.parameters():
        parameter.grad += 1
    net.zero_grad()
    assert not any(parameter.grad.any() for parameter in net.parameters())


def test_the_base_has_no_function():
    for call in (Layer().forward, Layer().backward, Layer().output_shape):
        with pytest.raises(NotImplementedError):
            call(np.zeros(1))


# ---- dtypes --------------------------------------------------------------------------------------


def test_astype_is_a_copy():
    net = network()
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 2)).astype(np.float32)
    net.forward(x)
    other = net.astype(np.float64)
    assert {value.dtype for value in other.state_dict().values()} == {np.dtype(np.float64)}
    assert {value.dtype for value in net.state_dict().values()} == {np.dtype(np.float32)}
    for mine, its in zip(net.parameters(), other.parameters(), strict=True):
        assert not np.shares_memory(mine.data, its.data)
    with pytest.raises(LayerError, match=r"call forward\(x\) first"):
        other.backward(np.zeros((2, 3, 3, 3)))
    net.backward(np.zeros((2, 3, 3, 3), np.float32))


def test_the_two_ways_out_of_mixed_dtypes_are_named():
    with pytest.raises(LayerError) as error:
        Linear(2, 1).forward(np.zeros((1, 2)))
    assert str(error.value) == (
        "Linear: x is float64 but weight is float32: convert one, with x.astype(np.float32) or "
        "layer.astype(np.float64)"
    )


def test_arrays_without_axes_keep_their_shape():
    assert ReLU().forward(np.array(2.0)).shape == ()


def test_values_that_are_not_finite_are_counted():
    layer = Linear(3, 2, dtype=np.float64)
    layer.weight.data[1] = np.inf, -np.inf
    with pytest.raises(LayerError) as error:
        layer.forward(np.zeros((1, 3)))
    assert str(error.value) == (
        "Linear: weight has 2 values that are not finite, the first at index (1, 0): inf"
    )


def test_large_values_are_finite():
    """Their sum is not, so that the check has to look again."""
    layer = Linear(3, 2, bias=False)
    layer.weight.data[...] = 3e38
    assert layer.forward(np.zeros((1, 3), np.float32)).tolist() == [[0, 0]]


# ---- state ---------------------------------------------------------------------------------------


def test_state_is_a_copy():
    net = network()
    state = net.state_dict()
    state["conv.weight"][...] = 7
    assert not (net["conv"].weight.data == 7).any()
    net.load_state_dict(state)
    assert (net["conv"].weight.data == 7).all()
    state["conv.weight"][...] = 8
    assert (net["conv"].weight.data == 7).all()


def test_state_of_another_precision_is_converted():
    net = network()
    state = {path: value.astype(np.float64) + 0.5 for path, value in net.state_dict().items()}
    net.load_state_dict(state)
    assert net["norm"].weight.data.tolist() == [1.5] * 3
    assert net["norm"].weight.data.dtype == np.float32


def without(state, path):
    return {k: v for k, v in state.items() if k != path}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: without(s, "conv.bias"), "1 missing, such as conv.bias"),
        (lambda s: {**s, "zzz": np.zeros(1)}, "1 unknown, such as zzz"),
        (
            lambda s: {**without(s, "norm.bias"), "fc.bias": np.zeros(1)},
            "1 missing, such as norm.bias; 1 unknown, such as fc.bias",
        ),
        (
            lambda s: {**s, "norm.bias": np.zeros(4)},
            r"norm\.bias: expected floats of shape \(3,\), got float64 of shape \(4,\)",
        ),
        (
            lambda s: {**s, "norm.bias": np.zeros(3, int)},
            r"norm\.bias: expected floats of shape \(3,\), got int64",
        ),
    ],
)
def test_state_that_does_not_fit_changes_nothing(change, message):
    net = network()
    before = copy.deepcopy(net.state_dict())
    state = change({path: value + 1 for path, value in before.items()})
    with pytest.raises(LayerError, match=message):
        net.load_state_dict(state)
    for path, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[path])


# ---- whole numbers -------------------------------------------------------------------------------


def test_whole_numbers():
    assert whole_number(3, "n", 1) == 3
    assert type(whole_number(np.int16(3), "n", 1)) is int
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        whole_number(0, "n", 1)
    for value in (1.0, "1", None, [1]):
        with pytest.raises(ValueError, match="n must be a whole number, got"):
            whole_number(value, "n", 1)
