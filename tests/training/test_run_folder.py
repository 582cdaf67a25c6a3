"""What a run leaves behind, and how it is read again."""

import csv
import dataclasses
import math
import os
import re
import shutil
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mydl.models.saved import load_model
from mydl.parallel import ShardedModel
from mydl.training.config import TrainingConfig
from mydl.training.evaluation import evaluate
from mydl.training.progress import EpochReport
from mydl.training.recorder import Recorder
from mydl.training.run_folder import RunFolder
from mydl.training.runs import read_result
from mydl.training.trainer import Trainer
from mydl.weights import WeightsError

CONFIG = TrainingConfig(data="stripes", epochs=2, batch_size=16, shard_size=8)


@pytest.fixture(scope="module")
def run(stripes, tmp_path_factory):
    trainer = Trainer(CONFIG, stripes)
    with RunFolder(tmp_path_factory.mktemp("runs") / "first", CONFIG) as folder:
        trainer.fit(Recorder(trainer, folder, pytest.fail))
        evaluation = folder.finish(trainer)
    return folder, trainer, evaluation


@pytest.mark.parametrize(("size", "start"), [(1, "mydl train"), (3, "mpiexec -n 3 mydl train")])
def test_the_command_to_go_on_starts_as_many_processes(tmp_path, size, start):
    folder = RunFolder(tmp_path / "my run", CONFIG)
    trainer = SimpleNamespace(ranks=SimpleNamespace(size=size))
    assert folder.command(trainer) == f"{start} --resume '{tmp_path}/my run'"


def test_the_files(run):
    folder, trainer, evaluation = run
    assert sorted(path.name for path in folder.path.iterdir()) == [
        ".lock", "checkpoints", "config.toml", "confusion.png", "curves.png", "metrics.csv",
        "mistakes.png", "model.npz", "report.html", "result.json",
    ]  # fmt: skip
    settings = tomllib.loads((folder.path / "config.toml").read_text())
    assert TrainingConfig.from_dict(settings) == CONFIG
    rows = list(csv.DictReader((folder.path / "metrics.csv").read_text().splitlines()))
    assert list(rows[0]) == [
        "epoch", "seconds", "lr", "train_loss", "train_accuracy", "validation_loss",
        "validation_accuracy", "images_per_second", "dead_units", "update_ratio",
    ]  # fmt: skip
    assert [row["epoch"] for row in rows] == ["1", "2"]
    for row, report in zip(rows, trainer.history, strict=True):
        for name, value in dataclasses.asdict(report).items():
            assert float(row[name]) == pytest.approx(value, rel=1e-5)
    result = read_result(folder.path)
    assert result.test_accuracy == evaluation.accuracy
    assert (result.epochs, result.stopped_early) == (2, False)


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


def test_averaged_weights_are_what_is_kept(stripes, tmp_path):
    config = dataclasses.replace(CONFIG, ema=0.9, epochs=1)
    trainer = Trainer(config, stripes)
    with RunFolder(tmp_path / "run", config) as folder:
        trainer.fit(Recorder(trainer, folder, pytest.fail))
        folder.save_weights(trainer)
    kept, _ = load_model(tmp_path / "run")
    last = trainer.model.state_dict()
    with trainer.averaged():
        for path, values in trainer.model.state_dict().items():
            np.testing.assert_array_equal(kept.state_dict()[path], values)
    assert any((last[path] != values).any() for path, values in kept.state_dict().items())


def test_a_run_without_an_epoch_or_validation_has_results(stripes, tmp_path):
    config = dataclasses.replace(CONFIG, validation=0.0)
    trainer = Trainer(config, stripes)
    with RunFolder(tmp_path / "run", config) as folder:
        evaluation = folder.finish(trainer)
    assert 0 <= evaluation.accuracy <= 1
    assert (folder.path / "model.npz").exists()
    assert not (folder.path / "curves.png").exists()


def row(epoch, validation_loss=0.25):
    return EpochReport(epoch, 1.5, 0.1, 0.3, 0.9, validation_loss, 0.875, 123.4, 0.0, 1e-3)


HEADER = ",".join(field.name for field in dataclasses.fields(EpochReport))


def lines(folder):
    return (folder.path / "metrics.csv").read_text().splitlines()


