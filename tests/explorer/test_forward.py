"""The page's forward pass in float64, and its finite differences against the backward pass."""

import numpy as np
import pytest

from mydl.layers import MaxPool2d, ReLU

from .networks import NETWORKS, classified, fire, single
from .questions import read_array, targets
from .tape import Tape


@pytest.mark.parametrize("name", NETWORKS)
def test_differences_are_the_library_s_gradients(ask, name):
    payload = NETWORKS[name]()
    asked = list(targets(payload, np.random.default_rng(5)))
    answers = ask(payload, [["finiteDifference", target] for target, _ in asked])
    assert not any(answer["kinks"] for answer in answers)
    for (target, gradient), answer in zip(asked, answers, strict=True):
        difference = answer["difference"]
        assert difference == pytest.approx(gradient, rel=1e-4, abs=1e-6), target
        assert difference == (answer["plus"] - answer["minus"]) / (2 * answer["h"])
    assert any(answer["difference"] for answer in answers)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_forward_pass_from_any_value_ends_at_the_library_s_loss(ask, name):
    payload = NETWORKS[name]()
    data = [read_array(payload, value["data"]) for value in payload["values"]]
    questions = [["forwardFrom", at, each.ravel().tolist()] for at, each in enumerate(data)]
    losses = ask(payload, questions)
    assert losses == pytest.approx(len(data) * [payload["loss"]], rel=1e-5, abs=1e-6)
    (changed,) = ask(payload, [["forwardFrom", 0, (data[0] + 1).ravel().tolist()]])
    assert changed != pytest.approx(payload["loss"], rel=1e-3)


def test_the_step_can_be_chosen_and_follows_the_size_of_the_cell(ask):
    tape = Tape(np.array([1.0, -1.0, 3000.0]).reshape(1, 3, 1))
    payload = classified(tape, tape.call("relu", ReLU(), tape.image))
    small, large, chosen = ask(
        payload,
        [
            ["finiteDifference", {"value": 0, "index": [0, 0, 0]}],
            ["finiteDifference", {"value": 0, "index": [0, 2, 0]}],
            ["finiteDifference", {"value": 0, "index": [0, 0, 0]}, 0.25],
        ],
    )
    assert [small["h"], large["h"], chosen["h"]] == [1e-5, pytest.approx(0.03), 0.25]


def test_a_kink_between_the_two_sides_is_reported(ask):
    tape = Tape(np.array([0.0, 1.0, 5.0, 5.0]).reshape(1, 4, 1))
    cut = tape.call("relu", ReLU(), tape.image)
    payload = classified(tape, tape.call("maxpool2d", MaxPool2d((1, 2)), cut))
    wide = ["finiteDifference", {"value": 0, "index": [0, 1, 0]}, 2.0]
    questions = [["finiteDifference", {"value": 0, "index": [0, j, 0]}] for j in range(4)]
    answers = ask(payload, [*questions, wide])
    kinks = [answer["kinks"] for answer in answers]
    assert kinks == [["relu0"], [], ["maxpool2d1"], ["maxpool2d1"], ["relu0", "maxpool2d1"]]
    # At a tie the loss rises on one side only. The library gives all of it to the first cell.
    first, second = answers[2:4]
    gradient = read_array(payload, payload["values"][0]["grad"])
    assert first["difference"] == pytest.approx(gradient[0, 2, 0] / 2, rel=1e-4)
    assert second["difference"] == pytest.approx(gradient[0, 2, 0] / 2, rel=1e-4)
    assert first["held"] == pytest.approx(gradient[0, 2, 0], rel=1e-4)
    assert second["held"] == gradient[0, 3, 0] == 0
    assert "held" not in answers[1]


def test_a_weight_is_moved_in_its_own_layer_only(ask):
    payload = fire()
    data = read_array(payload, payload["values"][1]["data"]).astype(float)
    index = [0, 0, 3, 1]
    target = {"layer": 0, "parameter": "weight", "index": index}
    image = read_array(payload, payload["values"][0]["data"])
    data[:, :, 1] += 1e-3 * image[:, :, 3]  # what moving w[0, 0, 3, 1] by 1e-3 does to its output
    by_hand, answer = ask(
        payload, [["forwardFrom", 1, data.ravel().tolist()], ["finiteDifference", target, 1e-3]]
    )
    assert answer["plus"] == pytest.approx(by_hand, rel=1e-6)


def test_a_difference_beyond_a_kink_need_not_be_the_gradient(ask):
    payload = single("relu", ReLU())
    x, gradient = (read_array(payload, payload["values"][0][name]) for name in ("data", "grad"))
    index = [int(i) for i in np.unravel_index(np.abs(gradient).argmax(), x.shape)]
    step = 10 * abs(float(x[tuple(index)]))
    near, far = ask(
        payload,
        [
            ["finiteDifference", {"value": 0, "index": index}],
            ["finiteDifference", {"value": 0, "index": index}, step],
        ],
    )
    assert near["kinks"] == []
    assert near["difference"] == pytest.approx(gradient[tuple(index)], rel=1e-4)
    assert far["kinks"] == ["relu0"]
    assert far["difference"] != pytest.approx(gradient[tuple(index)], rel=1e-2)
