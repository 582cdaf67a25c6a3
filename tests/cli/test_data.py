"""`mydl data` says what there is, and draws it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from mydl.data import load_dataset
from mydl.data.split import hold_out


def mydl_data(*arguments, folder):
    command = [sys.executable, "-m", "mydl", "data", *map(str, arguments)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    """An .npz file with 30 training images of three classes, one of them rare."""
    path = tmp_path_factory.mktemp("arrays") / "shapes.npz"
    rng = np.random.default_rng(0)
    labels = np.array([0] * 20 + [1] * 9 + [2])
    np.savez(
        path,
        train_images=rng.integers(0, 256, (30, 32, 32, 3)).astype(np.uint8),
        train_labels=labels,
        test_images=rng.integers(0, 256, (4, 32, 32, 3)).astype(np.uint8),
        test_labels=np.array([0, 1, 1, 2]),
        class_names=np.array(["round", "$square$", "flat"]),
    )
    return path


def test_list_names_every_data_set_in_an_empty_folder(tmp_path):
    done = mydl_data("list", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines()[1:8]]
    assert names == [
        "digits",
        "cifar10",
        "cifar100",
        "mnist",
        "fashion-mnist",
        "imagefolder",
        "npz",
    ]
    assert done.stdout.count("no copy found") == 4
    listed = json.loads(mydl_data("list", "--json", folder=tmp_path).stdout)
    assert listed["cifar10"]["place"] is None
    assert listed["digits"]["place"].endswith("digits")


def test_info_counts_the_images_of_each_class(tmp_path, arrays):
    arguments = ("info", "npz", "--data-dir", arrays, "--validation", 0.2)
    done = mydl_data(*arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "24 train, 6 validation, 4 test" in done.stdout
    assert str(arrays) in done.stdout
    document = json.loads(mydl_data(*arguments, "--json", folder=tmp_path).stdout)
    assert document["classes"]["round"] == {"train": 16, "validation": 4, "test": 1}
    assert document["classes"]["flat"] == {"train": 1, "validation": 0, "test": 1}
    images = np.load(arrays)["train_images"] / 255
    used = document["normalised_by"]
    np.testing.assert_allclose(used["mean"], images.mean((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(used["std"], images.std((0, 1, 2)), atol=1e-6)
    training = hold_out(load_dataset("npz", arrays), 0.2).train_images[:] / 255
    np.testing.assert_allclose(document["mean"], training.mean((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(document["std"], training.std((0, 1, 2)), atol=1e-6)


def test_show_draws_a_row_for_each_class(tmp_path, arrays):
    done = mydl_data("show", "npz", "--data-dir", arrays, "--columns", 4, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 of 3 classes" in done.stdout
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.width > picture.height
        assert len(np.unique(np.asarray(picture.convert("L")))) > 50


@pytest.mark.slow
def test_show_augment_draws_what_training_sees(tmp_path):
    def draw(*options):
        done = mydl_data("show", "digits", "--rows", 2, "--columns", 3, *options, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        with Image.open(tmp_path / "grid.png") as picture:
            return np.asarray(picture).copy()

    plain, cut, again = draw("--augment"), draw("--augment", "--cutout", 12), draw("--augment")
    assert np.array_equal(plain, again)
    assert not np.array_equal(plain, cut)
    assert not np.array_equal(plain, draw("--augment", "--seed", 1))
    assert not np.array_equal(plain, draw("--augment", "--epoch", 2))
    assert not np.array_equal(plain, draw("--augment", "--mixup", 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("info", "cifar11"), "did you mean 'cifar10'?"),
        (("info", "cifar10"), "CIFAR-10 is not in"),
        (("info", "npz", "--data-dir", "nowhere.npz"), "nowhere.npz"),
        (("info", "digits", "--validation", 0.9), "from 0 to 0.5"),
        (("info", "digits", "--image-size", 20), "leave it out"),
        (("show", "digits", "--cutout", 3), "--cutout and --mixup go with --augment"),
        (("show", "digits", "--augment", "--mixup", -1), "mixup must be 0 or greater"),
        (("show", "digits", "--out", "no/such/place.png"), "no/such/place.png"),
        (("show", "digits", "--out", "grid.jpg"), "a PNG file, so call it grid.png"),
    ],
)
def test_wrong_arguments_are_answered_in_one_sentence(tmp_path, arguments, message):
    done = mydl_data(*arguments, folder=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    _, more = done.stderr.splitlines()
    assert more == "More: mydl help data"
