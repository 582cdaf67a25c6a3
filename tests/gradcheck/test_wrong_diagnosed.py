"""Every wrong backward pass of the other test files is told what is wrong with it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mydl.gradcheck import gradcheck

# The kind of diagnosis of each wrong layer: of one of its arrays, or of a rule that it breaks.
# "scattered" says only where the errors are, and is allowed where no pattern is known.
KINDS = {
    "activations": {
        "WritesIntoDy": "mutated",
        "WritesIntoX": "mutated",
        "ReturnsItsBuffer": "reused",
        "CutsNegativeGradients": "mask",
        "ForgetsTheUpstream": "upstream",
        "LetsAllPass": "mask",
        "ForgetsTheProductRule": "slope",
        "TakesXForY": "slope",
        "TakesTheTangentForTanh": "slope",
        "AppliesTanhTwice": "slope",
        "IsFlatBelowZero": "mask",
        "AddsAlphaToX": "slope",
        "ForgetsTheMask": "mask",
        "ForgetsTheScale": "factor",
        "SwapsKeepAndDrop": "factor",
        "InvertsTheMask": "mask",
        "DrawsAgain": "random",
        "ReadsTheMaskFromTheOutput": "zero-input",
        "TakesTheDiagonal": "diagonal",
        "ForgetsTheSum": "sum",
        "SubtractsTheMean": "sum",
        "ReturnsZero": "zeros",
        "SumsOverSamples": "scattered",
        "AddsDy": "upstream",
        "ForgetsTheSumOfDy": "upstream",
        "ForgetsN": "factor",
        "DividesByAllNumbers": "factor",
        "IsTwiceTooLarge": "twice",
        "ForgetsTheLabels": "labels",
        "ChangesSign": "sign",
        "GoesThroughSoftmaxTwice": "scattered",
        "ForgetsTheSmoothing": "labels",
        "SmoothsTooMuch": "offset",
    },
    "convolutions": {
        "AssignsInCol2im": "overwritten",
        "ForgetsStride": "misplaced",
        "SlicesWithZeroPadding": "shape",
        "SwapsRowsAndColumns": "transpose",
        "PutsChannelsFirst": "transpose",
        "FlipsTheKernel": "flip",
        "FlipsTheWeightGradient": "flip",
        "SwapsInAndOut": "transpose",
        "PadsBothSidesAlike": "shift",
        "LosesTheLastWindow": "border",
        "ForgetsBias": "zeros",
        "AveragesBias": "factor",
        "AddsUpAllBiases": "broadcast",
        "AveragesWeight": "factor",
        "OverwritesWeightGradient": "overwritten",
        "DecaysTheWeight": "decay",
        "KnowsOnlyTheFirstSample": "first-sample",
        "RoundsToFloat32": "precision",
        "ForgetsTheTranspose": "transpose",
        "TransposesTheWeightGradient": "transpose",
        "TakesTheBiasOfOneSample": "first-sample",
        "DividesByTheBatch": "factor",
        "OverwritesBothGradients": "overwritten",
        "LearnsInBackward": "mutated",
        "ChangesSign": "sign",
        "ReturnsNothing": "none",
        "TurnsIntoFloat64": "dtype",
    },
    "networks": {
        "TakesStatisticsForConstants": "sum",
        "ForgetsTheVariance": "sum",
        "ForgetsTheMean": "offset",
        "ForgetsTheWeight": "row-factor",
        "DividesByOneLess": "sum",
        "AddsEpsOutsideTheRoot": "factor",
        "AveragesEachSample": "sum",
        "TakesRunningStatistics": "row-factor",
        "MultipliesByX": "scattered",
        "CentresInPlace": "mutated",
        "SwapsThePieces": "channels",
        "CutsAlongTheRows": "misplaced",
        "KeepsTheLastBranch": "channels",
        "AveragesTheBranches": "factor",
        "ForgetsTheIdentity": "missing-term",
        "ForgetsTheProjection": "zeros",
        "AddsIntoDy": "mutated",
        "CountsTheIdentityTwice": "extra-term",
        "GoesForwards": "scattered",
        "SkipsALayer": "zeros",
        "ForgetsExpand3x3": "channels",
        "ForgetsTheSqueezeReLU": "scattered",
        "CutsInTheWrongOrder": "exchanged",
    },
    "pools": {
        "Assigns": "overwritten",
        "SendsTiesTwice": "ties",
        "SendsToNearMaxima": "mask",
        "LetsTheLastWindowDecide": "overlap",
        "StopsAfterTheFirstWindow": "mask",
        "LetsZeroPaddingWin": "border",
        "ForgetsStride": "misplaced",
        "DecodesTheCellByRows": "misplaced",
        "SharesAmongAllPixels": "misplaced",
        "DividesClippedWindowsByAll": "border",
        "ForgetsToDivide": "factor",
        "AssignsAverages": "overwritten",
        "ForgetsToDivideByPixels": "factor",
        "DividesByRowsTwice": "factor",
        "DividesByTheBatchToo": "factor",
    },
}


def wrong_layers():
    """(file, layer, x, labels) of each wrong layer."""
    for file in KINDS:
        path = Path(__file__).parent / f"test_wrong_{file}.py"
        spec = importlib.util.spec_from_file_location(f"diagnosed_{file}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for layer, x, _ in module.WRONG:
            yield file, layer, x, None
        for loss in getattr(module, "WRONG_LOSSES", []):
            yield file, loss, module.ROWS, np.array([0, 4, 4, 2])


CASES = list(wrong_layers())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{type(case[1]).__name__}")
@pytest.mark.parametrize("method", ["central", "complex"])
def test_a_wrong_layer_is_told_what_is_wrong(case, method):
    file, layer, x, labels = case
    report = gradcheck(layer, x, labels=labels, method=method)
    found = [*report.diagnoses, *report.broken_rules]
    assert KINDS[file][type(layer).__name__] in {each.kind for each in found}, str(report)
    text = str(report)
    told = [each for each in found if each.kind != "scattered"] or found
    assert all(each.sentence in text for each in told)
    assert {(each.layer, each.array) for each in report.diagnoses} == {
        (entry.layer, entry.array) for entry in report.failures
    }


def test_at_least_nine_of_ten_diagnoses_name_a_mistake():
    kinds = [KINDS[file][type(layer).__name__] for file, layer, _, _ in CASES]
    assert len(kinds) >= 100
    assert kinds.count("scattered") <= len(kinds) // 10
