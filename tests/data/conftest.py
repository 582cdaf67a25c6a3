"""Small copies of CIFAR-10 in its official layouts, and the real one where there is one."""

import functools
import struct
import tarfile

import numpy as np
import pytest

TRAIN_BATCHES = [f"data_batch_{number}" for number in range(1, 6)]
BATCHES = [*TRAIN_BATCHES, "test_batch"]


class Python2:
    """Pickles as Python 2's cPickle wrote them in protocol 2, instruction by instruction."""

    @staticmethod
    def string(text):
        raw = text.encode() if isinstance(text, str) else text
        short = b"U" + bytes([len(raw) % 256])
        return (short if len(raw) < 256 else b"T" + struct.pack("<i", len(raw))) + raw

    @staticmethod
    def integer(number):
        if 0 <= number < 256:
            return b"K" + bytes([number])
        if 0 <= number < 65536:
            return b"M" + struct.pack("<H", number)
        return b"J" + struct.pack("<i", number)

    @staticmethod
    def list(items):
        return b"](" + b"".join(items) + b"e"

    @classmethod
    def array(cls, array, *, shape=None, kind="u1"):
        rows, columns = array.shape if shape is None else shape
        return b"".join(
            [
                b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08",
                *(b"K\x00\x85", cls.string("b"), b"\x87Rq\x09"),
                *(b"(K\x01", cls.integer(rows), cls.integer(columns), b"\x86"),
                *(b"cnumpy\ndtype\nq\x0a", cls.string(kind), b"K\x00K\x01\x87Rq\x0b"),
                *(b"(K\x03", cls.string("|"), b"NNN", cls.integer(-1), cls.integer(-1), b"K\x00tb"),
                *(b"\x89", cls.string(array.tobytes()), b"tb"),
            ]
        )

    @classmethod
    def dictionary(cls, items):
        pairs = b"".join(cls.string(key) + value for key, value in items.items())
        return b"\x80\x02}q\x01(" + pairs + b"u."

    @classmethod
    def batch(cls, pixels, labels, /, **changes):
        items = {
            "batch_label": cls.string("training batch 1 of 5"),
            "labels": cls.list([cls.integer(int(label)) for label in labels]),
            "data": cls.array(pixels),
            "filenames": cls.list([cls.string("some_s_000001.png")] * len(labels)),
        }
        return cls.dictionary({**items, **changes})


class SmallCifar:
    """CIFAR-10 with a few images in each batch, and ways to write it down."""

    def __init__(self, train_rows=3, test_rows=2):
        rng = np.random.default_rng(0)
        rows = dict.fromkeys(TRAIN_BATCHES, train_rows) | {"test_batch": test_rows}
        self.pixels = {
            name: rng.integers(0, 256, (count, 3072), dtype=np.uint8)
            for name, count in rows.items()
        }
        self.labels = {
            name: rng.integers(0, 10, count, dtype=np.uint8) for name, count in rows.items()
        }

    @functools.cache  # noqa: B019
    def images(self, name):
        """(N, 32, 32, 3), pixel by pixel after the description of the layout."""
        rows = self.pixels[name]
        images = np.empty((len(rows), 32, 32, 3), np.uint8)
        for n, row in enumerate(rows):
            for i in range(32):
                for j in range(32):
                    for c in range(3):
                        images[n, i, j, c] = row[1024 * c + 32 * i + j]
        return images

    def file(self, layout, name):
        """The contents of a batch's file."""
        if layout == "bin":
            rows = np.concatenate([self.labels[name][:, None], self.pixels[name]], axis=1)
            return rows.tobytes()
        return Python2.batch(self.pixels[name], self.labels[name])

    def write_folder(self, parent, layout):
        folder = parent / f"cifar-10-batches-{layout}"
        folder.mkdir(parents=True)
        for name in BATCHES:
            suffix = ".bin" if layout == "bin" else ""
            (folder / f"{name}{suffix}").write_bytes(self.file(layout, name))
        return folder

    def write_archive(self, parent, layout, compression="gz"):
        folder = self.write_folder(parent / "unpacked", layout)
        (folder / "readme.html").write_text("<html></html>")
        kind = {"bin": "binary", "py": "python"}[layout]
        suffix = f".{compression}" if compression else ""
        path = parent / f"cifar-10-{kind}.tar{suffix}"
        with tarfile.open(path, f"w:{compression}") as archive:
            archive.add(folder, folder.name)
        return path


@pytest.fixture
def small_cifar():
    return SmallCifar()


@pytest.fixture(scope="session")
def python2():
    return Python2


@pytest.fixture
def nothing_lies_around(tmp_path, monkeypatch):
    """No data set is found but those that a test puts somewhere."""
    monkeypatch.delenv("MYDL_DATA", raising=False)
    monkeypatch.setattr("mydl.data.official.cache_folder", lambda: tmp_path / "cache")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
