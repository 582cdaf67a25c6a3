"""Networks side by side: the numbers of the papers."""

import json

import pytest

from mydl.layer import LayerError
from mydl.models.comparison import compare


@pytest.fixture(scope="module")
def family():
    """The networks that SqueezeNet's paper and the article compare; AlexNet takes a second."""
    return compare(["squeezenet1_0", "squeezenet1_1", "nin", "alexnet", "alexnet_torchvision"])


def test_parameters_bytes_and_multiply_adds(family):
    found = {n.name: (n.parameters, n.float32_bytes, n.multiply_adds) for n in family.networks}
    assert found == {
        "squeezenet1_0": (1_248_424, 4_993_696, 832_667_936),
        "squeezenet1_1": (1_235_496, 4_941_984, 349_151_936),
        "nin": (7_595_176, 30_380_704, 1_100_188_800),
        "alexnet": (60_965_224, 243_860_896, 724_406_816),
        "alexnet_torchvision": (61_100_840, 244_403_360, 714_188_480),
    }


def test_fifty_times_fewer_parameters(family):
    first, *_, alexnet, _ = family.networks
    assert first.parameter_ratio == first.multiply_add_ratio == 1
    assert alexnet.parameter_ratio == 60_965_224 / 1_248_424
    # The paper divides 240 MB (10^6) by 4.8 MB (2^20).
    assert round(alexnet.float32_bytes / 1e7) == 24
    assert round(first.float32_bytes / 2**20, 1) == 4.8
    assert 48 < alexnet.parameter_ratio < 50


def test_shapes(family):
    assert {n.output_shape for n in family.networks} == {(1000,)}
    assert [n.input_shape[0] for n in family.networks] == [227, 224, 224, 227, 224]


def test_the_table(family):
    lines = str(family).splitlines()
    assert lines[0].split() == [
        "network", "image", "output", "parameters", "ratio", "bytes", "multiply-adds", "ratio",
    ]  # fmt: skip
    assert lines[4].split() == [
        "alexnet", "227x227x3", "1000", "60,965,224", "48.8", "243,860,896", "724,406,816", "0.87",
    ]  # fmt: skip
    assert max(map(len, lines)) <= 100


def test_the_dict_goes_through_json_unchanged(family):
    values = family.to_dict()
    assert json.loads(json.dumps(values)) == values
    assert values["networks"][1]["name"] == "squeezenet1_1"
    assert values["networks"][1]["input_shape"] == [224, 224, 3]


def test_one_network_is_compared_with_itself():
    (network,) = compare(["squeezenet_tiny"], num_classes=3).networks
    assert network.output_shape == (3,)
    assert network.parameter_ratio == 1


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match="name at least one network"):
        compare([])
    with pytest.raises(ValueError, match="no model 'alexnt': did you mean 'alexnet'"):
        compare(["squeezenet1_0", "alexnt"])
    with pytest.raises(ValueError, match="no option of nin 'bypass'"):
        compare(["squeezenet_tiny", "nin"], bypass="simple")
    with pytest.raises(LayerError, match=r"features\.conv1 \(Conv2d\): a window of 11x11"):
        compare(["squeezenet_tiny", "nin"], (10, 10, 3))
