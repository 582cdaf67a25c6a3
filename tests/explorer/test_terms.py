"""The page's terms add up to what the library computed, for every kind of layer."""

import re

import numpy as np
import pytest

from mydl.kernels.im2col import im2col_reference
from mydl.layers import MaxPool2d, ReLU

from .networks import CONVOLUTIONS, NETWORKS, classified, drawn, fire, image, single
from .questions import assert_adds_up, every_kind_of_question
from .tape import Tape

TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.mark.parametrize("name", NETWORKS)
def test_terms_add_up_to_what_the_library_computed(ask, name):
    payload = NETWORKS[name]()
    questions = every_kind_of_question(payload, np.random.default_rng(3))
    answers = ask(payload, questions)
    for question, answer in zip(questions, answers, strict=True):
        assert_adds_up(question, answer)
    # Something else than zeros was added up, by each of the functions.
    for function in {question[0] for question in questions}:
        sums = [a["sum"] for q, a in zip(questions, answers, strict=True) if q[0] == function]
        assert any(sums)


@pytest.mark.parametrize("name", ["conv2d padded", "conv2d same", "conv2d uneven"])
def test_im2col_rows_are_those_of_the_reference(ask, name):
    payload = NETWORKS[name]()
    layer = payload["layers"][0]
    window = layer["window"]
    h_out, w_out, _ = payload["values"][layer["output"]]["shape"]
    cols = np.empty((1, h_out, w_out, *window["kernel"], 3), np.float32)
    (top, _), (left, _) = window["pads"]
    im2col_reference(image()[None], cols, window["stride"], (top, left))
    pixels = [(p, q) for p in range(h_out) for q in range(w_out)]
    rows = ask(payload, [["im2colRow", layer, pixel] for pixel in pixels])
    for pixel, row in zip(pixels, rows, strict=True):
        assert [entry["x"] for entry in row] == cols[0][pixel].ravel().tolist()
        for entry in row:
            assert entry["x"] == cols[(0, *pixel, *entry["window"])]
            if entry["at"] is None:
                assert entry["x"] == 0
            else:
                assert entry["x"] == image()[tuple(entry["at"])]


def test_a_term_says_which_cells_its_factors_are(ask):
    payload = single("conv2d", CONVOLUTIONS["padded"])
    weight = drawn(CONVOLUTIONS["padded"]).weight.data
    corner, dx, dw = ask(
        payload,
        [
            ["forwardTerms", "conv2d0", [0, 0, 2]],
            ["inputGradientTerms", 0, [3, 4, 1]],
            ["weightGradientTerms", "conv2d0", [0, 1, 2, 3]],
        ],
        terms=True,
    )
    assert len(corner["terms"]) == 3 * 3 * 3
    for term in corner["terms"]:
        assert term["w"] == weight[tuple(term["wAt"])]
        assert term["wOf"] == "weight"
        i, j, c, k = term["wAt"]
        assert k == 2
        if i == 0 or j == 0:  # the row above and the column to the left of the image
            assert term["at"] is None
            assert term["label"] == f"padding {TIMES} w[{i}, {j}, {c}, 2]"
            assert term["product"] == 0
        else:
            assert term["at"] == [i - 1, j - 1, c]
            assert term["x"] == image()[i - 1, j - 1, c]
            assert term["label"] == f"x[{i - 1}, {j - 1}, {c}] {TIMES} w[{i}, {j}, {c}, 2]"
    assert len(dx["terms"]) == 3 * 3 * 4
    for term in dx["terms"]:
        p, q, k = term["at"]
        assert (term["of"], term["from"], term["layer"]) == ("grad", 1, 0)
        assert term["wAt"] == [3 + 1 - p, 4 + 1 - q, 1, k]
    assert len(dw["terms"]) == 7 * 8
    for term in dw["terms"]:
        p, q, k = term["wAt"]
        assert (term["wOf"], k) == ("grad", 3)
        assert term["at"] == (None if p == 0 else [p - 1, q, 2])


def test_the_first_of_equal_cells_wins_a_maximum(ask):
    tape = Tape(np.full((3, 5, 1), 2.0))
    payload = classified(tape, tape.call("maxpool2d", MaxPool2d(3, 2), tape.image))
    first, winner, loser = ask(
        payload,
        [
            ["forwardTerms", 0, [0, 1, 0]],
            ["inputGradientTerms", 0, [0, 2, 0]],
            ["inputGradientTerms", 0, [1, 2, 0]],
        ],
        terms=True,
    )
    assert [term["winner"] for term in first["terms"]] == [True] + 8 * [False]
    assert [term["product"] for term in first["terms"]] == [2.0] + 8 * [0.0]
    # Column 2 is read by both windows: it lost the left one to column 0 and won the right one.
    assert [term["winner"] for term in winner["terms"]] == [False, True]
    assert [term["winnerAt"] for term in winner["terms"]] == [[0, 0, 0], [0, 2, 0]]
    assert winner["sum"] == winner["value"] != 0
    assert [term["winner"] for term in loser["terms"]] == [False, False]
    assert loser["sum"] == loser["value"] == 0