def test_metrics_grow_row_by_row(tmp_path):
    with RunFolder(tmp_path / "run", CONFIG) as folder:
        assert lines(folder) == [HEADER]
        folder.write_metrics([row(1)])
        inode = (folder.path / "metrics.csv").stat().st_ino
        assert lines(folder) == [HEADER, "1,1.5,0.1,0.3,0.9,0.25,0.875,123.4,0,0.001"]
        folder.write_metrics([row(1), row(2, math.nan)])
        assert lines(folder)[2] == "2,1.5,0.1,0.3,0.9,,0.875,123.4,0,0.001"
        folder.write_metrics([row(1), row(2)])
        assert len(lines(folder)) == 3
        assert (folder.path / "metrics.csv").stat().st_ino == inode


@pytest.mark.parametrize("torn", ["2,1.5,0.1,0.", "2,1.5,0.1,0.3,0.9,0.25,0.875,9,0,1\n3,", "\0\0"])
def test_what_a_crash_left_of_a_row_is_mended(tmp_path, torn):
    with RunFolder(tmp_path / "run", CONFIG) as folder:
        folder.write_metrics([row(1)])
    with (tmp_path / "run" / "metrics.csv").open("a") as file:
        file.write(torn)
    with RunFolder.open(tmp_path / "run") as folder:
        folder.write_metrics([row(1)])
        assert len(lines(folder)) == 2
        folder.write_metrics([row(1), row(2)])
        assert [line[0] for line in lines(folder)] == ["e", "1", "2"]


def test_a_row_that_could_not_be_written_is_written_with_the_next(tmp_path, monkeypatch):
    with RunFolder(tmp_path / "run", CONFIG) as folder:
        folder.write_metrics([row(1)])
        fsync = os.fsync

        def full(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"metrics\.csv: this cannot be written \(No space left"):
            folder.write_metrics([row(1), row(2)])
        monkeypatch.setattr(os, "fsync", fsync)
        folder.write_metrics([row(1), row(2), row(3)])
        assert [line[0] for line in lines(folder)] == ["e", "1", "2", "3"]


def test_a_folder_that_vanished_is_not_made_again(tmp_path, stripes):
    trainer = Trainer(CONFIG, stripes)
    with RunFolder(tmp_path / "run", CONFIG) as folder:
        shutil.rmtree(folder.path)
        for write in (folder.save_checkpoint, folder.save_weights, folder.finish):
            with pytest.raises(OSError, match=r"cannot be written \(No such file or directory"):
                write(trainer)
        with pytest.raises(OSError, match=r"metrics\.csv: this cannot be written"):
            folder.write_metrics([row(1)])
    assert not (tmp_path / "run").exists()


def test_two_cannot_train_in_a_folder(tmp_path):
    with RunFolder(tmp_path / "run", CONFIG), pytest.raises(ValueError, match="is training here"):
        RunFolder.open(tmp_path / "run")
    RunFolder.open(tmp_path / "run").close()


def test_opening_cleans_up_and_gives_the_configuration(tmp_path):
    RunFolder(tmp_path / "run", CONFIG).close()
    for name in (".model.npz.123", "checkpoints/.step-00000003.npz.123"):
        (tmp_path / "run" / name).write_text("half")
    with RunFolder.open(tmp_path / "run") as folder:
        assert folder.config == CONFIG
    assert sorted(path.name for path in (tmp_path / "run").rglob("*")) == [
        ".lock", "checkpoints", "config.toml", "metrics.csv",
    ]  # fmt: skip


def test_a_folder_whose_making_was_cut_off_can_be_used(tmp_path):
    (tmp_path / "run").mkdir()
    for name in (".lock", ".config.toml.123"):
        (tmp_path / "run" / name).write_text("")
    RunFolder(tmp_path / "run", CONFIG).close()
    RunFolder.open(tmp_path / "run").close()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "no run to go on with, it has no config.toml"),
        ("epochs = ", "config.toml: "),
        ("epoch = 3", "did you mean 'epochs'"),
        ("epochs = -3", "config.toml: epochs must be at least 1"),
        (b"\xff\xfe", "config.toml: "),
    ],
)
def test_what_is_no_run_cannot_go_on(tmp_path, text, sentence):
    if text is not None:
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(str(tmp_path))) as caught:
        RunFolder.open(tmp_path)
    assert sentence in str(caught.value)


def test_a_run_that_is_not_there_cannot_go_on(tmp_path):
    with pytest.raises(ValueError, match="nothing: there is no such folder to go on in"):
        RunFolder.open(tmp_path / "nothing")


def test_a_file_in_the_way_is_said(tmp_path):
    (tmp_path / "run").write_text("")
    for path in (tmp_path / "run", tmp_path / "run" / "below"):
        with pytest.raises(OSError, match=r"this cannot be written \(.*\): choose another place"):
            RunFolder(path, CONFIG)


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
