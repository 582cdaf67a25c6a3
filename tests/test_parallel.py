"""The engine: the gradient of a batch from shards, and the same bits for any number of threads."""

import os
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from mydl.layer import LayerError
from mydl.layers import (
    BatchNorm2d,
    Conv2d,
    Dropout,
    Fire,
    GlobalAvgPool2d,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
)
from mydl.losses import SoftmaxCrossEntropy
from mydl.models import SqueezeNet, squeezenet_tiny
from mydl.parallel import (
    ShardedModel,
    automatic_shard_size,
    shard_edges,
    usable_cores,
    usable_threads,
)


def small_network(dtype=np.float32, dropout=0.0, batch_norm=False):
    rng = np.random.default_rng(3)
    return Sequential(
        {
            "conv": Conv2d(3, 8, 3, padding=1, dtype=dtype, rng=rng),
            "norm": BatchNorm2d(8, dtype=dtype) if batch_norm else ReLU(),
            "relu": ReLU(),
            "pool": MaxPool2d(3, 2, ceil_mode=True),
            "fire": Fire(8, 4, 8, 8, dtype=dtype, rng=rng),
            "dropout": Dropout(dropout),
            "average": GlobalAvgPool2d(),
            "linear": Linear(16, 5, dtype=dtype, rng=rng),
        }
    )


def batch(n, dtype=np.float32):
    rng = np.random.default_rng(4)
    return rng.normal(size=(n, 8, 8, 3)).astype(dtype), rng.integers(0, 5, n)


def loader(x, labels):
    return lambda lo, hi: (x[lo:hi], labels[lo:hi])


def images(x, lo, hi):
    return x[lo:hi]


def gradient(model, n=21, *, steps=1, **options):
    dtype = next(iter(model.parameters())).data.dtype
    engine = ShardedModel(model, **options)
    results = [engine.gradient(n, loader(*batch(n, dtype)), step=step) for step in range(steps)]
    engine.close()
    return engine.vector, results


def test_shards_give_the_gradient_of_the_whole_batch():
    model = small_network(np.float64)
    x, labels = batch(21, np.float64)
    whole, loss = model.astype(np.float64), SoftmaxCrossEntropy()
    expected = loss.forward(whole.forward(x), labels)
    whole.backward(loss.backward())

    _, (result,) = gradient(model, threads=2, shard_size=4)

    assert result.loss == pytest.approx(expected, rel=1e-13)
    for ours, theirs in zip(model.parameters(), whole.parameters(), strict=True):
        np.testing.assert_allclose(ours.grad, theirs.grad, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_same_bits_for_any_number_of_threads(batch_norm):
    runs = {}
    for threads in (1, 2, 3, 16):
        model = small_network(dropout=0.5, batch_norm=batch_norm)
        vector, results = gradient(model, threads=threads, shard_size=4, steps=3)
        runs[threads] = (
            vector.grad.tobytes(),
            vector.state.tobytes(),
            [(r.loss, r.outputs.tobytes()) for r in results],
        )
    assert all(run == runs[1] for run in runs.values())


def test_outputs_come_in_the_order_of_the_samples():
    model = small_network(batch_norm=True)
    x, _ = batch(33)
    engine = ShardedModel(model, threads=2, shard_size=4)
    outputs = engine.outputs(33, lambda lo, hi: x[lo:hi])
    np.testing.assert_allclose(outputs, model.eval().forward(x), rtol=1e-5, atol=1e-6)


def test_outputs_that_lie_in_reused_memory_are_copied():
    model = Sequential(Conv2d(3, 8, 3), ReLU(), MaxPool2d(2), Fire(8, 4, 8, 8)).eval()
    x, _ = batch(12)
    outputs = ShardedModel(model, threads=1, shard_size=2).outputs(12, lambda lo, hi: x[lo:hi])
    np.testing.assert_allclose(outputs, model.forward(x), rtol=1e-4, atol=1e-5)


def test_two_shares_make_the_gradient_of_one_batch():
    x, labels = batch(16, np.float64)
    one = ShardedModel(small_network(np.float64), shard_size=4)
    one.gradient(16, loader(x, labels))
    two = ShardedModel(small_network(np.float64), shard_size=4)
    for half in (slice(0, 8), slice(8, 16)):
        two.gradient(8, loader(x[half], labels[half]), share=0.5)
    np.testing.assert_allclose(one.vector.grad, two.vector.grad, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 9])
