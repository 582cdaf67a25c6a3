"""The fused network computes what the layers it replaces compute."""

import copy

import numpy as np
import pytest

from mydl.fused import Evaluator, Workspace, fuse
from mydl.fused.layers import (
    FusedAverage,
    FusedAverageConv,
    FusedFire,
    FusedFirst,
    FusedMaxPool,
    FusedPointwise,
)
from mydl.fused.scratch import Scratch
from mydl.layer import LayerError
from mydl.layers import (
    BatchNorm2d,
    Bypass,
    Conv2d,
    Fire,
    Flatten,
    GlobalAvgPool2d,
    MaxPool2d,
    ReLU,
    Sequential,
)
from mydl.losses import SoftmaxCrossEntropy
from mydl.models import SqueezeNet, squeezenet_tiny

NETWORKS = {
    "tiny": lambda: squeezenet_tiny(),
    "1.1": lambda: SqueezeNet("1.1", 10, "cifar", final_relu=False, dropout=0.5),
    "1.0": lambda: SqueezeNet("1.0", 10, "cifar"),
    "imagenet": lambda: SqueezeNet("1.1", 7, "imagenet"),
    "simple bypass": lambda: squeezenet_tiny(bypass="simple"),
    "complex bypass": lambda: squeezenet_tiny(bypass="complex"),
    "batch norm": lambda: squeezenet_tiny(batch_norm=True),
    "1.1, batch norm, bypass": lambda: SqueezeNet(
        "1.1", 10, "cifar", bypass="complex", batch_norm=True, final_relu=False, dropout=0.0
    ),
}


def with_random_biases(network):
    """Zero biases would put a ReLU on its kink, where rounding decides which way it goes."""
    rng = np.random.default_rng(5)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.data = rng.normal(0, 0.1, parameter.shape).astype(np.float32)
    return network


def gradients(network, parameters, x, labels):
    loss = SoftmaxCrossEntropy()
    for layer_name, layer in network.named_layers():
        if layer_name.endswith("dropout9"):
            layer.rng = np.random.default_rng(3)
    outputs = network.forward(x)
    value = loss.forward(outputs, labels)
    network.backward(loss.backward())
    return outputs, value, [parameter.grad.copy() for parameter in parameters]


def worst_errors(name, size, seed):
    """Relative errors against float64 of the fused network: of outputs, and worst of gradients."""
    plain = with_random_biases(NETWORKS[name]())
    exact = plain.astype(np.float64)
    replica = copy.deepcopy(plain)
    parameters = replica.parameters()
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3, size, size, 3)).astype(np.float32)
    labels = rng.integers(0, 7, 3)
    outputs, loss, ours = gradients(fuse(replica), parameters, x, labels)
    right, exact_loss, theirs = gradients(exact, exact.parameters(), x.astype(np.float64), labels)
    assert loss == pytest.approx(exact_loss, rel=1e-5)
    # Some gradients in front of a batch norm are truly zero: measure them by the others' size.
    usual = np.median([np.sqrt(np.mean(g**2)) for g in theirs])
    errors = [
        np.linalg.norm(mine - other) / max(np.linalg.norm(other), usual * np.sqrt(other.size))
        for mine, other in zip(ours, theirs, strict=True)
    ]
    return np.linalg.norm(outputs - right) / np.linalg.norm(right), max(errors)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [32, 37])
def test_a_network_gives_the_same_loss_and_gradients(name, size):
    """Rounding can send a value over a kink; in one of a few draws none lies so near to one."""
    for seed in range(6):
        outputs, worst = worst_errors(name, size, seed)
        assert outputs < 1e-4
        if worst < 1e-4:
            return
    pytest.fail(f"gradients differ from those in float64 by {worst:.1e}")


def test_what_is_fused():
    network = fuse(SqueezeNet("1.1", 10, "cifar", final_relu=False))
    kinds = {name: type(layer) for name, layer in network.features.children().items()}
    assert kinds["conv1"] is FusedFirst
    assert kinds["pool3"] is FusedMaxPool
    assert {kinds[f"fire{i}"] for i in range(2, 10)} == {FusedFire}
    assert type(network.classifier["conv10"]) is FusedAverageConv
    assert "relu1" not in kinds
    imagenet = fuse(SqueezeNet("1.1", 10, "imagenet"))
    kinds = [type(layer) for layer in imagenet.classifier.children().values()]
    assert kinds[1:] == [FusedPointwise, FusedAverage]


