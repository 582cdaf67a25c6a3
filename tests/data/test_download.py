"""Downloads, from a server on this machine: checksum, cache, progress, and being offline."""

import functools
import hashlib
import http.server
import threading

import pytest

from mydl.data import DataError, load_dataset
from mydl.data.cifar10 import CIFAR10
from mydl.data.download import DownloadError, fetch

pytestmark = pytest.mark.usefixtures("nothing_lies_around")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        self.server.requests.append(args)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of a server, its folder and the requests it has had."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        served.requests = []
        served.daemon_threads = True
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}", folder, served.requests
        served.shutdown()
        thread.join()


@pytest.fixture
def nobody(monkeypatch):
    """An address where no server answers."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return "http://127.0.0.1:9"


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def serve(monkeypatch, official, url, *files):
    """Let a data set be downloaded from another server."""
    changes = {"url": url}
    if files:
        changes["downloads"] = {path.name: md5(path) for path in files}
    for name, value in changes.items():
        monkeypatch.setitem(vars(official), name, value)  # the class is frozen


def test_cifar10_is_downloaded_once_and_found_again(server, small_cifar, monkeypatch, capsys):
    url, served, requests = server
    archive = small_cifar.write_archive(served, "bin").rename(served / "cifar-10-binary.tar.gz")
    serve(monkeypatch, CIFAR10, url, archive)
    for _ in range(2):
        dataset = load_dataset("cifar10", download=True)
        assert dataset.train_images.shape == (15, 32, 32, 3)
        assert len(requests) == 1
    assert load_dataset("cifar10").test_images.shape == (2, 32, 32, 3)
    assert "cifar-10-binary.tar.gz: 100 % of 0 MB" in capsys.readouterr().err


def test_a_download_goes_into_the_named_folder(server, small_cifar, monkeypatch, tmp_path):
    url, served, _ = server
    archive = small_cifar.write_archive(served, "bin").rename(served / "cifar-10-binary.tar.gz")
    serve(monkeypatch, CIFAR10, url, archive)
    load_dataset("cifar10", tmp_path / "mine", download=True)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["cifar-10-binary.tar.gz"]


def test_a_file_with_another_checksum_is_not_kept(server, tmp_path):
    url, served, _ = server
    (served / "file.bin").write_bytes(b"altered")
    with pytest.raises(DownloadError, match=f"does not have the checksum {'0' * 32}"):
        fetch(f"{url}/file.bin", "0" * 32, tmp_path / "kept")
    assert not list((tmp_path / "kept").iterdir())


def test_a_file_that_is_not_there_is_told(server, tmp_path):
    with pytest.raises(DownloadError, match=r"cannot download http.*gone\.bin: .*404"):
        fetch(f"{server[0]}/gone.bin", "0" * 32, tmp_path / "kept")


def test_offline_one_sentence_says_what_to_put_where(nobody, monkeypatch):
    serve(monkeypatch, CIFAR10, nobody)
    with pytest.raises(DataError) as caught:
        load_dataset("cifar10", download=True)
    message = str(caught.value)
    assert "cannot download http://127.0.0.1:9/cifar-10-binary.tar.gz: no connection" in message
    for word in ("cifar-10-python.tar.gz", "./data", "--data-dir", "$MYDL_DATA"):
        assert word in message
    assert "\n" not in message


def test_a_large_file_reports_every_tenth_where_there_is_no_terminal(server, tmp_path, capsys):
    url, served, _ = server
    (served / "file.bin").write_bytes(bytes(3_000_000))
    path = fetch(f"{url}/file.bin", md5(served / "file.bin"), tmp_path / "kept")
    assert path.stat().st_size == 3_000_000
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"file.bin: {tenth}0 % of 3 MB" for tenth in range(1, 11)]
