"""Sequential: order, names, and layers that may not be there."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.layers import Bypass, Flatten, Linear, ReLU, Sequential


def test_layers_run_in_order_and_back():
    net = Sequential(Linear(1, 1, dtype=np.float64), ReLU())
    net[0].weight.data, net[0].bias.data = np.array([[-2.0]]), np.array([1.0])
    assert net.forward(np.array([[-3.0], [3.0]])).tolist() == [[7], [0]]
    assert net.backward(np.array([[1.0], [1.0]])).tolist() == [[-2], [0]]
    assert net[0].weight.grad.tolist() == [[-3]]


def test_names():
    net = Sequential({"first": Linear(2, 2), "deep": Sequential(ReLU(), Linear(2, 1))})
    assert [path for path, _ in net.named_parameters()] == [
        "first.weight", "first.bias", "deep.1.weight", "deep.1.bias",
    ]  # fmt: skip
    assert net["deep"][1] is net[1][1] is net[-1][-1]
    assert net["deep"][1].path == "deep.1"
    assert len(net) == 2
    with pytest.raises(KeyError):
        net["third"]
    with pytest.raises(IndexError):
        net[2]


def test_the_tree_is_drawn():
    net = Sequential({"a": Flatten(), "b": Sequential(ReLU())})
    assert repr(net) == "Sequential()\n  a: Flatten()\n  b: Sequential()\n    0: ReLU()"
    assert repr(Sequential()) == "Sequential()"


def test_no_layers_is_the_identity():
    net, x = Sequential(), np.ones((2, 3))
    assert net.forward(x) is x
    assert net.backward(x) is x
    assert net.output_shape((2, 3)) == (2, 3)
    assert net.multiply_adds((2, 3)) == net.num_parameters() == 0


def test_multiply_adds_follow_the_shapes():
    net = Sequential(Linear(6, 4), ReLU(), Linear(4, 2))
    assert net.multiply_adds((5, 6)) == 5 * (6 * 4 + 4 * 2)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((ReLU, ReLU()), "Sequential takes layers, got type as '0'"),
        (([ReLU()],), "Sequential takes layers, got list as '0'"),
        (({"a": ReLU(), "b": None},), "Sequential takes layers, got NoneType as 'b'"),
        (({"a": ReLU()}, ReLU()), "one by one or a single mapping"),
        ((ReLU(), {"a": ReLU()}), "Sequential takes layers, got dict as '1'"),
    ],
)
def test_what_is_not_a_layer(layers, message):
    with pytest.raises(TypeError, match=message):
        Sequential(*layers)


def test_a_layer_in_two_places():
    relu = ReLU()
    with pytest.raises(LayerError, match="one ReLU is in two places, '0' and '2'"):
        Sequential(relu, Linear(2, 2), relu)
    with pytest.raises(LayerError, match=r"one ReLU is in two places, '0' and '1\.inner'"):
        Sequential(relu, Bypass(relu))


def test_the_failing_layer_is_named():
    net = Sequential({"a": Sequential(Linear(2, 3)), "b": Sequential(Linear(4, 1))})
    with pytest.raises(LayerError, match=r"^b\.0 \(Linear\): expected .* \(N, 4\), got \(5, 3\)$"):
        net.output_shape((5, 2))
