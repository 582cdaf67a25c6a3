"""Optimizers against PyTorch's numbers, their kernels' references, checkpoints and bad input."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.optim import SGD, Adam, AdamW, RMSProp, clip_grad_norm, make_optimizer

REFERENCES = np.load(Path(__file__).parents[1] / "references" / "optim.npz")

# As in references/make_optim_references.py.
OPTIMIZERS = {
    "SGD": (SGD, {"lr": 0.1}),
    "SGD-decay": (SGD, {"lr": 0.1, "weight_decay": 0.05}),
    "SGD-momentum": (SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}),
    "SGD-nesterov": (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "Adam": (Adam, {"lr": 0.01}),
    "Adam-decay": (Adam, {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    "AdamW": (AdamW, {"lr": 0.01}),
    "AdamW-decay": (AdamW, {"lr": 0.01, "weight_decay": 0.3}),
    "RMSProp": (RMSProp, {"lr": 0.01}),
    "RMSProp-momentum": (
        RMSProp,
        {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1},
    ),
}
EVERY = pytest.mark.parametrize(
    ("optimizer_class", "options"), OPTIMIZERS.values(), ids=OPTIMIZERS.keys()
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_step_equals_pytorchs(name, dtype):
    optimizer_class, options = OPTIMIZERS[name]
    data, grads = REFERENCES["data"].astype(dtype), REFERENCES["grads"].astype(dtype)
    optimizer = optimizer_class(data, **options)
    tolerance = {"float32": 2e-6, "float64": 1e-14}[dtype]
    for step, (grad, expected) in enumerate(zip(grads, REFERENCES[f"{name}/{dtype}"], strict=True)):
        optimizer.lr = options["lr"] * (1 - step / len(grads))
        kept = grad.copy()
        optimizer.step(grad)
        np.testing.assert_array_equal(grad, kept)
        np.testing.assert_allclose(data, expected, rtol=tolerance, atol=tolerance)
    assert optimizer.steps == len(grads)


@EVERY
def test_a_resumed_optimizer_goes_on_with_the_same_bits(optimizer_class, options):
    rng = np.random.default_rng(1)
    grads = rng.normal(size=(6, 40)).astype(np.float32)
    data = rng.normal(size=40).astype(np.float32)
    straight = optimizer_class(data.copy(), **options)
    for grad in grads:
        straight.step(grad)
    first = optimizer_class(data.copy(), **options)
    for grad in grads[:3]:
        first.step(grad)
    state, middle = first.state_dict(), first.data.copy()
    first.step(grads[0])  # what was saved must not change any more
    second = optimizer_class(middle, **options)
    second.load_state_dict(state)
    for grad in grads[3:]:
        second.step(grad)
    assert second.steps == 6
    np.testing.assert_array_equal(second.data, straight.data)


@EVERY
def test_a_slice_of_a_larger_array_is_updated_and_nothing_else(optimizer_class, options):
    large = np.arange(30.0)
    grad = np.linspace(-1, 1, 30)
    alone = large[5:20].copy()
    optimizer_class(large[5:20], **options).step(grad[5:20])
    optimizer_class(alone, **options).step(grad[5:20].copy())
    np.testing.assert_array_equal(large[5:20], alone)
    np.testing.assert_array_equal(large[:5], np.arange(5))
    np.testing.assert_array_equal(large[20:], np.arange(20, 30))


@EVERY
def test_the_zeros_between_parameters_stay_zeros(optimizer_class, options):
    optimizer = optimizer_class(np.zeros(8, np.float32), **options)
    for _ in range(3):
        optimizer.step(np.zeros(8, np.float32))
    assert not optimizer.data.any()


@pytest.mark.parametrize("optimizer_class", [SGD, Adam, AdamW, RMSProp])
def test_the_mask_says_which_parameters_decay(optimizer_class):
    mask = np.array([1, 0, 1, 0], bool)
    data = {decay: np.full(4, 2.0) for decay in (0.0, 0.5)}
    masked = np.full(4, 2.0)
    for decay, array in data.items():
        optimizer_class(array, lr=0.1, weight_decay=decay).step(np.ones(4))
    optimizer_class(masked, lr=0.1, weight_decay=0.5, decay_mask=mask).step(np.ones(4))
    np.testing.assert_array_equal(masked[mask], data[0.5][mask])
    np.testing.assert_array_equal(masked[~mask], data[0.0][~mask])


@pytest.mark.parametrize(
    ("name", "expected"), [("sgd", SGD), ("adam", Adam), ("adamw", AdamW), ("rmsprop", RMSProp)]
)
def test_optimizers_are_built_by_name(name, expected):
    optimizer = make_optimizer(name, np.ones(3), 0.5, momentum=0.9, nesterov=True, weight_decay=0.1)
    assert type(optimizer) is expected
    assert optimizer.lr == 0.5
    twin_options = {"weight_decay": 0.1}
    if name in ("sgd", "rmsprop"):
        twin_options["momentum"] = 0.9
    if name == "sgd":
        twin_options["nesterov"] = True
    twin = expected(np.ones(3), 0.5, **twin_options)
    for grad in (np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.0, 5.0])):
        optimizer.step(grad)
        twin.step(grad)
    np.testing.assert_array_equal(optimizer.data, twin.data)


def test_by_name_nesterov_without_momentum_is_plain_descent():
    optimizer = make_optimizer("sgd", np.ones(2), 0.5, nesterov=True)
    optimizer.step(np.ones(2))
    assert optimizer.data.tolist() == [0.5, 0.5]


def test_clipping_equals_pytorchs():
    grad = REFERENCES["grads"][0].astype(np.float32)
    norm = clip_grad_norm(grad, 2.5)
    assert norm == pytest.approx(float(REFERENCES["clip/norm"]), rel=1e-6)
    np.testing.assert_allclose(grad, REFERENCES["clip/grad"], rtol=1e-6)


@given(
    st.lists(st.floats(-1e3, 1e3, width=32), max_size=50),
    st.floats(1e-3, 1e3),
    st.sampled_from([np.float32, np.float64]),
)
def test_a_clipped_gradient_keeps_its_direction_and_is_short_enough(values, max_norm, dtype):
    grad = np.array(values, dtype)
    before = grad.copy()
    norm = clip_grad_norm(grad, max_norm)
    assert norm == pytest.approx(np.linalg.norm(before.astype(float)), rel=1e-6)
    assert np.linalg.norm(grad.astype(float)) <= max_norm * (1 + 1e-6)
    if norm <= max_norm * (1 - 1e-3):
        np.testing.assert_allclose(grad, before, rtol=2e-3)
    else:
        np.testing.assert_allclose(grad * norm, before * max_norm, rtol=3e-3, atol=1e-30)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_norm_that_is_not_finite_is_returned_and_nothing_is_scaled(bad):
    grad = np.array([1.0, bad, 2.0], np.float32)
    norm = clip_grad_norm(grad, 0.5)
    assert not np.isfinite(norm)
    np.testing.assert_array_equal(grad, np.array([1.0, bad, 2.0], np.float32))


def test_large_float32_gradients_do_not_overflow_in_the_norm():
    grad = np.full(4, 1e25, np.float32)  # whose squares float32 cannot hold
    assert clip_grad_norm(grad, 1.0) == pytest.approx(2e25)
    np.testing.assert_allclose(grad, 0.5, rtol=1e-6)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SGD([1.0], 0.1), "data must be a flat contiguous array .*got list"),
        (lambda: SGD(np.ones((2, 2)), 0.1), "data must be a flat contiguous array"),
        (lambda: SGD(np.ones(8)[::2], 0.1), "data must be a flat contiguous array"),
        (lambda: SGD(np.ones(2, int), 0.1), "data must be float32 or float64, got int64"),
        (lambda: SGD(np.ones(2), -1), "lr must be 0 or greater, got -1"),
        (lambda: SGD(np.ones(2), float("nan")), "lr must be 0 or greater, got nan"),
        (lambda: SGD(np.ones(2), 0.1, momentum=1), "momentum must be from 0 up to"),
        (lambda: SGD(np.ones(2), 0.1, nesterov=True), "nesterov needs a momentum"),
        (lambda: SGD(np.ones(2), 0.1, weight_decay=-1), "weight_decay must be 0 or greater"),
        (lambda: SGD(np.ones(2), 0.1, decay_mask=np.ones(3)), "each of the 2 parameters"),
        (lambda: Adam(np.ones(2), betas=(0.9, 1.0)), "betas must be from 0 up to"),
        (lambda: Adam(np.ones(2), eps=0), "eps must be greater than 0"),
        (lambda: RMSProp(np.ones(2), alpha=1), "alpha must be from 0 up to"),
        (lambda: RMSProp(np.ones(2), eps=0), "eps must be greater than 0"),
        (lambda: RMSProp(np.ones(2), momentum=-1), "momentum must be from 0 up to"),
        (lambda: make_optimizer("Adamm", np.ones(2), 0.1), "did you mean 'adam'"),
        (lambda: SGD(np.ones(2), 0.1).step(np.ones(3)), r"float64 of shape \(2,\), got .*\(3,\)"),
        (lambda: SGD(np.ones(2), 0.1).step(np.ones(2, np.float32)), "got float32"),
        (lambda: SGD(np.ones(2), 0.1).step([1.0, 2.0]), "got list"),
        (lambda: clip_grad_norm(np.ones(2), 0), "max_norm must be greater than 0"),
        (lambda: clip_grad_norm(np.ones((2, 2)), 1), "flat array of all gradients"),
    ],
)
def test_bad_arguments_are_told_in_a_sentence(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_refused_gradient_is_no_step():
    optimizer = Adam(np.ones(2))
    with pytest.raises(ValueError, match="grad must be like data"):
        optimizer.step(np.ones(3))
    assert optimizer.steps == 0


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (SGD(np.ones(3), 0.1).state_dict(), "saved by another optimizer or with other options"),
        (Adam(np.ones(4)).state_dict(), "saved for another network"),
        (Adam(np.ones(3, np.float32)).state_dict(), "saved for another network"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(state, message):
    optimizer = Adam(np.ones(3))
    optimizer.step(np.ones(3))
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(state)
    for name, array in optimizer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
