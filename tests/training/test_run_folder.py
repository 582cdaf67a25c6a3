"""What a run leaves behind, and how it is read again."""

import csv
import dataclasses
import tomllib

import numpy as np
import pytest
from PIL import Image

from mydl.models.saved import load_model
from mydl.parallel import ShardedModel
from mydl.training.config import TrainingConfig
from mydl.training.evaluation import evaluate
from mydl.training.run_folder import RunFolder
from mydl.training.trainer import Trainer
from mydl.weights import WeightsError

CONFIG = TrainingConfig(data="stripes", epochs=2, batch_size=16, shard_size=8)


class Recorder:
    def __init__(self, folder):
        self.folder = folder

    def on_step(self, report):
        pass

    def on_epoch(self, report):
        self.folder.add_epoch(report)


@pytest.fixture(scope="module")
def run(stripes, tmp_path_factory):
    trainer = Trainer(CONFIG, stripes)
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "first", CONFIG)
    trainer.fit(Recorder(folder))
    evaluation = folder.finish(trainer)
    return folder, trainer, evaluation


def test_the_files(run):
    folder, trainer, _ = run
    assert sorted(path.name for path in folder.path.iterdir()) == [
        "config.toml", "confusion.png", "curves.png", "metrics.csv", "mistakes.png", "model.npz",
    ]  # fmt: skip
    settings = tomllib.loads((folder.path / "config.toml").read_text())
    assert TrainingConfig.from_dict(settings) == CONFIG
    rows = list(csv.DictReader((folder.path / "metrics.csv").read_text().splitlines()))
    assert list(rows[0]) == [
        "epoch", "seconds", "lr", "train_loss", "train_accuracy", "test_loss", "test_accuracy",
        "images_per_second",
    ]  # fmt: skip
    assert [row["epoch"] for row in rows] == ["1", "2"]
    for row, report in zip(rows, trainer.history, strict=True):
        for name, value in dataclasses.asdict(report).items():
            assert float(row[name]) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("name", ["curves", "confusion", "mistakes"])
def test_the_pictures_show_something(run, name):
    with Image.open(run[0].path / f"{name}.png") as image:
        pixels = np.asarray(image.convert("L"))
    assert min(pixels.shape) > 200
    assert len(np.unique(pixels)) > 20


def test_the_weights_give_the_same_network(run, stripes):
    folder, trainer, evaluation = run
    for path in (folder.path, folder.path / "model.npz"):
        model, card = load_model(path)
        assert card == trainer.card()
        again = evaluate(ShardedModel(model, shard_size=CONFIG.shard_size), stripes)
        np.testing.assert_array_equal(again.probabilities, evaluation.probabilities)


def test_a_run_that_was_stopped_before_its_first_epoch_has_weights(stripes, tmp_path):
    trainer = Trainer(CONFIG, stripes)
    folder = RunFolder(tmp_path / "run", CONFIG)
    evaluation = folder.finish(trainer)
    assert 0 <= evaluation.accuracy <= 1
    assert (folder.path / "model.npz").exists()
    assert not (folder.path / "curves.png").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty: choose another folder"):
        RunFolder(tmp_path, CONFIG)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_weights_of_another_network_are_refused(run, tmp_path):
    folder, _, _ = run
    with np.load(folder.path / "model.npz") as file:
        arrays = {name: file[name] for name in file.files}
    other = tmp_path / "other.npz"
    np.savez(other, **{name: a for name, a in arrays.items() if "features.conv1" not in name})
    with pytest.raises(WeightsError, match=r"missing, such as features\.conv1"):
        load_model(other)
    with pytest.raises(WeightsError, match="there is no such file"):
        load_model(tmp_path / "nothing")


def test_classes_without_test_images_have_no_accuracy(run, stripes):
    _, trainer, _ = run
    chosen = stripes.test_labels != 1
    fewer = dataclasses.replace(
        stripes,
        test_images=stripes.test_images[chosen],
        test_labels=stripes.test_labels[chosen],
    )
    shares = evaluate(trainer.engine, fewer).class_accuracy
    assert np.isnan(shares[1])
    assert np.isfinite(shares[[0, 2]]).all()
