"""The cases that are measured, and how options change them."""

import pytest

from mydl.bench.cases import CASES, Case, choose_cases
from mydl.models import build_model


def test_the_usual_cases():
    assert choose_cases() == list(CASES)
    assert [(case.input, case.batch) for case in CASES if case.mode == "train"] == [
        ("3x32x32", 32),
        ("3x32x32", 128),
        ("3x224x224", 1),
        ("3x224x224", 8),
    ]
    assert str(CASES[-1]) == "squeezenet1_1 3x224x224, batch 8, infer"


def test_an_image_size_takes_the_form_made_for_it():
    (case,) = choose_cases((64, 48, 3), [5], "train")
    assert case == Case("squeezenet1_1_cifar", 10, (64, 48, 3), 5, "train")
    assert case.input == "3x64x48"
    assert {case.batch for case in choose_cases((160, 160, 3))} == {1, 8}


def test_batches_and_modes():
    assert {(case.input, case.batch) for case in choose_cases(batches=[4, 4])} == {
        ("3x32x32", 4),
        ("3x224x224", 4),
    }
    assert {case.mode for case in choose_cases(mode="infer")} == {"infer"}


def test_multiply_adds_of_a_training_step():
    """Three passes of about equal cost, but no gradient of the images."""
    train, infer = choose_cases((32, 32, 3), [1])
    model = build_model("squeezenet1_1_cifar")
    forward = model.multiply_adds((1, 32, 32, 3))
    assert infer.multiply_adds() == forward
    assert train.multiply_adds() == 3 * forward - 32 * 32 * 64 * 27


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "test"}, "--mode must be train or infer, got 'test'"),
        ({"batches": [0]}, "--batch must be at least 1, got 0"),
        ({"image": (32, 32, 1)}, "expected 3 channels, got 1"),
        ({"image": (4, 4, 3)}, "a window of 3x3 pixels is larger than the image"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        choose_cases(**options)
