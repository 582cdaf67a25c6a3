"""Winograd's transforms against their references, as transposes, and as a convolution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.kernels import winograd as transforms
from mydl.kernels import winograd_gradients as gradients
from mydl.layers import Conv2d

# float32 loses a digit to the powers of the points; the bound is relative to the largest value.
BOUNDS = {np.float32: 1e-5, np.float64: 1e-14}
DTYPES = st.sampled_from([np.float32, np.float64])


@st.composite
def problems(draw):
    """A draw of (N, H, W, C, K, padding) and of the dtype."""
    n, h, w = draw(st.integers(0, 2)), draw(st.integers(1, 11)), draw(st.integers(1, 11))
    channels = st.sampled_from([1, 3, 16, 21, 32])
    pad = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    return n, max(h, 3 - 2 * pad[0]), max(w, 3 - 2 * pad[1]), draw(channels), draw(channels), pad


def arrays(problem, dtype):
    n, h, w, c, k, pad = problem
    rng = np.random.default_rng(0)
    h_out, w_out = h + 2 * pad[0] - 2, w + 2 * pad[1] - 2
    grid = transforms.tile_grid(h_out, w_out)

    def draw(*shape):
        return rng.normal(size=shape).astype(dtype)

    return {
        "x": draw(n, h, w, c),
        "w": draw(3, 3, c, k),
        "bias": draw(k),
        "y": draw(n, h_out, w_out, k),
        "dy": draw(n, h_out, w_out, k),
        "v": draw(36, n, *grid, c),
        "m": draw(36, n, *grid, k),
        "u": draw(36, c, k),
        "pad": pad,
    }


CALLS = {
    "input_tiles": (transforms.input_tiles, ["x", "v", "pad"], ["v"]),
    "weight_tiles": (transforms.weight_tiles, ["w", "u"], ["u"]),
    "output_tiles": (transforms.output_tiles, ["m", "bias", "y", False], ["y"]),
    "output_tiles, relu": (transforms.output_tiles, ["m", "bias", "y", True], ["y"]),
    "output_gradient_tiles": (
        gradients.output_gradient_tiles, ["dy", "y", "m", "bias"], ["m", "bias"],
    ),
    "input_gradient_tiles": (gradients.input_gradient_tiles, ["v", "x", "pad"], ["x"]),
    "weight_gradient_tiles": (gradients.weight_gradient_tiles, ["u", "w"], ["w"]),
}  # fmt: skip


def run(function, names, outputs, given_arrays):
    copies = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in given_arrays.items()}
    function(*(copies[name] if isinstance(name, str) else name for name in names))
    unchanged = set(copies) - set(outputs) - {"pad"}
    assert all(np.array_equal(copies[name], given_arrays[name]) for name in unchanged)
    return [copies[name] for name in outputs]


@pytest.mark.parametrize("name", CALLS)
@given(problem=problems(), dtype=DTYPES)
def test_a_kernel_equals_its_reference(name, problem, dtype):
    kernel, names, outputs = CALLS[name]
    given_arrays = arrays(problem, dtype)
    exact = {
        k: v.astype(np.float64) if isinstance(v, np.ndarray) else v for k, v in given_arrays.items()
    }
    ours = run(kernel, names, outputs, given_arrays)
    expected = run(kernel.reference, names, outputs, exact)
    for one, other in zip(ours, expected, strict=True):
        assert one.dtype == dtype
        scale = max(1.0, np.abs(other).max(initial=0))
        np.testing.assert_allclose(one, other, rtol=0, atol=BOUNDS[dtype] * scale)


@given(problem=problems())
def test_backward_transforms_are_transposes(problem):
    """<T a, b> = <a, T' b>: what makes them the backward pass."""
    a = arrays(problem, np.float64)
    zeros = {k: np.zeros_like(v) for k, v in a.items() if isinstance(v, np.ndarray)}
    v, dx = zeros["v"], zeros["x"]
    transforms.input_tiles(a["x"], v, a["pad"])
    gradients.input_gradient_tiles(a["v"], dx, a["pad"])
    np.testing.assert_allclose(np.vdot(v, a["v"]), np.vdot(a["x"], dx), atol=1e-8)
    u, dw = zeros["u"], zeros["w"]
    transforms.weight_tiles(a["w"], u)
    gradients.weight_gradient_tiles(a["u"], dw)
    np.testing.assert_allclose(np.vdot(u, a["u"]), np.vdot(a["w"], dw), atol=1e-8)
    y, dm = zeros["y"], zeros["m"]
    transforms.output_tiles(a["m"], zeros["bias"], y, False)
    ones = np.broadcast_to(np.ones(y.shape[-1]), y.shape)
    gradients.output_gradient_tiles(a["dy"], ones, dm, zeros["bias"].copy())
    np.testing.assert_allclose(np.vdot(y, a["dy"]), np.vdot(a["m"], dm), atol=1e-8)


@given(problem=problems())
def test_transform_multiply_transform_is_a_convolution(problem):
    _, _, _, c, k, pad = problem
    a = arrays(problem, np.float64)
    conv = Conv2d(c, k, 3, padding=pad, dtype=np.float64)
    conv.weight.data, conv.bias.data = a["w"], a["bias"]
    transforms.input_tiles(a["x"], a["v"], pad)
    transforms.weight_tiles(a["w"], a["u"])
    tiles = a["v"].shape[1] * a["v"].shape[2] * a["v"].shape[3]
    product = a["v"].reshape(36, tiles, c) @ a["u"]
    transforms.output_tiles(product.reshape(a["m"].shape), a["bias"], a["y"], False)
    np.testing.assert_allclose(a["y"], conv.forward(a["x"]), atol=1e-11)


def test_slices_of_wider_arrays():
    a = arrays((2, 8, 8, 16, 16, (1, 1)), np.float32)
    wide = np.full((2, 8, 8, 48), 7, np.float32)
    transforms.output_tiles(a["m"], a["bias"], wide[..., 16:32], True)
    transforms.output_tiles(a["m"], a["bias"], a["y"], True)
    np.testing.assert_array_equal(wide[..., 16:32], a["y"])
    assert (wide[..., :16] == 7).all()
    assert (wide[..., 32:] == 7).all()