def test_a_pixel_that_wins_several_windows_collects_from_each(ask):
    peak = np.zeros((5, 5, 1))
    peak[2, 2] = 1
    tape = Tape(peak)
    payload = classified(tape, tape.call("maxpool2d", MaxPool2d(3, 2), tape.image))
    (answer,) = ask(payload, [["inputGradientTerms", 0, [2, 2, 0]]], terms=True)
    assert [term["at"] for term in answer["terms"]] == [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]]
    assert all(term["winner"] for term in answer["terms"])
    assert_adds_up("peak", answer)


def test_padding_never_wins_a_maximum(ask):
    tape = Tape(np.full((3, 3, 1), -1.0))
    payload = classified(tape, tape.call("maxpool2d", MaxPool2d(3, 1, padding=1), tape.image))
    (answer,) = ask(payload, [["forwardTerms", 0, [0, 0, 0]]], terms=True)
    assert [term["x"] for term in answer["terms"][:4]] == 4 * ["-Infinity"]
    assert [term["winner"] for term in answer["terms"]].index(True) == 4
    assert answer["sum"] == -1


def test_a_relu_cuts_what_is_not_above_zero(ask):
    tape = Tape(np.array([-1.0, 0.0, 2.0]).reshape(1, 3, 1))
    payload = classified(tape, tape.call("relu", ReLU(), tape.image))
    asked = [[f, 0, [0, j, 0]] for f in ("forwardTerms", "inputGradientTerms") for j in range(3)]
    answers = ask(payload, asked, terms=True)
    assert [answer["terms"][0]["passes"] for answer in answers] == 2 * [False, False, True]
    assert [answer["sum"] for answer in answers[:5]] == [0, 0, 2, 0, 0]
    assert answers[5]["terms"][0]["x"] == answers[5]["value"] != 0


def test_a_value_that_several_layers_read_collects_from_all_of_them(ask):
    payload = fire()
    layers = payload["layers"]
    squeezed, image_cell, doubled = ask(
        payload,
        [
            ["inputGradientTerms", 2, [3, 3, 1]],
            ["inputGradientTerms", 0, [2, 2, 0]],
            ["inputGradientTerms", 8, [0, 0, 0]],
        ],
        terms=True,
    )
    assert layers[8 - 1]["kind"] == "add"
    assert len(squeezed["terms"]) == 1 + 3 * 9  # one filter of 1x1, three of 3x3
    assert {layers[term["layer"]]["kind"] for term in image_cell["terms"]} == {"conv2d", "add"}
    assert len(doubled["terms"]) == 2  # added to itself
    for answer in (squeezed, image_cell, doubled):
        assert_adds_up("several", answer)


def test_the_loss_is_that_of_the_right_class_and_its_gradient_p_minus_y(ask):
    payload = single("relu", ReLU())
    loss, of_loss, right, wrong = ask(
        payload,
        [
            ["forwardTerms", 3, []],
            ["inputGradientTerms", 4, []],
            ["inputGradientTerms", 3, [1]],
            ["inputGradientTerms", 3, [0]],
        ],
        terms=True,
    )
    assert [term["w"] for term in loss["terms"]] == [0, 1, 0]
    assert loss["sum"] == pytest.approx(payload["loss"], abs=1e-6)
    assert of_loss["sum"] == of_loss["value"] == 1
    assert [term["of"] for term in right["terms"]] == ["probability", "target"]
    assert [term["product"] for term in right["terms"]][1] == -1
    assert [term["product"] for term in wrong["terms"]][1] == 0


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (["forwardTerms", 0, [7, 0, 0]], r"There is no cell \(7, 0, 0\) in the output of conv2d0"),
        (["forwardTerms", 0, [0, 0]], r"whose shape is \(7, 8, 4\)\."),
        (["inputGradientTerms", 0, [0, -1, 0]], r"There is no cell \(0, -1, 0\) in value0"),
        (["weightGradientTerms", 0, [0, 0, 0, 0.5]], "There is no cell"),
        (["weightGradientTerms", 1, [0]], "flatten1 has no weight"),
        (["biasGradientTerms", 3, [0]], "has no bias"),
        (["finiteDifference", {"value": 0, "index": [9, 9, 9]}], "There is no cell"),
        (["finiteDifference", {"layer": 1, "parameter": "bias", "index": [0]}], "bias of flatten1"),
    ],
)
def test_what_is_not_there_is_named(ask, question, message):
    (answer,) = ask(single("conv2d", CONVOLUTIONS["padded"]), [question])
    assert re.search(message, answer["error"])


def test_data_of_another_format_are_refused(ask):
    answer = ask({"format": 2}, [])
    assert answer["error"] == "This page reads data of format 1, but the format is 2."
