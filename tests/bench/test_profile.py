"""The profile has every layer, counts what the summary counts, and adds up."""

import json

import numpy as np
import pytest

from mydl.bench.cases import Case
from mydl.bench.profile import Profile, Row, profile
from mydl.bench.stopwatch import FIRE_PARTS, Time, TimedNetwork
from mydl.layer import LayerError
from mydl.models import build_model, summary

CASES = {
    mode: Case("squeezenet1_1_cifar", 10, (17, 16, 3), batch=3, mode=mode)
    for mode in ("train", "infer")
}


@pytest.fixture(scope="module", params=CASES)
def found(request):
    return profile(CASES[request.param], seconds=0)


def layers(found):
    """The rows of layers, without loss, optimizer, rest and whole."""
    return found.rows[: -4 if found.case.mode == "train" else -2]


def test_every_layer_is_in_a_row_once_and_in_order(found):
    model = build_model(found.case.model)
    names = [name for stage in model.children().values() for name in stage.children()]
    assert [name for row in layers(found) for name in row.layer.split("+")] == names
    last = [row.layer for row in found.rows[len(layers(found)) :]]
    assert last == (["loss", "optimizer"] if found.case.mode == "train" else []) + ["rest", "step"]
    for row in found.rows:
        parts = FIRE_PARTS if row.layer.startswith("fire") else ()
        assert [part.layer for part in row.parts] == [f"{row.layer}.{part}" for part in parts]


def test_shapes_and_counts_are_those_of_the_summary(found):
    table = summary(build_model(found.case.model), found.case.image, expand=True)
    theirs = {row.path.partition(".")[2]: row for row in table.rows}
    for row in layers(found):
        names = row.layer.split("+")
        assert row.output_shape == theirs[names[-1]].output_shape
        assert row.multiply_adds == sum(theirs[name].multiply_adds for name in names)
        assert row.multiply_adds == sum(p.multiply_adds for p in row.parts) or not row.parts
        for part in row.parts:
            assert part.output_shape == theirs[part.layer].output_shape
            assert part.multiply_adds == theirs[part.layer].multiply_adds
            assert part.winograd == part.layer.endswith("expand3x3")
    step = found.rows[-1]
    assert step.multiply_adds == table.multiply_adds
    assert step.operations == sum(row.operations for row in layers(found))
    assert step.operations == 2 * found.case.multiply_adds()


def test_every_layer_took_time_in_its_directions(found):
    training = found.case.mode == "train"
    for row in layers(found):
        for one in (row, *row.parts):
            for time in (one.textbook, one.as_run):
                assert time.forward > 0, one.layer
                assert (time.backward > 0) == training, one.layer
            assert (one.gflops > 0) == (one.multiply_adds > 0)
        if row.parts:
            assert sum(part.as_run.total for part in row.parts) < row.as_run.total * 1.5
    if training:
        loss, optimizer = found.rows[-4:-2]
        assert min(loss.as_run.forward, loss.as_run.backward, optimizer.as_run.backward) > 0
    assert found.engine > 0
    assert found.sgemm_gflops > 0


def test_the_rows_add_up_to_the_step(found):
    *rows, step = found.rows
    for name in ("textbook", "as_run"):
        for direction in ("forward", "backward"):
            parts = [getattr(getattr(row, name), direction) for row in rows]
            assert sum(parts) == pytest.approx(getattr(getattr(step, name), direction))


def test_the_table_fits_and_has_a_line_for_each_row_and_part(found):
    text = str(found)
    assert max(map(len, text.splitlines())) <= 100
    lines = text.splitlines()
    assert lines[0] == str(found.case)
    assert text.count("  expand3x3*") == text.count("  squeeze ") == 8
    (step,) = (line for line in lines if line.startswith("step"))
    assert step.endswith("100%")
    assert ("backward" in text.partition("rest ")[0]) == (found.case.mode == "train")
    assert len(found.cells()) == 2 + len(found.rows) + 3 * 8


def test_the_dict_goes_through_json_unchanged(found):
    values = found.to_dict()
    assert json.loads(json.dumps(values)) == values
    assert values["input"] == "3x17x16"
    assert [row["layer"] for row in values["rows"]] == [row.layer for row in found.rows]
    fire2 = next(row for row in values["rows"] if row["layer"] == "fire2")
    assert fire2["output_shape"] == [8, 8, 128]
    assert [part["layer"] for part in fire2["parts"]] == [f"fire2.{part}" for part in FIRE_PARTS]
    assert fire2["share_of_limit"] == fire2["gflops"] / values["sgemm_gflops"]


def test_a_table_of_known_numbers():
    conv = Row("conv1", (4, 4, 8), 1000, 2000, False, Time(20.0), Time(4.0))
    rest = Row("rest", (), 0, 0, False, Time(0.5), Time(1.0))
    step = Row("step", (), 1000, 2000, False, Time(20.5), Time(5.0))
    case = Case("squeezenet_tiny", 10, (4, 4, 3), batch=2, mode="infer")
    lines = str(Profile(case, (conv, rest, step), 1, 2.0, 2, 250.0)).splitlines()
    assert lines[1] == (
        "microseconds an image on one thread, 1 image at a time; one core's sgemm does 2 GFLOP/s"
    )
    assert [line.split() for line in lines[3:8]] == [
        ["textbook", "as", "run", "of", "of"],
        ["layer", "output", "forward", "forward", "gain", "GFLOP/s", "limit", "step"],
        ["conv1", "4x4x8", "20.0", "4.0", "5.0x", "0.5", "25%", "80%"],
        ["rest", "0.5", "1.0", "20%"],
        ["step", "20.5", "5.0", "4.1x", "0.4", "20%", "100%"],
    ]
    assert lines[9] == (
        "The engine without stopwatches, on 2 threads: 250 microseconds an image, 4000 images/s."
    )


@pytest.mark.parametrize("rewritten", [False, True])
def test_stopwatches_change_no_result(rewritten):
    case = Case("squeezenet_tiny", 4, (16, 16, 3), batch=3, mode="train")
    network = TimedNetwork(case, [0, 3], rewritten)
    plain = build_model(case.model, num_classes=4)
    x = np.random.default_rng(0).normal(size=(3, *case.image)).astype(np.float32)
    mine, theirs = network.model.forward(x), plain.forward(x)
    np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-5)
    dy = np.random.default_rng(1).normal(size=mine.shape).astype(np.float32)
    network.model.backward(dy)
    plain.backward(dy)
    assert len(network.parameters) == len(plain.parameters())
    for a, b in zip(network.parameters, plain.parameters(), strict=True):
        np.testing.assert_allclose(a.grad, b.grad, rtol=1e-3, atol=1e-3 * np.abs(b.grad).max())


def test_bad_input():
    with pytest.raises(ValueError, match="threads must be at least 1, got 0"):
        profile(CASES["train"], threads=0)
    with pytest.raises(LayerError, match=r"^features\.pool3"):
        profile(Case("squeezenet1_1", 10, (8, 8, 3), batch=1, mode="infer"))
