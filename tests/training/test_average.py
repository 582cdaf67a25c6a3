"""The moving average of the weights follows its formula."""

import numpy as np
import pytest

from mydl.layers import BatchNorm2d, Linear
from mydl.parameter_vector import ParameterVector
from mydl.training.average import Average


def test_it_is_the_weighted_mean_of_all_values_that_there_were():
    vector = ParameterVector(Linear(3, 2))
    average = Average(vector, decay=0.9)
    rng = np.random.default_rng(0)
    expected = vector.data.astype(np.float64)
    for step in range(200):
        vector.data[...] = rng.normal(size=vector.data.shape)
        average.update(step)
        d = min(0.9, (1 + step) / (10 + step))
        expected = d * expected + (1 - d) * vector.data
    np.testing.assert_allclose(average.parameters, expected, rtol=1e-4, atol=1e-6)


def test_buffers_are_averaged_too():
    vector = ParameterVector(BatchNorm2d(4))
    average = Average(vector, decay=0.99)
    before = average.buffers.copy()
    vector.state += 1
    average.update(0)
    np.testing.assert_allclose(average.buffers - before, 0.9, rtol=1e-5)


def test_the_network_gets_its_own_weights_back_even_after_an_error():
    vector = ParameterVector(Linear(3, 2))
    average = Average(vector, decay=0.9)
    before = vector.data.copy()
    vector.data += 1
    own = vector.data.copy()

    def look_and_fail():
        with average.in_place():
            assert np.array_equal(vector.data, before)
            raise RuntimeError("boo")

    with pytest.raises(RuntimeError, match="boo"):
        look_and_fail()
    assert np.array_equal(vector.data, own)
