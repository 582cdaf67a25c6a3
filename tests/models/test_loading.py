"""Weights of any kind of file go into the network they belong to, and into no other."""

import numpy as np
import pytest

from mydl.models import AlexNet, SqueezeNet, load_weights, network_of, save_weights, squeezenet_tiny
from mydl.models.loading import LoadedWeights
from mydl.models.saved import ModelCard, save_model
from mydl.models.storing import torch_state
from mydl.weights import WeightsError, save_npz, torch_files


def network(seed=1, version="tiny", num_classes=3, **options):
    """A network whose every array is different, biases and running statistics as well."""
    model = SqueezeNet(version, num_classes, "cifar", **options)
    rng = np.random.default_rng(seed)
    for _, buffer in [*model.named_parameters(), *model.named_buffers()]:
        buffer.data = rng.uniform(0.1, 1, buffer.shape).astype(np.float32)
    return model


def assert_same_state(model, other):
    state, wanted = model.state_dict(), other.state_dict()
    assert state.keys() == wanted.keys()
    for path, values in wanted.items():
        np.testing.assert_array_equal(state[path], values, strict=True)


def tensorflow_names(model):
    """The state by the names of the article, from its rules and not from our code."""
    names = {"squeeze": "squeeze", "expand1x1": "e11", "expand3x3": "e33"}
    stages = [("features", model.features), ("classifier", model.classifier)]
    tensors = {}
    for stage, layers in stages:
        for position, (name, layer) in enumerate(layers.children().items()):
            for path, parameter in layer.named_parameters():
                *part, array = path.split(".")
                inside = f"fire/{names[part[0]]}/" if name.startswith("fire") else ""
                array = {"weight": "weights", "bias": "bias"}[array]
                tensors[f"{stage}/layer{position}/{inside}{array}"] = parameter.data
    return tensors


# ---- what is accepted ---------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".npz", ".pth", ".pt", ".safetensors"])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("bypass", [None, "simple", "complex"])
def test_round_trips_are_exact(bypass, batch_norm, ending, tmp_path):
    path = tmp_path / f"weights{ending}"
    model = network(bypass=bypass, batch_norm=batch_norm)
    save_weights(model, path)
    other = network(2, bypass=bypass, batch_norm=batch_norm)
    load_weights(other, path)
    assert_same_state(other, model)
    assert_same_state(network_of(path), model)


def test_the_ending_does_not_matter_and_the_kind_is_told(tmp_path):
    model = network()
    path = tmp_path / "weights"
    kinds = {
        ".npz": LoadedWeights("mydl", "CRC-32"),
        ".pth": LoadedWeights("torch", "CRC-32"),
        ".safetensors": LoadedWeights("safetensors", "SHA-256"),
    }
    for ending, wanted in kinds.items():
        save_weights(model, tmp_path / f"weights{ending}")
        (tmp_path / f"weights{ending}").rename(path)
        assert load_weights(network(2), path) == wanted


def test_float64_goes_to_float64_exactly_and_to_float32_rounded(tmp_path):
    model = network().astype(np.float64)
    for _, parameter in model.named_parameters():
        parameter.data = parameter.data / 3
    for ending in (".npz", ".pth", ".safetensors"):
        path = tmp_path / f"weights{ending}"
        save_weights(model, path)
        other = network(2).astype(np.float64)
        load_weights(other, path)
        assert_same_state(other, model)
        other = network(2)
        load_weights(other, path)
        assert_same_state(other, model.astype(np.float32))


@pytest.mark.parametrize("version", ["original", "torchvision"])
def test_rows_behind_a_flatten_are_reordered(version, tmp_path):
    """PyTorch flattens (C, H, W) and we (H, W, C): the logits would be others without it."""
    options = {"num_classes": 4, "image_pixels": 111, "hidden": 8}
    model = AlexNet(version, **options)
    h, w, c = model.features.output_shape((1, *model.image_shape))[1:]
    assert (h, w) != (1, 1)
    state = torch_state(model)
    theirs = state["classifier.1.weight" if version == "torchvision" else "classifier.0.weight"]
    ours = model.classifier["fc6"].weight.data
    np.testing.assert_array_equal(theirs.reshape(8, c, h, w)[5, 7, 1, 0], ours[(w * 1) * c + 7, 5])
    for ending in (".npz", ".pth", ".safetensors"):
        save_weights(model, tmp_path / f"alexnet{ending}")
        other = AlexNet(version, **options, seed=1)
        load_weights(other, tmp_path / f"alexnet{ending}")
        assert_same_state(other, model)


