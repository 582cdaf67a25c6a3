"""The report: true or false, a table for people, a dictionary and JSON for programs."""

import json

import numpy as np

from mydl.gradcheck import Entry, GradcheckReport, gradcheck
from mydl.layers import Linear, ReLU, Sequential


def entry(index, error=1e-9, verdict="passed", array="x", analytic=2.0):
    return Entry("fire2", array, index, analytic, 2.0, 6e-6, 1e-11, error, verdict)


def report(*entries, faults=()):
    sizes = {("fire2", e.array): 10 for e in entries}
    return GradcheckReport("Fire", "central", 1e-7, 3, list(entries), list(faults), sizes)


class Wrong(Linear):
    def backward(self, dy):
        dx = super().backward(dy)
        self.bias.grad[1] += 1
        return dx


def wrong_report():
    rng = np.random.default_rng(0)
    network = Sequential(
        {"first": Linear(3, 3, rng=rng), "relu": ReLU(), "last": Wrong(3, 2, rng=rng)}
    )
    return gradcheck(network, rng.normal(size=(4, 3)))


def test_true_only_if_every_array_was_checked_and_nothing_is_wrong():
    assert report(entry((0,)), entry((1,), verdict="kink"))
    assert not report(entry((0,)), entry((1,), error=0.5, verdict="wrong"))
    assert not report(entry((0,)), faults=["forward wrote into x"])
    assert not report(entry((0,)), entry((0,), verdict="kink", array="bias"))
    assert not report(entry((0,), verdict="kink"), entry("all 0"))


def test_failures_come_worst_first_and_nan_is_the_worst():
    found = report(
        entry((0,), 0.1, "wrong"), entry((1,), 0.9, "wrong"), entry((2,), float("nan"), "wrong")
    )
    assert [failure.index for failure in found.failures] == [(2,), (1,), (0,)]
    assert found.worst.index == (2,)


def test_a_summary_counts_entries_and_not_directions():
    (summary,) = report(
        entry((0,)), entry((1,), verdict="kink"), entry("all"), entry("all 0", 0.2, "wrong")
    ).arrays
    assert (summary.size, summary.checked, summary.kinks, summary.wrong) == (10, 1, 1, 1)
    assert summary.worst.index == "all 0"


def test_the_report_names_what_is_wrong():
    found = wrong_report()
    (failure,) = found.failures
    assert (failure.layer, failure.array, failure.index) == ("last", "bias", (1,))
    np.testing.assert_allclose(failure.analytic, failure.numeric + 1, rtol=1e-7)
    assert failure.step > 0
    np.testing.assert_allclose(
        failure.error, 1 / max(abs(failure.analytic), abs(failure.numeric)), rtol=1e-6
    )


def test_the_table_of_a_wrong_layer():
    lines = str(wrong_report()).splitlines()
    assert lines[0] == "Sequential(): FAILED (central differences, tolerance 1e-07, seed 0)"
    assert lines[1].split() == [
        *("layer", "array", "checked", "kinks", "error", "index", "analytic", "numeric", "step")
    ]
    assert [line.split()[:5] for line in lines[2:7]] == [
        ["Sequential", "x", "12", "of", "12"],
        ["first", "weight", "9", "of", "9"],
        ["first", "bias", "3", "of", "3"],
        ["last", "weight", "6", "of", "6"],
        ["last", "bias", "2", "of", "2"],
    ]
    assert lines[8] == "wrong derivatives: 1, the worst first"
    assert lines[10].split()[:2] == ["last", "bias"]
    assert len({line.index("(") for line in lines[2:7]}) == 1, "the columns are not aligned"


def test_the_table_shows_ten_failures_and_counts_all():
    text = str(report(*(entry((i,), 0.5, "wrong") for i in range(15))))
    assert "wrong derivatives: 15" in text
    assert text.count("5.0e-01") == 11


def test_faults_and_notes_are_printed():
    text = str(report(entry((0,), verdict="kink"), faults=["forward wrote into x"]))
    assert "fault: forward wrote into x" in text
    assert "note: x of fire2 was not checked" in text


def test_derivatives_of_zero_are_mentioned():
    found = gradcheck(ReLU(), np.array([-1.0, -2.0]))
    assert found
    assert found.notes == ["x of ReLU: every derivative is 0 within rounding, which says little"]


def test_json_holds_the_whole_report():
    found = json.loads(wrong_report().to_json())
    assert found["passed"] is False
    assert (found["method"], found["tolerance"], found["seed"]) == ("central", 1e-7, 0)
    assert [summary["array"] for summary in found["arrays"]] == [
        *("x", "weight", "bias", "weight", "bias")
    ]
    (failure,) = found["failures"]
    assert (failure["layer"], failure["array"], failure["index"]) == ("last", "bias", [1])
    assert {"analytic", "numeric", "step", "error", "verdict"} <= failure.keys()
    assert found["arrays"][-1]["worst"] == failure


def test_json_has_no_nan():
    found = json.loads(report(entry((0,), float("nan"), "wrong", analytic=np.nan)).to_json())
    assert found["failures"][0]["analytic"] is None
    assert found["arrays"][0]["worst"]["error"] is None
