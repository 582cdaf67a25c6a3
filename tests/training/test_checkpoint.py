"""Checkpoints: whole or refused, and the one before is used."""

import dataclasses
import math
import zipfile

import numpy as np
import pytest

from mydl.training import checkpoint as module
from mydl.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    Checkpoints,
    best_step,
    fingerprint,
    remove_leftovers,
)
from mydl.training.config import TrainingConfig
from mydl.training.progress import EpochReport, Progress, TrainingState
from mydl.weights import save_npz

CONFIG = TrainingConfig(data="stripes", epochs=9)
STEPS_PER_EPOCH = 10


def report(epoch, accuracy):
    return EpochReport(epoch, 1.5, 0.1, 0.3, 0.9, 0.2, accuracy, 123.4, 0.0, math.nan)


def checkpoint(step=25, accuracies=(0.5, 0.25, 0.75), config=CONFIG):
    """One of a run that is at this step, whose epochs had these validation accuracies."""
    epoch = step // STEPS_PER_EPOCH
    progress = Progress(
        step=step,
        epoch=epoch,
        epoch_step=step % STEPS_PER_EPOCH,
        loss_sum=0.1,
        history=[report(i + 1, accuracies[i]) for i in range(epoch)],
    )
    rng = np.random.default_rng(step)
    arrays = {
        "model.conv.weight": rng.normal(size=(3, 3, 2, 4)).astype(np.float32),
        "model.conv.bias": rng.normal(size=4).astype(np.float32),
        "optimizer.steps": np.array(step),
        "optimizer.velocity": rng.normal(size=76).astype(np.float32),
        "data.mean": rng.normal(size=2),
    }
    return Checkpoint(TrainingState(arrays, progress.to_dict()), config, data="1234")


