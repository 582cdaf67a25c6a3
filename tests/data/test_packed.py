"""Packed files are read as they are, and never fill the memory."""

import gzip
import io
import tarfile
import tracemalloc

import pytest

from mydl.data import DataError
from mydl.data.cifar10 import CIFAR10
from mydl.data.packed import ALWAYS, open_packed


@pytest.fixture(scope="module")
def bomb():
    """A gigabyte of zeros in a megabyte."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as file:
        for _ in range(1024):
            file.write(bytes(2**20))
    return packed.getvalue()


def peak(action):
    tracemalloc.start()
    try:
        action()
    finally:
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return size


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_contents_come_out_packed_or_not(pack, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(pack(b"contents"))
    with open_packed(path) as file:
        assert (file.read(3), file.tell(), file.read()) == (b"con", 3, b"tents")
        assert file.read() == b""


def test_a_file_that_would_fill_the_memory_is_refused(bomb, tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(bomb)

    def read():
        with (
            pytest.raises(DataError, match=r"bomb\.gz: it holds more than 1.*do not trust it"),
            open_packed(path) as file,
        ):
            file.read()

    assert peak(read) < 2 * max(ALWAYS, 100 * len(bomb)) + 2**20


def test_an_archive_whose_header_would_fill_the_memory_is_refused(tmp_path):
    """The name of a member may be given in a block of its own, of any length."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 2**33
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(gzip.compress(member.tobuf() + bytes(2**27), 9))

    def read():
        with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz: "):
            CIFAR10.load(path)

    assert peak(read) < 2 * ALWAYS


def test_an_archive_with_a_member_of_zeros_is_refused(tmp_path):
    path = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        member.size = 2**27
        archive.addfile(member, io.BytesIO(bytes(2**27)))
    with pytest.raises(DataError, match="too many for a data set in a file of its size"):
        CIFAR10.load(path)


def test_a_member_that_is_longer_than_the_archive_is_refused(tmp_path):
    member = tarfile.TarInfo("data_batch_1.bin")
    member.size = 2**27
    path = tmp_path / "short.tar"
    path.write_bytes(member.tobuf() + bytes(1024))
    with pytest.raises(DataError, match=r"short\.tar"):
        CIFAR10.load(path)
