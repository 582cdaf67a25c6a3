"""The fire module: its parts, its counts, and equality with the same parts put together."""

import numpy as np
import pytest

from mydl.layer import LayerError
from mydl.layers import Concat, Fire, ReLU, Sequential


def random_fire(**kwargs):
    fire = Fire(5, 2, 3, 4, dtype=np.float64, **kwargs)
    rng = np.random.default_rng(0)
    for parameter in fire.parameters():
        parameter.data = rng.normal(size=parameter.shape)
    return fire


@pytest.mark.parametrize("batch_norm", [False, True])
def test_equals_its_parts(batch_norm):
    """Squeeze, ReLU, Concat, ReLU, as the containers would do it."""
    fire, twin = random_fire(batch_norm=batch_norm), random_fire(batch_norm=batch_norm)
    parts = Sequential(twin.squeeze, ReLU(), Concat(twin.expand1x1, twin.expand3x3), ReLU())
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(2, 4, 3, 5)), rng.normal(size=(2, 4, 3, 7))
    np.testing.assert_array_equal(fire.forward(x), parts.forward(x))
    np.testing.assert_allclose(fire.backward(dy), parts.backward(dy), rtol=1e-13)
    for mine, other in zip(fire.parameters(), twin.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad, other.grad, rtol=1e-13)


@pytest.mark.parametrize(
    ("channels", "count"),
    [((96, 16, 64, 64), 11920), ((128, 16, 64, 64), 12432), ((512, 64, 256, 256), 197184)],
)
def test_parameters_of_the_paper_s_table_1(channels, count):
    """fire2, fire3 and fire9 of SqueezeNet 1.0, before pruning."""
    assert Fire(*channels).num_parameters() == count


def test_the_article_s_sum():
    """Weights without biases for C channels, S squeezed, 4 + 4 expanded, beside a plain 3x3."""

    def weights(c, squeeze, expand1x1, expand3x3):
        layers = Fire(c, squeeze, expand1x1, expand3x3).named_parameters()
        return sum(p.size for path, p in layers if path.endswith("weight"))

    assert (weights(3, 3, 4, 4), 9 * 3 * 8) == (129, 216)
    assert (weights(10, 3, 4, 4), 9 * 10 * 8) == (150, 720)


def test_shapes_names_and_costs():
    fire = Fire(8, 2, 3, 4)
    assert fire.output_shape((2, 5, 6, 8)) == (2, 5, 6, 7)
    assert [path for path, _ in fire.named_parameters()] == [
        "squeeze.weight", "squeeze.bias", "expand1x1.weight", "expand1x1.bias",
        "expand3x3.weight", "expand3x3.bias",
    ]  # fmt: skip
    assert fire.multiply_adds((1, 5, 6, 8)) == 30 * (8 * 2 + 2 * 3 + 9 * 2 * 4)
    normed = [path for path, _ in Fire(8, 2, 3, 4, batch_norm=True).named_parameters()]
    assert normed[:3] == ["squeeze.conv.weight", "squeeze.norm.weight", "squeeze.norm.bias"]


def test_the_same_seed_gives_the_same_module():
    one, other = (Fire(8, 2, 3, 4, rng=np.random.default_rng(3)) for _ in range(2))
    for mine, its in zip(one.parameters(), other.parameters(), strict=True):
        np.testing.assert_array_equal(mine.data, its.data)


def test_the_failing_part_is_named():
    net = Sequential({"fire4": Fire(8, 2, 3, 4)})
    with pytest.raises(LayerError, match=r"^fire4\.squeeze \(Conv2d\): expected 8 channels, got 9"):
        net.forward(np.zeros((1, 4, 4, 9), np.float32))
    with pytest.raises(ValueError, match="out_channels must be at least 1, got 0"):
        Fire(8, 0, 3, 4)