def test_what_stays_as_it_is():
    double = squeezenet_tiny(dtype=np.float64)
    assert fuse(double) is double
    assert type(double.features["fire2"]) is Fire
    chain = fuse(Sequential(Flatten(), Conv2d(2, 3, 3), BatchNorm2d(3), MaxPool2d(17)))
    assert [type(layer) for layer in chain.children().values()] == [
        Flatten, Conv2d, BatchNorm2d, MaxPool2d,
    ]  # fmt: skip


def test_subclasses_keep_their_own_passes():
    """A student's layer in a network is what is trained, not the layer it derives from."""

    class MyConv(Conv2d):
        pass

    class MyPool(MaxPool2d):
        pass

    class MyFire(Fire):
        pass

    class MyReLU(ReLU):
        pass

    class MyAverage(GlobalAvgPool2d):
        pass

    chains = [
        Sequential(MyConv(3, 4, 3), ReLU(), MaxPool2d(2)),
        Sequential(Conv2d(3, 4, 3), MyReLU(), MyPool(2)),
        Sequential(Sequential(Conv2d(3, 4, 3, bias=False), BatchNorm2d(4)), MyReLU(), MyPool(2)),
        Sequential(MyFire(3, 4, 5, 6), Conv2d(11, 2, 1), MyAverage()),
        Sequential(MyFire(3, 4, 5, 6), MyConv(11, 2, 1), GlobalAvgPool2d()),
    ]
    for chain in chains:
        before = [type(layer) for layer in chain.children().values()]
        fused = [type(layer) for layer in fuse(chain).children().values()]
        fusible = MaxPool2d, GlobalAvgPool2d, FusedMaxPool, FusedAverage
        left, kept = ([k for k in kinds if k not in fusible] for kinds in (fused, before))
        assert left == kept


def test_the_algorithm_that_a_user_chose_is_kept():
    network = squeezenet_tiny()
    network.features["fire2"].expand3x3.algorithm = "im2col"
    network.features["conv1"].algorithm = "winograd"
    kinds = [type(layer) for layer in fuse(network).features.children().values()]
    assert kinds[:3] == [Conv2d, ReLU, FusedMaxPool]
    assert kinds[3] is Fire
    assert FusedFire in kinds


def test_batches_of_other_sizes_reuse_the_memory():
    plain = with_random_biases(squeezenet_tiny())
    fused = fuse(copy.deepcopy(plain))
    x = np.random.default_rng(1).normal(size=(8, 32, 32, 3)).astype(np.float32)
    for n in (3, 8, 1, 5):
        np.testing.assert_allclose(fused.forward(x[:n]), plain.forward(x[:n]), rtol=1e-4, atol=1e-5)


def test_evaluation_keeps_nothing():
    fused = fuse(squeezenet_tiny()).eval()
    fused.forward(np.zeros((1, 32, 32, 3), np.float32))
    with pytest.raises(LayerError, match="call train"):
        fused.backward(np.zeros((1, 10), np.float32))


def test_errors_name_the_layer_that_was_replaced():
    fire = Fire(8, 4, 8, 8)
    Sequential({"fire4": fire})
    with pytest.raises(LayerError, match=r"^fire4\.squeeze \(Conv2d\): .*expected 8 channels"):
        fuse(Sequential({"fire4": fire})).forward(np.zeros((1, 6, 6, 9), np.float32))


@pytest.mark.parametrize("batch_norm", [False, True])
def test_images_of_another_precision_are_refused(batch_norm):
    fused = fuse(squeezenet_tiny(batch_norm=batch_norm))
    with pytest.raises(LayerError, match=r"features\.conv1.*x is float64 but weight is float32"):
        fused.forward(np.zeros((1, 32, 32, 3)))


@pytest.mark.parametrize("batch_norm", [False, True])
def test_images_that_are_not_contiguous(batch_norm):
    fused = fuse(squeezenet_tiny(batch_norm=batch_norm)).eval()
    wide = np.random.default_rng(0).normal(size=(2, 32, 32, 6)).astype(np.float32)
    expected = fused.forward(wide[..., ::2].copy()).copy()
    np.testing.assert_array_equal(fused.forward(wide[..., ::2]), expected)


def test_outputs_take_turns_in_memory():
    scratch = Scratch()
    first = scratch.take_turns(np.zeros(4, np.float32), (2, 2), "y")
    second = scratch.take_turns(first, (2, 2), "y")
    assert not np.shares_memory(first, second)
    assert np.shares_memory(first, scratch.take_turns(second, (2, 2), "y"))
    assert not np.shares_memory(second, scratch.take_turns(first, (2, 2), "other y"))