def test_the_parts_of_several_processes_add_up_to_the_batch(size):
    """Seven shards: one of nine processes has nothing to do."""
    x, labels = batch(25, np.float64)
    options = {"threads": 2, "shard_size": 4, "seed": 5}
    model = partial(small_network, np.float64, dropout=0.5, batch_norm=True)
    whole = ShardedModel(model(), **options)
    expected = whole.gradient(25, loader(x, labels), step=3)
    assert expected.samples.tolist() == list(range(25))

    loss, samples, gradients, states = 0.0, [], 0, 0
    outputs = np.full_like(expected.outputs, np.nan)
    for rank in range(size):
        engine = ShardedModel(model(), **options)
        result = engine.gradient(25, loader(x, labels), step=3, part=(rank, size))
        assert len(result.outputs) == len(result.samples) == len(result.outputs.argmax(axis=1))
        if len(result.samples):
            outputs[result.samples] = result.outputs
        samples.extend(result.samples)
        loss += result.loss
        gradients, states = gradients + engine.vector.grad, states + engine.vector.state

    assert sorted(samples) == list(range(25))
    assert loss == pytest.approx(expected.loss, rel=1e-13)
    np.testing.assert_array_equal(outputs, expected.outputs)
    np.testing.assert_allclose(gradients, whole.vector.grad, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(states, whole.vector.state, rtol=1e-10, atol=1e-14)


def test_dropout_depends_on_seed_step_and_shard():
    def outputs(seed, step, shard_size=4):
        engine = ShardedModel(small_network(dropout=0.5), shard_size=shard_size, seed=seed)
        x = np.repeat(batch(1)[0], 8, axis=0)  # all images alike: only the mask differs
        return engine.gradient(8, loader(x, np.zeros(8, int)), step=step).outputs

    first = outputs(0, 0)
    assert np.array_equal(first, outputs(0, 0))
    assert not np.array_equal(first, outputs(0, 1))
    assert not np.array_equal(first, outputs(1, 0))
    assert not np.array_equal(first[:4], first[4:])


def test_running_statistics_are_the_mean_over_shards():
    model = small_network(np.float64, batch_norm=True)
    norm = model["norm"]
    before = norm.running_mean.data.copy()
    expected = []
    x, _ = batch(8, np.float64)
    for part in (x[:4], x[4:]):
        copied = model.astype(np.float64)
        copied.forward(part)
        expected.append(copied["norm"].running_mean.data)
    gradient(model, n=8, threads=2, shard_size=4)
    assert not np.allclose(before, norm.running_mean.data)
    np.testing.assert_allclose(norm.running_mean.data, np.mean(expected, axis=0), rtol=1e-12)


def test_an_error_in_a_shard_reaches_the_caller_with_its_path():
    engine = ShardedModel(small_network(), threads=2, shard_size=4)

    def load(lo, hi):
        x, labels = batch(32)
        return (x[lo:hi, ..., :2] if lo == 8 else x[lo:hi]), labels[lo:hi]

    with pytest.raises(LayerError, match=r"^conv \(Conv2d\): expected 3 channels, got 2"):
        engine.gradient(32, load)
    x, labels = batch(8)  # and the engine still works
    assert np.isfinite(engine.gradient(8, loader(x, labels)).loss)


def test_a_parameter_that_is_not_finite_is_named():
    engine = ShardedModel(small_network())
    engine.model["fire"].squeeze.weight.data[0, 0, 1, 2] = np.inf
    with pytest.raises(LayerError, match=r"fire\.squeeze\.weight has values that are not finite"):
        engine.gradient(8, loader(*batch(8)))


@pytest.mark.parametrize(("option", "value"), [("threads", 0), ("shard_size", 0)])
def test_numbers_below_one_are_refused(option, value):
    with pytest.raises(ValueError, match=f"{option} must be at least 1, got 0"):
        ShardedModel(small_network(), **{option: value})


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="at least one sample"):
        ShardedModel(small_network()).gradient(0, loader(*batch(0)))


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 100, 128, 129])
def test_shards_cover_the_batch_and_are_balanced(n):
    edges = shard_edges(n, 16)
    sizes = np.diff(edges)
    assert edges[0] == 0
    assert edges[-1] == n
    assert 1 <= sizes.min() <= sizes.max() <= 16
    assert sizes.max() - sizes.min() <= 1


