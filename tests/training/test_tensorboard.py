"""Event files for TensorBoard: what is in them, going on after an interruption, a full disk."""

import dataclasses
import math
import struct
import sys

import pytest

from mydl.training.progress import EpochReport, StepReport
from mydl.training.tensorboard import TensorBoardWatcher
from mydl.weights.crc32c import crc32c, masked

STEP = StepReport(
    epoch=1, step=1, steps=3, loss=2.3, accuracy=0.25, images_per_second=90.0, lr=0.1, seconds=1.0
)
EPOCH = EpochReport(
    epoch=1,
    seconds=4.0,
    lr=0.1,
    train_loss=2.0,
    train_accuracy=0.5,
    validation_loss=math.nan,
    validation_accuracy=math.nan,
    images_per_second=90.0,
    dead_units=0.125,
    update_ratio=1e-3,
)


class Heard:
    """A watcher that remembers."""

    def __init__(self):
        self.reports, self.notes = [], []

    def on_step(self, report):
        self.reports.append(report)

    def on_epoch(self, report):
        self.reports.append(report)

    def on_note(self, note):
        self.notes.append(note)


def events_of(path):
    """The events of a file; each is framed by its length and checksums."""
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    data, place, events = path.read_bytes(), 0, []
    while place < len(data):
        (length,) = struct.unpack_from("<Q", data, place)
        message = data[place + 12 : place + 12 + length]
        (checksum,) = struct.unpack_from("<I", data, place + 12 + length)
        assert checksum == masked(crc32c(message))
        events.append(event_pb2.Event.FromString(message))
        place += 16 + length
    return events


def scalars(events):
    return [(e.step, v.tag, v.simple_value) for e in events for v in e.summary.value]


def test_steps_and_epochs_become_scalars_over_the_steps(tmp_path):
    pytest.importorskip("tensorboardX")
    heard = Heard()
    second = dataclasses.replace(STEP, step=2, loss=2.0)
    with TensorBoardWatcher(tmp_path / "events", heard, 3) as watcher:
        for report in (STEP, second):
            watcher.on_step(report)
        watcher.on_epoch(EPOCH)
        watcher.on_note("all is well")
    assert heard.reports == [STEP, second, EPOCH]
    assert heard.notes == ["all is well"]
    (path,) = (tmp_path / "events").iterdir()
    found = scalars(events_of(path))
    assert [(step, value) for step, tag, value in found if tag == "step/loss"] == [
        (1, pytest.approx(2.3)),
        (2, 2.0),
    ]
    assert (3, "epoch/train_accuracy", 0.5) in found
    assert (3, "epoch/dead_units", 0.125) in found
    assert not any(tag == "epoch/validation_loss" for _, tag, _ in found)  # not known


def test_a_run_that_goes_on_marks_where(tmp_path):
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    for epoch, step in ((1, 1), (2, 2)):
        with TensorBoardWatcher(tmp_path, Heard(), 3) as watcher:
            watcher.on_step(dataclasses.replace(STEP, epoch=epoch, step=step))
    paths = sorted(tmp_path.iterdir())
    assert len(paths) == 2
    marks = [
        event.step
        for path in paths
        for event in events_of(path)
        if event.session_log.status == event_pb2.SessionLog.START
    ]
    assert marks == [1, 5]


def test_a_full_disk_ends_the_events_but_not_the_training(tmp_path):
    pytest.importorskip("tensorboardX")

    class FullDisk:
        def __init__(self, *_):
            pass

        def write_event(self, event):
            raise OSError(28, "No space left on device")

    heard = Heard()
    watcher = TensorBoardWatcher(tmp_path, heard, 3)
    watcher._file_of = FullDisk
    for _ in range(3):
        watcher.on_step(STEP)
    watcher.close()
    assert heard.reports == [STEP] * 3
    assert heard.notes == ["no more events for TensorBoard: [Errno 28] No space left on device"]


def test_without_the_package_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ValueError, match=r"pip install 'mydl\[tensorboard\]'"):
        TensorBoardWatcher(tmp_path / "events", Heard(), 3)
    assert not (tmp_path / "events").exists()
