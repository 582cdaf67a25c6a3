"""What is frozen stays as it is to the last bit, and what learns learns as if nothing were."""

import dataclasses

import numpy as np
import pytest

from mydl.layers import Sequential
from mydl.models import squeezenet_tiny
from mydl.training.config import TrainingConfig
from mydl.training.frozen import frozen_parameters, split
from mydl.training.trainer import Trainer

QUICK = TrainingConfig(
    data="stripes", epochs=2, batch_size=16, shard_size=4, lr=0.02, schedule="constant"
)


class Nobody:
    def on_step(self, report): ...
    def on_epoch(self, report): ...
    def on_note(self, note): ...


def fit(dataset, config, **options):
    """A trained network: its state before and after, and the run."""
    trainer = Trainer(config, dataset, **options)
    before = trainer.model.state_dict()
    assert trainer.fit(Nobody())
    return before, trainer.model.state_dict(), trainer


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "muon"])
@pytest.mark.parametrize(
    "freeze", [("features",), ("features.conv1", "features.fire2"), ("features.fire3",)]
)
def test_what_is_frozen_stays_and_the_rest_moves(stripes, freeze, optimizer):
    config = dataclasses.replace(
        QUICK, freeze=freeze, optimizer=optimizer, weight_decay=0.1, batch_norm=False, epochs=1
    )
    before, after, trainer = fit(stripes, config)
    frozen = frozen_parameters(trainer.model, freeze)
    assert frozen
    for path, values in after.items():
        assert np.array_equal(values, before[path]) == (path in frozen), path


def test_frozen_leading_layers_keep_their_running_statistics(stripes):
    before, after, _ = fit(stripes, dataclasses.replace(QUICK, freeze=("features.conv1",)))
    for path in before:
        moved = not np.array_equal(before[path], after[path])
        assert moved == (not path.startswith("features.conv1."))


def test_one_frozen_bias_stays(stripes):
    path = "classifier.conv10.bias"
    before, after, _ = fit(stripes, dataclasses.replace(QUICK, freeze=(path,)))
    assert [name for name in after if np.array_equal(before[name], after[name])] == [path]


def test_what_learns_gets_the_gradient_that_it_would_get_anyway(stripes):
    """Without batch norm, leading layers compute the same whether they are frozen or not."""
    plain = Trainer(dataclasses.replace(QUICK, batch_norm=False), stripes)
    frozen = Trainer(
        dataclasses.replace(QUICK, batch_norm=False, freeze=("features.conv1", "features.fire2")),
        stripes,
    )
    for trainer in (plain, frozen):
        trainer.take_step(np.arange(16), epoch=0)
    gradients = {path: p.grad for path, p in plain.model.named_parameters()}
    places = frozen.engine.vector.slices
    assert set(gradients) - set(places) == {
        path for path in gradients if path.startswith(("features.conv1.", "features.fire2."))
    }
    for path, place in places.items():
        np.testing.assert_allclose(
            frozen.engine.vector.grad[place], gradients[path].ravel(), rtol=1e-4, atol=1e-6
        )


def test_the_evaluation_is_that_of_the_whole_network(stripes):
    _, _, trainer = fit(stripes, dataclasses.replace(QUICK, freeze=("features.conv1",)))
    evaluation = trainer.evaluate("test")
    logits = trainer.model.eval().forward(stripes.inputs(stripes.test_images))
    accuracy = (logits.argmax(axis=1) == stripes.test_labels).mean()
    assert evaluation.accuracy == pytest.approx(accuracy)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(
        evaluation.probabilities,
        shifted / shifted.sum(axis=1, keepdims=True),
        rtol=1e-3,
        atol=1e-5,
    )


def test_the_same_bits_for_any_number_of_threads(stripes):
    config = dataclasses.replace(QUICK, freeze=("features",), dropout=0.5)
    weights = [
        fit(stripes, config, threads=threads)[2].engine.vector.data.tobytes()
        for threads in (1, 2, 3)
    ]
    assert weights[0] == weights[1] == weights[2]


def test_layers_without_parameters_go_with_those_before_them_but_dropout_does_not():
    network = squeezenet_tiny(dropout=0.5)
    stem, trained = split(network, frozen_parameters(network, ["features"]))
    assert stem is not None
    assert isinstance(trained, Sequential)
    assert list(trained.children()) == [
        "classifier.dropout9", "classifier.conv10", "classifier.pool10",
    ]  # fmt: skip
    assert trained["classifier.conv10"] is network.classifier["conv10"]
    assert network.classifier["conv10"].path == "classifier.conv10"


def test_nothing_is_parted_where_the_first_layer_learns():
    network = squeezenet_tiny()
    for freeze in ([], ["features.fire3"], ["classifier.conv10.bias"]):
        assert split(network, frozen_parameters(network, freeze)) == (None, network)


def test_both_parts_make_the_network():
    network = squeezenet_tiny(bypass="simple")
    frozen = frozen_parameters(network, ["features.conv1", "features.fire2", "features.fire3"])
    stem, trained = split(network, frozen)
    x = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    network.eval()
    y = trained.forward(stem.forward(x))
    np.testing.assert_allclose(y, network.forward(x), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        (
            ["feature"],
            "no parameter is at 'feature'; there are features, classifier, features.conv1",
        ),
        (["features.fire"], "no parameter is at 'features.fire'"),
        (["features.pool1"], "no parameter is at 'features.pool1'"),
        ([""], "no parameter is at ''"),
        (["features", "classifier"], "features, classifier leaves no parameter to train"),
    ],
)
def test_paths_that_cannot_be_frozen(freeze, message):
    with pytest.raises(ValueError, match=message):
        frozen_parameters(squeezenet_tiny(), freeze)