def test_threads_follow_the_environment(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert usable_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert usable_threads() >= 1


BANDS = {
    "imagenet": lambda: SqueezeNet("1.1", 7, "imagenet"),
    "7x7": lambda: SqueezeNet("1.0", 7, "imagenet"),
    "tiny, bypass": lambda: squeezenet_tiny(bypass="complex"),
    "batch norm": lambda: squeezenet_tiny(batch_norm=True),
    "layers of all kinds": lambda: small_network(batch_norm=True),
    "layers that know nothing of teams between others": lambda: Sequential(
        *[part for _ in range(3) for part in (slow_convolution(), ReLU(), MaxPool2d(3, 1, 1))],
        GlobalAvgPool2d(),
    ),
    "conv10 padded": lambda: SqueezeNet("1.0", 7, "imagenet", conv10_padding=1),
}


def slow_convolution():
    """Threads are not at the same place of it at the same time."""
    return Conv2d(3, 3, 5, padding=2, rng=np.random.default_rng(0))


SLOW_BANDS = ("imagenet", "conv10 padded")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW_BANDS else ()) for n in BANDS]
)
def test_threads_that_share_an_image_give_the_same_bits(name):
    model = BANDS[name]()
    rng = np.random.default_rng(0)
    for path, parameter in model.named_parameters():
        if path.endswith("bias"):
            parameter.data = rng.normal(0, 0.1, parameter.shape).astype(np.float32)
    for size in (61, 32):
        one = rng.normal(size=(2, size, size - 5, 3)).astype(np.float32)
        for threads in (3, 4, 16):
            engine = ShardedModel(model, threads=threads)
            for x in (one, -one, one[:, ::-1].copy()):  # the first is recorded, then repeated
                load = partial(images, x)
                expected = ShardedModel(model, threads=1, shard_size=1).outputs(2, load)
                np.testing.assert_allclose(expected, model.eval().forward(x), rtol=1e-4, atol=1e-5)
                assert engine.outputs(2, load).tobytes() == expected.tobytes()
            engine.close()


def test_an_error_in_a_shared_image_reaches_the_caller_once():
    engine = ShardedModel(squeezenet_tiny(), threads=3)
    x = np.zeros((1, 32, 32, 3), np.float32)
    engine.outputs(1, lambda lo, hi: x)
    with pytest.raises(LayerError, match="expected 3 channels, got 2"):
        engine.outputs(1, lambda lo, hi: x[..., :2].copy())
    assert engine.outputs(1, lambda lo, hi: x).shape == (1, 10)  # and the engine still works


def test_nobody_waits_for_a_thread_that_failed():
    engine = ShardedModel(squeezenet_tiny(), threads=3)
    x = np.zeros((1, 40, 40, 3), np.float32)
    forward = engine._workers[2].model.features["fire2"].forward

    def fail(x):
        raise RuntimeError("a thread of three")

    object.__setattr__(engine._workers[2].model.features["fire2"], "forward", fail)
    with pytest.raises(RuntimeError, match="a thread of three"):
        engine.outputs(1, lambda lo, hi: x)
    object.__setattr__(engine._workers[2].model.features["fire2"], "forward", forward)
    assert np.isfinite(engine.outputs(1, lambda lo, hi: x)).all()


@pytest.mark.parametrize("n", [1, 2, 7, 8, 32, 33, 80, 96, 100, 128, 1000])
@pytest.mark.parametrize("cores", [1, 2, 4, 8])
@pytest.mark.parametrize("pixels", [8, 32, 224])
def test_automatic_shards_fit_the_cache_and_keep_the_cores_busy(n, cores, pixels):
    edges = shard_edges(n, automatic_shard_size(n, (1, pixels, pixels, 3), cores))
    sizes = np.diff(edges)
    assert sizes.sum() == n
    assert max(sizes) * pixels**2 <= max(2**15, pixels**2)
    rounds = -(-len(sizes) // cores)
    assert rounds * max(sizes) <= 1.34 * n / cores + 1  # not far from a perfect balance


def test_the_number_of_threads_does_not_choose_the_shards():
    x, labels = batch(21)
    results = []
    for threads in (1, 5):
        engine = ShardedModel(small_network(dropout=0.5), threads=threads)
        results.append(engine.gradient(21, loader(x, labels)).outputs.tobytes())
    assert results[0] == results[1]
    assert usable_cores() >= 1


def test_numba_starts_no_threads_of_its_own():
    """The kernels are serial: no setting of Numba's threading layer can be in the way."""
    code = (
        "import numba, numpy as np\n"
        "from mydl.models import squeezenet_tiny\n"
        "from mydl.parallel import ShardedModel\n"
        "engine = ShardedModel(squeezenet_tiny(), threads=2)\n"
        "x = np.zeros((4, 32, 32, 3), np.float32)\n"
        "engine.gradient(4, lambda lo, hi: (x[lo:hi], np.zeros(hi - lo, int)))\n"
        "engine.outputs(1, lambda lo, hi: x[lo:hi])\n"
        "numba.threading_layer()\n"
    )
    environment = os.environ | {"NUMBA_THREADING_LAYER": "no such layer", "NUMBA_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert b"Threading layer is not initialized" in run.stderr.splitlines()[-1]


def test_blas_works_on_one_thread_while_the_engine_does():
    seen = []

    class Spy(Linear):
        def forward(self, x):
            libraries = [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]
            seen.append(libraries)
            return super().forward(x)

    with threadpool_limits(2, "blas"):
        model = Spy(3, 2, rng=np.random.default_rng(0))
        engine = ShardedModel(model, threads=2, shard_size=4)
        engine.outputs(8, lambda lo, hi: np.ones((hi - lo, 3), np.float32))
        after = [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]
    assert seen
    assert all(number == 1 for libraries in seen for number in libraries)
    assert all(number == 2 for number in after)