def test_plain_npz_files_with_each_kind_of_names(tmp_path):
    model = network()
    path = tmp_path / "weights.npz"
    for tensors in (model.state_dict(), torch_state(model), tensorflow_names(model)):
        np.savez(path, **tensors)
        other = network(2)
        assert load_weights(other, path) == LoadedWeights("npz", "CRC-32")
        assert_same_state(other, model)
        assert_same_state(network_of(path), model)


def test_what_training_programs_add_is_passed_over(tmp_path):
    model = network(batch_norm=True)
    tensors = {f"module.{name}": values for name, values in torch_state(model).items()}
    tensors["module.features.0.norm.num_batches_tracked"] = np.array(3.0)
    torch_files.write(tmp_path / "weights.pth", tensors)
    other = network(2, batch_norm=True)
    load_weights(other, tmp_path / "weights.pth")
    assert_same_state(other, model)

    model = network()
    tensors = tensorflow_names(model)
    first = next(iter(tensors))
    slots = {f"{first}/Momentum": tensors[first], f"{first}/Adam_1": tensors[first]}
    np.savez(tmp_path / "weights.npz", **tensors, **slots, global_step=np.array(3))
    other = network(2)
    load_weights(other, tmp_path / "weights.npz")
    assert_same_state(other, model)


def test_half_precision(tmp_path):
    model = network()
    halves = {name: values.astype(np.float16) for name, values in torch_state(model).items()}
    np.savez(tmp_path / "weights.npz", **halves)
    load_weights(model, tmp_path / "weights.npz")
    state = torch_state(model)
    for name, values in halves.items():
        np.testing.assert_array_equal(state[name], values.astype(np.float32))


def test_save_path_loads_as_a_network_is_built(tmp_path):
    model = network(num_classes=10)
    for path in (tmp_path / "weights.pth", str(tmp_path / "weights.npz")):
        save_weights(model, path)
        assert_same_state(squeezenet_tiny(save_path=path), model)
        with pytest.raises(WeightsError, match="build the network with num_classes=10"):
            SqueezeNet("tiny", 3, save_path=path)


# ---- which network it is ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"version": "1.0", "squeeze_ratio": 0.25, "pct_3x3": 0.3, "num_classes": 100},
        {"version": "1.1", "bypass": "complex", "batch_norm": True},
        {"version": "1.1", "base_e": 32, "incr_e": 16, "freq": 3, "bypass": "simple"},
        {"version": "tiny", "base_e": 64, "incr_e": 0},
    ],
)
def test_a_network_is_recognised_by_its_tensors(options, tmp_path):
    model = network(**options)
    path = tmp_path / "weights.safetensors"
    save_weights(model, path)
    found = network_of(path)
    assert_same_state(found, model)
    assert (found.version, found.num_classes) == (options["version"], options.get("num_classes", 3))
    fires = range(8 if options["version"] != "tiny" else 4)
    assert [found.metaparameters.fire(i) for i in fires] == [
        model.metaparameters.fire(i) for i in fires
    ]


@pytest.mark.parametrize(
    ("version", "num_classes", "input_size", "final_relu"),
    [
        ("1.1", 1000, "imagenet", True),
        ("1.1", 7, "imagenet", True),
        ("1.1", 10, "cifar", True),
        ("tiny", 7, "cifar", False),
    ],
)
def test_rules_for_what_tensors_do_not_tell(version, num_classes, input_size, final_relu, tmp_path):
    path = tmp_path / "weights.pth"
    save_weights(SqueezeNet(version, num_classes, base_e=16, incr_e=16), path)
    found = network_of(path)
    assert found.input_size == input_size
    assert ("relu10" in found.classifier.children()) is final_relu
    assert network_of(path, "imagenet").input_size == "imagenet"
    assert network_of(path, "cifar").input_size == "cifar"


