"""Flat arrays and the views into them."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.layers import BatchNorm2d, Conv2d, Linear, ReLU, Sequential
from mydl.parameter_vector import ALIGNMENT, ParameterVector


def network():
    rng = np.random.default_rng(0)
    return Sequential(Conv2d(3, 5, 3, rng=rng), BatchNorm2d(5), Conv2d(5, 2, 1, rng=rng))


def test_values_stay_and_become_views():
    model = network()
    before = model.state_dict()
    vector = ParameterVector(model)
    for path, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[path])
    vector.data[...] = 7
    vector.grad[...] = 8
    vector.state[...] = 9
    assert all((p.data == 7).all() and (p.grad == 8).all() for p in model.parameters())
    assert all((b.data == 9).all() for _, b in model.named_buffers())


def test_every_array_starts_on_a_cache_line_and_none_overlap():
    vector = ParameterVector(network())
    ends = 0
    for place in vector.slices.values():
        assert place.start % ALIGNMENT == 0
        assert place.start >= ends
        ends = place.stop
    assert ends <= vector.data.size


def test_gaps_hold_zeros():
    vector = ParameterVector(network())
    gaps = np.ones(vector.data.size, bool)
    for place in vector.slices.values():
        gaps[place] = False
    assert gaps.any()
    assert not vector.data[gaps].any()


def test_load_state_dict_writes_through():
    model = network()
    vector = ParameterVector(model)
    model.load_state_dict({path: np.ones_like(v) for path, v in model.state_dict().items()})
    assert (vector.data[vector.slices["0.weight"]] == 1).all()


def test_shared_data():
    model, other = network(), network()
    vector = ParameterVector(model)
    shared = ParameterVector(other, vector.data)
    vector.data[...] = 3
    assert all((p.data == 3).all() for p in other.parameters())
    assert not np.shares_memory(vector.grad, shared.grad)


def test_first_bad_names_the_parameter():
    model = network()
    vector = ParameterVector(model)
    assert vector.first_bad(vector.data) is None
    model[2].bias.grad[1] = np.nan
    assert vector.first_bad(vector.grad) == "2.bias"


def test_one_dtype():
    with pytest.raises(LayerError, match="one dtype"):
        ParameterVector(Sequential(Linear(2, 2), Linear(2, 2, dtype=np.float64)))


def test_a_model_without_parameters():
    vector = ParameterVector(ReLU())
    assert vector.data.size == vector.state.size == 0