def test_scratch_memory_is_aligned_and_keeps_its_names_apart():
    scratch = Scratch()
    arrays = [
        scratch.take("a", (3, 5)),
        scratch.take("b", (7,), np.uint8),
        scratch.take("c", (1 << 22,)),  # more than a block
        scratch.take("a", (100,)),  # grown: the first one is another array now
    ]
    for i, array in enumerate(arrays):
        assert array.ctypes.data % 64 == 0
        array[...] = i
    assert [array.min() for array in arrays] == [array.max() for array in arrays] == [0, 1, 2, 3]
    assert np.shares_memory(arrays[3], scratch.take("a", (2, 2)))


@pytest.mark.parametrize("training", [True, False])
def test_what_a_bypass_goes_around_stays_as_it_is(training):
    """Two fire modules inside use two places in memory: neither may be that of the bypass."""

    def make():
        rng = np.random.default_rng(0)
        inner = Sequential(Fire(16, 4, 8, 8, rng=rng), Fire(16, 4, 8, 8, rng=rng))
        around = Sequential(Fire(16, 4, 8, 8, rng=rng))
        fires = {"fire2": Fire(3, 4, 8, 8, rng=rng), "fire3": Bypass(inner, around)}
        chain = Sequential(fires | {"fire4": Fire(16, 4, 8, 8, rng=rng)})
        return with_random_biases(chain).train(training)

    plain, replica = make(), make()
    parameters = replica.parameters()
    fused = fuse(replica)
    x = np.random.default_rng(1).normal(size=(2, 9, 9, 3)).astype(np.float32)
    y = plain.forward(x)
    np.testing.assert_allclose(fused.forward(x), y, rtol=1e-4, atol=1e-5)
    if training:
        plain.backward(y)
        fused.backward(y)
        for ours, theirs in zip(parameters, plain.parameters(), strict=True):
            np.testing.assert_allclose(ours.grad, theirs.grad, rtol=1e-3, atol=1e-3)


RECORDED = ["tiny", "1.1", "1.0", "imagenet"]


def evaluator(model):
    """A rewritten copy, its parameters, and its evaluator."""
    replica, space = copy.deepcopy(model), Workspace()
    parameters = replica.parameters()
    fused = fuse(replica, space).eval()
    return fused, parameters, Evaluator(fused, space)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_record_gives_what_the_layers_give(name):
    """Other images, other weights and other shapes after the call that was recorded."""
    fused, parameters, evaluate = evaluator(with_random_biases(NETWORKS[name]()))
    rng = np.random.default_rng(0)
    for shape in ((2, 32, 32, 3), (1, 41, 37, 3), (2, 32, 32, 3), (2, 32, 32, 3)):
        for parameter in parameters:
            parameter.data *= np.float32(1.01)
        x = rng.normal(size=shape).astype(np.float32)
        expected = fused.forward(x).copy()
        np.testing.assert_array_equal(evaluate.forward(x), expected)
    complete = [program.is_complete() for program in evaluate._programs.values()]
    assert complete.count(True) == (2 if name in RECORDED else 0)


def test_records_of_many_shapes_do_not_pile_up():
    _, _, evaluate = evaluator(squeezenet_tiny())
    for size in range(32, 52):
        evaluate.forward(np.zeros((1, size, size, 3), np.float32))
    assert 0 < len(evaluate._programs) <= 9


def test_a_layer_of_ones_own_is_not_left_out_of_the_record():
    class Negative(ReLU):
        def forward(self, x):
            return np.minimum(x, 0)

    def make(**more):
        rng = np.random.default_rng(0)
        fires = {"fire2": Fire(16, 16, 16, 16, rng=rng), "fire3": Fire(32, 16, 16, 16, rng=rng)}
        last = {"conv10": Conv2d(32, 16, 1, rng=rng), "pool10": GlobalAvgPool2d()}
        return Sequential(fires | more | last)

    x = np.random.default_rng(1).normal(size=(2, 8, 8, 16)).astype(np.float32)
    for chain, complete in ((make(), True), (make(mine=Negative()), False)):
        _, _, evaluate = evaluator(chain)
        for factor in (1, 2, 3):
            outputs = evaluate.forward(factor * x)
            np.testing.assert_allclose(outputs, chain.forward(factor * x), rtol=1e-4, atol=1e-5)
        assert len(evaluate._programs) == complete


def test_channels_that_do_not_fill_vectors_are_not_recorded():
    chain = Sequential(Fire(5, 4, 8, 8), Fire(16, 4, 8, 8))
    _, _, evaluate = evaluator(chain)
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 5)).astype(np.float32)
    for factor in (1, 2, 3):
        outputs = evaluate.forward(factor * x)
        np.testing.assert_allclose(outputs, chain.forward(factor * x), rtol=1e-4, atol=1e-5)
    (program,) = evaluate._programs.values()
    assert not program.is_complete()