def test_a_trained_model_says_all_of_itself(tmp_path):
    options = {"num_classes": 10, "final_relu": False, "base_e": 16, "incr_e": 16}
    model = SqueezeNet("1.1", **options, seed=3)
    card = ModelCard("squeezenet1_1", options, "x", (48, 48, 3), ("a", "b"), (0.5,), (0.2,))
    save_model(tmp_path / "model.npz", model, card)
    for path in (tmp_path, tmp_path / "model.npz"):
        found = network_of(path)
        assert found.input_size == "imagenet"  # which the rule for 10 classes is not
        assert "relu10" not in found.classifier.children()
        assert_same_state(found, model)
    other = SqueezeNet("1.1", **options)
    load_weights(other, tmp_path)
    assert_same_state(other, model)


# ---- what is refused ----------------------------------------------------------------------------


def refused(model, path, message):
    """Loading fails in one sentence that names the file, and the network is as it was."""
    before = {name: values.tobytes() for name, values in model.state_dict().items()}
    with pytest.raises(WeightsError, match=message) as raised:
        load_weights(model, path)
    assert str(raised.value).startswith(f"{path}: ")
    assert len(str(raised.value).splitlines()) == 1
    assert {name: values.tobytes() for name, values in model.state_dict().items()} == before


def put(folder, tensors):
    np.savez(folder / "weights.npz", **tensors)
    return folder / "weights.npz"


def test_other_networks_of_the_family(tmp_path):
    path = tmp_path / "weights.pth"
    save_weights(network(version="1.1", base_e=16, incr_e=16), path)
    refused(
        network(version="1.0", base_e=16, incr_e=16),
        path,
        r"these are weights of another network, SqueezeNet\(version='1\.1', num_classes=3, "
        r"bypass=None, batch_norm=False\): it has no tensor for features\.fire4\.squeeze\.weight "
        r"and 11 others; the network has no place for 'features\.6\.squeeze\.weight' and 11 others",
    )
    refused(
        network(version="1.1", base_e=16, incr_e=8),
        path,
        r"another network, .*: 'features\.6\.squeeze\.weight' has shape \(4, 16, 1, 1\), but "
        r"features\.fire4\.squeeze\.weight needs \(3, 16, 1, 1\)",
    )
    for options in ({"bypass": "simple"}, {"batch_norm": True}):
        model = network(version="1.1", base_e=16, incr_e=16, **options)
        refused(model, path, "bypass=None, batch_norm=False")


def test_another_number_of_classes_says_what_to_do(tmp_path):
    model = network(num_classes=3)
    for tensors in (torch_state(model), model.state_dict()):
        refused(
            network(num_classes=5),
            put(tmp_path, tensors),
            r"conv10\.weight needs .*: the file is for 3 classes, build the network with "
            "num_classes=3$",
        )


@pytest.mark.parametrize("name", ["features.3.squeeze.weight", "classifier.1.bias"])
def test_a_missing_tensor_is_named(name, tmp_path):
    tensors = torch_state(network())
    del tensors[name]
    path = {"features.3.squeeze.weight": "features.fire2.squeeze.weight"}
    wanted = path.get(name, "classifier.conv10.bias")
    refused(network(2), put(tmp_path, tensors), f"it has no tensor for {wanted}$")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"extra": np.zeros(3, np.float32)}, "the network has no place for 'extra'$"),
        ({"features.0.bias": np.zeros(65, np.float32)}, r"'features\.0\.bias' has shape \(65,\)"),
        ({"features.0.bias": np.zeros((64, 0), np.float32)}, r"has shape \(64, 0\)"),
        ({"features.0.bias": np.zeros(64, int)}, r"'features\.0\.bias' has values of type int64"),
        ({"features.0.bias": np.zeros(64, complex)}, "values of type complex128"),
        ({"features.0.bias": np.full(64, "x")}, "values of type <U1"),
        ({"features.0.bias": np.full(64, np.nan)}, r"not finite in float32, the first at .*\(0,\)"),
        ({"features.0.bias": np.full(64, 1e300)}, r"not finite in float32"),
        ({"features.conv1.bias": np.zeros(64)}, "are both features.conv1.bias"),
    ],
)
def test_tensors_that_do_not_fit_are_named(changes, message, tmp_path):
    tensors = {**torch_state(network()), **changes}
    refused(network(2), put(tmp_path, tensors), message)


