"""What a run looks like on the screen, and when it is asked to stop."""

import io
import math
import os
import signal
import sys

import pytest
from rich.console import Console
from rich.progress import Progress

from mydl.cli import progress as module
from mydl.cli.progress import BarWatcher, PlainWatcher, say, stop_on_signals
from mydl.training.progress import EpochReport, StepReport

STEP = StepReport(100, 390, 391, 12.3456, 0.9999, 12345.6, 0.1, 12345.0)
EPOCH = EpochReport(100, 12345.0, 0.1, 2.3456, 1.0, 2.3456, 1.0, 12345.6, 0.0, 0.001)
NO_VALIDATION = EpochReport(1, 12.0, 0.1, 2.3456, 0.5, math.nan, math.nan, 123.0, 0.0, 0.001)


def test_plain_lines_fit_in_80_columns_and_show_validation(capsys, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", -1.0)
    watcher = PlainWatcher(100)
    watcher.on_step(STEP)
    watcher.on_epoch(EPOCH)
    watcher.on_epoch(NO_VALIDATION)
    watcher.on_note("a warning")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "epoch 100/100 step 390/391 loss 12.3456 accuracy 100.0% 12,346 images/s",
        "epoch 100/100 loss 2.3456, validation 2.3456; accuracy 100.0%, validation 100.0%",
        "epoch   1/100 loss 2.3456; accuracy 50.0%; 123 images/s",
        "a warning",
    ]
    assert max(map(len, lines)) == 80


@pytest.mark.parametrize("epochs", [3, 100])
def test_the_bar_fits_in_80_columns(epochs):
    screen = io.StringIO()
    console = Console(width=80, file=screen, force_terminal=True, color_system=None)
    with Progress(*module.COLUMNS, console=console, expand=True, auto_refresh=False) as progress:
        watcher = BarWatcher(epochs, progress)
        progress.refresh()
        watcher.on_step(STEP)
        progress.refresh()
        watcher.on_epoch(EPOCH)
        watcher.on_note("[first] note")
    shown = screen.getvalue()
    lines = [line for line in shown.replace("\r", "\n").split("\n") if "images/s" in line]
    assert lines
    for line in lines:
        assert f"epoch 100/{epochs} " in line
        assert "12,346 images/s" in line  # nothing is cut off or broken into lines
        assert "━" in line
    assert module.FIRST_STEP in shown
    assert "[first] note" in shown
    assert "validation 2.3456" in shown


def test_output_that_has_gone_away_is_left_out(monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    gone = os.fdopen(writer, "w", buffering=1)
    monkeypatch.setattr(sys, "stdout", gone)
    say("somebody there?")
    PlainWatcher(2).on_epoch(EPOCH)
    monkeypatch.undo()
    with pytest.raises(BrokenPipeError):
        gone.close()


class Stoppable:
    stopped = 0

    def stop(self):
        self.stopped += 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_signals_stop_once_and_get_their_meaning_back(capsys):
    trainer = Stoppable()
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with stop_on_signals(trainer):
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert trainer.stopped == 3
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    after = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert after == before
    assert "once more to stop at once" in capsys.readouterr().err