def same(one, other):
    """Whether two checkpoints are alike to the bit."""
    return (
        repr(one.state.numbers) == repr(other.state.numbers)  # NaN is not equal to itself
        and (one.config, one.data, one.versions) == (other.config, other.data, other.versions)
        and one.state.arrays.keys() == other.state.arrays.keys()
        and all(
            (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
            for name, a in one.state.arrays.items()
            for b in [other.state.arrays[name]]
        )
    )


def test_what_was_written_is_read(tmp_path):
    one = checkpoint()
    one.save(tmp_path / "one.npz")
    assert same(Checkpoint.load(tmp_path / "one.npz"), one)
    assert [path.name for path in tmp_path.iterdir()] == ["one.npz"]


def damaged(raw, other, rng):
    """A file's bytes with one of the things done to them that happen to files."""
    kind = rng.integers(8)
    place = int(rng.integers(len(raw)))
    changed = bytearray(raw)
    if kind == 0:
        return raw[:place]
    if kind == 1:
        changed[place] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        changed[place] = int(rng.integers(256))
    elif kind == 3:
        end = min(len(raw), place + int(rng.integers(1, 600)))
        changed[place:end] = bytes(end - place)
    elif kind == 4:  # two parts swapped
        a, b = sorted(int(i) for i in rng.integers(len(raw), size=2))
        return raw[b:] + raw[a:b] + raw[:a]
    elif kind == 5:  # a part of another checkpoint of the same run
        end = min(len(raw), len(other), place + int(rng.integers(1, 600)))
        changed[place:end] = other[place:end]
    elif kind == 6:  # bytes that are missing or too much in the middle
        changed[place:place] = rng.bytes(int(rng.integers(1, 50)))
    else:
        del changed[place : place + int(rng.integers(1, 50))]
    return bytes(changed)


def test_a_thousand_damaged_checkpoints_are_refused_and_the_one_before_is_used(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=3)
    checkpoints.folder.mkdir()
    before, newest = checkpoint(20), checkpoint(25)
    kept, path = checkpoints.save(before), checkpoints.save(newest)
    raw, other = path.read_bytes(), kept.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(1000):
        path.write_bytes(damaged(raw, other, rng))
        used, found, faults = checkpoints.newest(CONFIG)
        if used == path:
            assert same(found, newest)
            assert not faults
            continue
        refused += 1
        assert used == kept
        assert same(found, before)
        (fault,) = faults
        assert fault.startswith(f"{path}: ")
        assert fault.endswith("; the one before it, step-00000020.npz, is used instead")
        assert "\n" not in fault
    assert refused > 800  # the others were changed where a file has nothing to say


def rewritten(change):
    """A way to damage a checkpoint: change its description, keep all checksums right."""

    def damage(path):
        one = checkpoint()
        description = {
            "kind": module.KIND,
            "format": module.FORMAT,
            "numbers": one.state.numbers,
            "config": one.config.to_dict(),
            "data": one.data,
            "versions": one.versions,
        }
        change(description)
        description["checksum"] = module._checksum(one.state.arrays, description)
        save_npz(path, one.state.arrays, description)

    return damage


def swap_arrays(path):
    """Two arrays that change places, with the checksums of the archive right."""
    with np.load(path) as file:
        arrays = dict(file)
    weight, velocity = arrays["model.conv.weight"], arrays["optimizer.velocity"][:72]
    arrays["model.conv.weight"] = velocity.reshape(weight.shape)
    np.savez(path, **arrays)


FAULTS = {
    "empty": (lambda path: path.write_bytes(b""), "not a readable .npz file"),
    "text": (lambda path: path.write_text("hello"), "not a readable .npz file"),
    "folder": (lambda path: (path.unlink(), path.mkdir()), "this is a folder"),
    "arrays only": (lambda path: np.savez(path, a=np.zeros(3)), "not one that mydl wrote"),
    "weights": (lambda path: save_npz(path, {"a": np.zeros(3)}, {"model": "x"}), "no checkpoint"),
    "format": (rewritten(lambda d: d.update(format=2)), "its format is 2, this mydl reads 1"),
    "no format": (rewritten(lambda d: d.pop("format")), "its format is None"),
    "numbers": (rewritten(lambda d: d["numbers"].pop("step")), "progress of another version"),
    "no numbers": (rewritten(lambda d: d.pop("numbers")), "cannot go on from it"),
    "unknown setting": (rewritten(lambda d: d["config"].update(speed=3)), "no setting 'speed'"),
    "bad setting": (rewritten(lambda d: d["config"].update(lr=-1)), "lr must be greater than 0"),
    "versions": (rewritten(lambda d: d.update(versions=3)), "cannot go on from it"),
    "other run": (rewritten(lambda d: d["config"].update(lr=0.5)), "a run with lr = 0.5"),
    "swapped": (swap_arrays, "its checksum does not fit its content"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_is_no_good_checkpoint_is_refused(tmp_path, name):
    damage, sentence = FAULTS[name]
    checkpoints = Checkpoints(tmp_path, keep=3)
    kept, path = checkpoints.save(checkpoint(20)), checkpoints.save(checkpoint(25))
    damage(path)
    used, found, (fault,) = checkpoints.newest(CONFIG)
    assert used == kept
    assert same(found, checkpoint(20))
    assert sentence in fault
    assert fault.startswith(f"{path}: ")


def test_where_no_checkpoint_is_left_a_sentence_says_what_to_do(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=3)
    for step in (10, 20):
        checkpoints.save(checkpoint(step)).write_bytes(b"")
    with pytest.raises(CheckpointError) as caught:
        checkpoints.newest(CONFIG)
    assert str(caught.value).startswith(f"{tmp_path / 'step-00000020.npz'}: not a readable")
    assert f"no other checkpoint is left: remove {tmp_path} to begin" in str(caught.value)


def test_a_run_without_checkpoints_has_no_newest(tmp_path):
    assert Checkpoints(tmp_path, keep=3).newest(CONFIG) is None
    assert Checkpoints(tmp_path / "missing", keep=3).newest(CONFIG) is None
    with pytest.raises(CheckpointError, match="there is no such file"):
        Checkpoint.load(tmp_path / "nothing.npz")


def names(checkpoints):
    return [int(path.stem.removeprefix("step-")) for path in checkpoints.paths()]


def test_the_last_and_the_best_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    accuracies = (0.5, 0.9, 0.7, 0.6, 0.9, 0.8)
    (tmp_path / "step-1.npz").write_text("another file")
    seen = []
    for step in range(5, 65, 5):
        checkpoints.save(checkpoint(step, accuracies))
        seen.append(names(checkpoints))
    assert seen[:5] == [[5], [5, 10], [10, 15], [15, 20], [20, 25]]
    assert seen[5:7] == [[20, 25, 30], [20, 30, 35]]  # the second epoch was the best
    assert seen[-1] == [20, 55, 60]
    assert (tmp_path / "step-1.npz").exists()


def test_without_validation_only_the_last_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in range(10, 60, 10):
        checkpoints.save(checkpoint(step, [math.nan] * 5))
    assert names(checkpoints) == [40, 50]


def test_a_checkpoint_after_a_damaged_one_does_not_take_its_turn(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save(checkpoint(30)).write_bytes(b"")
    checkpoints.save(checkpoint(20))
    checkpoints.save(checkpoint(25))
    assert names(checkpoints) == [25, 30]
    assert checkpoints.newest(CONFIG)[0].name == "step-00000025.npz"


def test_old_ones_stay_where_the_new_one_cannot_be_written(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path, keep=1)
    old = checkpoints.save(checkpoint(20)).read_bytes()

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save(checkpoint(25))
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000020.npz"]
    assert checkpoints.paths()[0].read_bytes() == old


def test_settings_that_change_no_bit_may_be_changed(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=3)
    checkpoints.save(checkpoint())
    changed = dataclasses.replace(CONFIG, keep=1, checkpoint_minutes=1.0, data_dir="/moved")
    assert checkpoints.newest(changed)[0].name == "step-00000025.npz"
    with pytest.raises(CheckpointError, match=r"with epochs = 9, but config\.toml says 12"):
        checkpoints.newest(dataclasses.replace(CONFIG, epochs=12))


def test_other_data_are_refused(stripes):
    one = dataclasses.replace(checkpoint(), data=fingerprint(stripes))
    one.check_data(stripes)
    fewer = dataclasses.replace(
        stripes, train_images=stripes.train_images[1:], train_labels=stripes.train_labels[1:]
    )
    with pytest.raises(ValueError, match="not the data that the run was begun with"):
        one.check_data(fewer)


def test_another_processor_or_version_is_told():
    assert checkpoint().other_versions() == ""
    here = module.versions()
    one = dataclasses.replace(checkpoint(), versions={**here, "NumPy": "1.0", "processor": "i486"})
    assert one.other_versions() == (
        "the run was trained with NumPy 1.0, processor i486 and goes on with "
        f"NumPy {here['NumPy']}, processor {here['processor']}: the last bits of its result may "
        "be others"
    )


def test_another_number_of_processes_is_told():
    one = dataclasses.replace(checkpoint(), versions=module.versions(processes=2))
    assert one.other_versions(processes=2) == ""
    assert "trained with processes 2 and goes on with processes 1" in one.other_versions()


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    kept = ["step-00000020.npz", ".lock", ".notes.txt", "model.npz"]
    for name in [*kept, ".step-00000025.npz.1234", ".model.npz.99"]:
        (tmp_path / name).write_text("")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
    remove_leftovers(tmp_path / "missing")


def test_the_best_step_is_that_of_the_first_best_epoch():
    assert best_step(checkpoint(35, (0.5, 0.9, 0.9)).state.numbers) == 20
    assert best_step(checkpoint(5).state.numbers) is None


def test_a_checkpoint_is_an_archive_that_others_can_read(tmp_path):
    checkpoint().save(tmp_path / "one.npz")
    with zipfile.ZipFile(tmp_path / "one.npz") as archive:
        assert "model.conv.weight.npy" in archive.namelist()