def test_files_of_something_else(tmp_path):
    refused(
        network(),
        put(tmp_path, {"x": np.zeros(3), "y\n": np.zeros(3)}),
        r"no tensor has a name of this network, such as features\.conv1\.weight; the file has 2 "
        r"tensors: 'x', 'y\\n'$",
    )
    refused(network(), put(tmp_path, {}), "a zip archive, but neither NumPy's nor PyTorch's")
    with pytest.raises(WeightsError, match="not those of a SqueezeNet: build their network"):
        network_of(put(tmp_path, {"x": np.zeros(3)}))
    refused(network(), tmp_path / "nothing", "there is no such file")
    text = tmp_path / "text.pth"
    for content in (b"", b"some text", b"PK", b"\x80\x02", bytes(1000)):
        text.write_bytes(content)
        refused(network(), text, "no weight file of a known kind|a damaged zip archive")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(network(), empty, "the folder has neither a model.npz nor a checkpoint")


def test_shapes_that_promise_a_huge_network(tmp_path):
    """Few numbers, but a product of sizes that no memory could hold."""
    tensors = torch_state(network())
    tensors["classifier.1.weight"] = np.zeros((10**6, 1, 1, 1), np.float32)
    tensors["classifier.1.bias"] = np.zeros(10**6, np.float32)
    with pytest.raises(WeightsError, match=r"classifier\.conv10\.weight should have the shape"):
        network_of(put(tmp_path, tensors))
    for options in ({"num_classes": 10**12}, {"base_e": 10**9}, {"incr_e": 10**9}):
        card = ModelCard("squeezenet_tiny", options, "x", (32, 32, 3), (), (), ())
        save_model(tmp_path / "model.npz", network(), card)
        with pytest.raises(WeightsError, match="more weights than there are for it"):
            network_of(tmp_path)


@pytest.mark.parametrize(
    "shapes",
    [
        {"classifier.1.weight": (0, 256, 1, 1), "classifier.1.bias": (0,)},
        {"features.3.squeeze.weight": (0, 64, 1, 1)},
        {"features.3.squeeze.weight": (16, 64)},
        {"features.3.squeeze.weight": ()},
    ],
)
def test_shapes_of_no_network(shapes, tmp_path):
    tensors = torch_state(network())
    tensors.update({name: np.zeros(shape, np.float32) for name, shape in shapes.items()})
    with pytest.raises(WeightsError, match="should have the shape"):
        network_of(put(tmp_path, tensors))


def test_a_bypass_around_some_modules_only(tmp_path):
    """A complex bypass would need projections that the file does not have."""
    tensors = network(bypass="complex").state_dict()
    for name in list(tensors):
        if name.startswith("features.fire4."):
            values = tensors.pop(name)
            if ".inner." in name:
                tensors[name.replace(".inner", "")] = values
    with pytest.raises(WeightsError, match=r"features\.fire4 has no bypass, unlike others"):
        network_of(put(tmp_path, tensors))


@pytest.mark.parametrize("description", ["3", "[1]", "[" * 10**5, "{", '{"model": []}'])
def test_descriptions_of_nothing(description, tmp_path):
    arrays = network().state_dict()
    path = put(tmp_path, {**arrays, "__mydl__": np.array(description)})
    with pytest.raises(WeightsError):
        network_of(path)


def test_a_file_cannot_name_another_to_read(tmp_path):
    card = ModelCard("squeezenet_tiny", {"save_path": "x"}, "x", (32, 32, 3), (), (), ())
    save_model(tmp_path / "model.npz", network(), card)
    with pytest.raises(WeightsError, match="no option of squeezenet_tiny 'save_path'"):
        network_of(tmp_path)


def test_an_own_file_without_a_card_is_recognised(tmp_path):
    save_npz(tmp_path / "weights.npz", network().state_dict(), {})
    assert_same_state(network_of(tmp_path / "weights.npz"), network())
