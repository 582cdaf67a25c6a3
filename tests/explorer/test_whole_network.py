"""The page's terms and differences in whole SqueezeNets, as the explorer traces them."""

import numpy as np
import pytest

from mydl.explorer.payload import payload
from mydl.explorer.trace import trace
from mydl.models import squeezenet_tiny

from .questions import assert_adds_up, every_kind_of_question, targets

NETWORKS = {
    "plain": {},
    "simple bypass": {"bypass": "simple", "final_relu": True},
    "complex bypass with batch norm": {"bypass": "complex", "batch_norm": True},
}


def traced(options):
    """The payload of a network with random biases and statistics, and an image of noise."""
    network = squeezenet_tiny(num_classes=4, dropout=0.5, **options)
    rng = np.random.default_rng(7)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.data = rng.normal(0, 0.1, parameter.shape)
    for _, buffer in network.named_buffers():
        buffer.data = rng.uniform(0.5, 1.5, buffer.shape)
    pixels = rng.normal(size=(32, 32, 3)).astype(np.float32)
    picture = np.zeros((32, 32, 3), np.uint8)
    return payload(trace(network, pixels, label=2), picture, "noise", ["a", "b", "c", "d"])


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
def test_terms_add_up_in_a_whole_network(ask, options):
    network = traced(options)
    rng = np.random.default_rng(8)
    questions = every_kind_of_question(network, rng)
    questions = [questions[at] for at in rng.permutation(len(questions))[:400]]
    for question, answer in zip(questions, ask(network, questions), strict=True):
        assert_adds_up(question, answer)


@pytest.mark.parametrize("options", NETWORKS.values(), ids=NETWORKS)
def test_differences_are_the_library_s_gradients_in_a_whole_network(ask, options):
    network = traced(options)
    rng = np.random.default_rng(9)
    asked = list(targets(network, rng))
    asked = [asked[at] for at in rng.permutation(len(asked))[:12]]
    answers = ask(network, [["finiteDifference", target] for target, _ in asked])
    for (target, gradient), answer in zip(asked, answers, strict=True):
        difference = answer.get("held", answer["difference"])
        assert difference == pytest.approx(gradient, rel=1e-4, abs=1e-6), target
    assert any(gradient for _, gradient in asked)
