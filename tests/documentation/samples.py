"""What the commands of the pages find in their folder, as a reader has it in theirs.

==================  ===========================================================================
on the page         in the folder
==================  ===========================================================================
``*.jpg``           one photograph, whatever its name: the portrait that comes with matplotlib
``seven.png``       a handwritten seven
``flowers``         a folder of photographs, ``rose`` and ``tulip``, twelve of each
``cifar10``         ``data/cifar-10-batches-bin``: CIFAR-10's layout, with 400 and 100 images of
                    random blobs
``runs/digits``     a run of one epoch on the digits, and so ``runs/before`` and ``runs/after``
``submissions``     answers of a class: anna's are right, ben's in part, chris called the library
==================  ===========================================================================

A page gets those whose names stand in its blocks that are run.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from functools import cached_property
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from mydl.data import load_dataset
from mydl.learn.course import Course
from mydl.learn.notebook_cells import write_notebooks

from ..data.conftest import SmallCifar

RUNS = ["digits", "before", "after"]


class Samples:
    """The samples; a network is trained once, when the first page asks for it."""

    def put(self, text, folder):
        """Put what a page's blocks name into its folder."""
        for name in sorted(set(re.findall(r"(?<![\w/.-])[\w-]+\.jpg\b", text))):
            photograph(folder / name)
        if "seven.png" in text:
            seven(folder / "seven.png")
        if re.search(r"\bflowers\b", text):
            flowers(folder / "flowers")
        if re.search(r"\bcifar10\b", text):
            cifar10(folder / "data")
        if re.search(r"\bsubmissions\b", text):
            submissions(folder / "submissions")
        for name in RUNS:
            if re.search(rf"\bruns/{name}\b", text) and f"--out runs/{name}" not in text:
                shutil.copytree(self.run, folder / "runs" / name)

    @cached_property
    def run(self):
        """The folder of a short run on the digits."""
        self._folder = tempfile.TemporaryDirectory()
        command = "train --epochs 1 --batch-size 16 --out digits"
        done = subprocess.run(
            [sys.executable, "-m", "mydl", *command.split()],
            cwd=self._folder.name,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return Path(self._folder.name, "digits")


def photograph(path, pixels=None):
    """The portrait, or a part of it with so many pixels a side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
    if not pixels:
        shutil.copy(source, path)
        return
    left, top = np.random.default_rng(int(path.stem)).integers(0, 512 - pixels, 2)
    Image.open(source).crop((left, top, left + pixels, top + pixels)).save(path)


def seven(path):
    """The first seven among the digits."""
    digits = load_dataset("digits")
    image = digits.train_images[np.flatnonzero(digits.train_labels == 7)[0]]
    Image.fromarray(image).save(path)


def flowers(folder):
    """Two classes of photographs."""
    for kind in ("rose", "tulip"):
        for number in range(12):
            photograph(folder / kind / f"{number}.jpg", pixels=240)


def cifar10(folder):
    """CIFAR-10 in its official layout, small."""
    small = SmallCifar(train_rows=80, test_rows=100)
    small.write_folder(folder, "bin")


def submissions(folder):
    """What three students handed in."""
    course = Course()
    for student in ("anna", "ben", "chris"):
        (folder / student).mkdir(parents=True)
    for name in ("relu", "linear", "conv-dw"):
        exercise = course[name]
        (folder / "anna" / exercise.file_name).write_text(exercise.solution_text())
    (folder / "ben" / "relu.py").write_text(course["relu"].solution_text())
    ((notebook, _),) = write_notebooks(course, folder / "ben", ["linear"], solutions=True)
    wrong = notebook.read_text().replace("x.T @ dy", "x.T @ dy / len(x)")
    assert wrong != notebook.read_text()
    notebook.write_text(wrong)
    library = "from mydl.layers import ReLU\n\n\ndef relu(x):\n    return ReLU.forward(x)\n"
    (folder / "chris" / "relu.py").write_text(library)
