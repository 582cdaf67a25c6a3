"""Each page of the documentation as a file of tests: ``pytest docs/first-run.md`` runs its blocks.

There are two tests a page. ``sound`` runs nothing: it knows what each block is, and parses the
calls of mydl, those in the text too. ``run`` runs the blocks in a new folder.
"""

import functools
import tempfile

import pytest

from .page import ROOT, blocks, is_page
from .replay import RUN, Replay, sound

# Pages that take more than a few seconds.
SLOW = {
    "docs/architectures.md",
    "docs/benchmarking.md",
    "docs/checkpoints.md",
    "docs/cifar10.md",
    "docs/data.md",
    "docs/doctor.md",
    "docs/explore.md",
    "docs/export.md",
    "docs/fine-tuning.md",
    "docs/first-run.md",
    "docs/gradient-checking.md",
    "docs/help.md",
    "docs/learn.md",
    "docs/moving.md",
    "docs/own-layer.md",
    "docs/performance.md",
    "docs/photographs.md",
    "docs/recipes.md",
    "docs/reports.md",
    "docs/several-machines.md",
    "docs/squeezenet.md",
    "docs/teaching.md",
    "docs/tutorial.md",
    "docs/visualize.md",
    "docs/zh/squeezenet.md",
    "docs/zh/tutorial.md",
}


@functools.cache
def samples():
    """The samples, which a page may ask for."""
    from .samples import Samples

    return Samples()


class PageFile(pytest.File):
    """A page."""

    def collect(self):
        yield Sound.from_parent(self, name="sound")
        if any(block.language in RUN and block.is_run for block in blocks(self.path.read_text())):
            yield Run.from_parent(self, name="run")


class _Item(pytest.Item):
    def runtest(self):
        if faults := self.faults(self.path.read_text()):
            raise WrongPage(faults)

    def repr_failure(self, excinfo):
        if not isinstance(excinfo.value, WrongPage):
            return super().repr_failure(excinfo)
        page = self.path.relative_to(ROOT)
        return "\n\n".join(f"{page}, {fault}" for fault in excinfo.value.args[0])

    def reportinfo(self):
        return self.path, 0, f"{self.path.relative_to(ROOT)}: {self.name}"


class Sound(_Item):
    def faults(self, text):
        return sound(text)


class Run(_Item):
    def __init__(self, **arguments):
        super().__init__(**arguments)
        if str(self.path.relative_to(ROOT)) in SLOW:
            self.add_marker(pytest.mark.slow)

    def faults(self, text):
        with tempfile.TemporaryDirectory() as folder:
            return Replay(folder, samples()).run(text, self.path.name)


class WrongPage(Exception):
    """A page that does not tell the truth."""


def pytest_collect_file(file_path, parent):
    if is_page(file_path):
        return PageFile.from_parent(parent, path=file_path)
    return None
