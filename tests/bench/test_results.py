"""Tables, sentences and JSON from measurements whose numbers are known."""

import json

import pytest

from mydl.bench.cases import CASES
from mydl.bench.compare import Comparison
from mydl.bench.participant import NotMeasured
from mydl.bench.report import report, unsteady
from mydl.bench.results import missing, ratio, results, sentences, table

UNINSTALLED = NotMeasured("X is not installed", missing=True)


def comparison(speeds, case=CASES[0], sgemm=(100.0, 140.0, 90.0), absent=None):
    memory = dict.fromkeys(speeds, 123.44)
    return Comparison(case, speeds, memory, list(sgemm), absent or {})


# In the second round the machine was slow for all.
THREE = comparison(
    {
        "mydl": [200.0, 100.0, 400.0],
        "torch-eager": [50.0, 40.0, 45.0],
        "torch-channels-last": [100.0, 40.0, 150.0],
        "numpy-course": [4.0, 1.0],
    }
)


def test_medians_and_quartiles():
    row = results(THREE)[0]
    assert row["implementation"] == "mydl"
    assert row["images_per_second"] == 200
    assert row["spread"] == [150, 300]
    assert row["rounds"] == 3
    assert row["peak_memory_mb"] == 123.4


def test_a_ratio_is_taken_round_by_round():
    assert ratio(THREE)["against"] == "torch-channels-last"
    assert ratio(THREE)["ratio"] == 2.5  # of 2, 2.5 and 2.67, not 200 / 100
    by_name = {row["implementation"]: row["ratio_to_mydl"] for row in results(THREE)}
    assert by_name["mydl"] == 1
    assert by_name["torch-channels-last"] == 0.4
    assert by_name["numpy-course"] == 0.015, "of the two rounds that it took part in"


def test_without_its_peer_there_is_no_ratio():
    assert ratio(comparison({"mydl": [1.0]})) is None
    alone = comparison({"torch-eager": [1.0]})
    assert ratio(alone) is None
    assert results(alone)[0]["ratio_to_mydl"] is None
    assert sentences(alone) == []


def test_the_limit_is_that_of_direct_convolution():
    limit = 100e9 / (2 * CASES[0].multiply_adds())
    assert THREE.limit == pytest.approx(limit)
    assert results(THREE)[0]["share_of_limit"] == pytest.approx(200 / limit, rel=1e-3)


def test_sentences_say_who_is_faster():
    assert sentences(THREE) == [
        "mydl trains 2.5 times as fast as PyTorch's fastest mode (torch-channels-last) and 75 "
        "times as fast as numpy-course."
    ]
    three = {"mydl": [3.0], "torch-eager": [1.0], "onnxruntime": [1.5], "numpy-course": [0.1]}
    assert sentences(comparison(three, CASES[1])) == [
        "mydl infers 3.0 times as fast as PyTorch's fastest mode (torch-eager), 2.0 times as fast "
        "as onnxruntime and 30 times as fast as numpy-course."
    ]
    infers = comparison({"mydl": [50.0], "onnxruntime": [100.0]}, CASES[1])
    assert sentences(infers) == ["mydl infers slower, at 0.50 times the speed of onnxruntime."]
    level = comparison({"mydl": [99.0], "torch-compile": [100.0]})
    assert "as fast (0.99 times) as PyTorch's fastest mode (torch-compile)" in sentences(level)[0]


def test_a_table_has_a_line_for_each():
    lines = table(THREE).splitlines()
    assert lines[0] == "squeezenet1_1_cifar 3x32x32, batch 32, train"
    assert "sgemm 100 GFLOP/s" in lines[1]
    assert [line.split()[0] for line in lines[3:7]] == list(THREE.speeds)
    assert "150 to 300" in lines[3]


def test_memory_may_be_unknown():
    unknown = Comparison(CASES[0], {"mydl": [1.0]}, {"mydl": None}, [100.0], {})
    assert results(unknown)[0]["peak_memory_mb"] is None
    assert "None" not in table(unknown)


def test_what_is_missing_and_where():
    first = comparison({}, CASES[0], absent={"torch-eager": UNINSTALLED, "mydl": NotMeasured("no")})
    second = comparison({}, CASES[1], absent={"mydl": NotMeasured("no")})
    third = comparison({}, CASES[2], absent={"onnxruntime": NotMeasured("too large")})
    assert missing([first, second, third]) == {
        "torch-eager": "X is not installed",
        "mydl": f"in 2 cases, as {CASES[0]}: no",
        "onnxruntime": f"in {CASES[2]}: too large",
    }
    assert missing([first, second])["mydl"] == "no"


def test_what_is_not_installed_needs_no_other_reason():
    trains = comparison({}, CASES[0], absent={"onnxruntime": NotMeasured("does not train")})
    infers = comparison({}, CASES[1], absent={"onnxruntime": UNINSTALLED})
    assert missing([trains, infers]) == {"onnxruntime": "X is not installed"}


def test_the_report_is_json():
    whole = report({"cpu": "?"}, ["busy"], 2, [THREE, comparison({"mydl": [1.0]}, CASES[1])], None)
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole
    assert whole["sgemm_gflops"] == 100
    assert whole["sgemm_gflops_best"] == 140
    assert len(whole["results"]) == 5
    assert len(whole["ratios"]) == 1
    assert whole["startup"] is None
    assert whole["machine"]["warnings"][0] == "busy"


def test_a_machine_whose_speed_varied_is_told():
    assert unsteady([comparison({}, sgemm=[100, 105, 98, 101])]) == []
    (sentence,) = unsteady([comparison({}, sgemm=[100, 100, 100]), comparison({}, sgemm=[40, 50])])
    assert "sgemm's quartiles are 50 and 100 GFLOP/s" in sentence
