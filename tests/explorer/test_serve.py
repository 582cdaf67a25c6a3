"""The page over HTTP, for this machine only."""

import threading
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from mydl.explorer.serve import address, server


def test_the_page_and_nothing_else_is_served():
    with server("<p>é") as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        try:
            with urlopen(address(one)) as response:
                assert response.read().decode() == "<p>é"
                assert response.headers["Content-Type"] == "text/html; charset=utf-8"
            with pytest.raises(HTTPError, match="404") as caught:
                urlopen(f"{address(one)}etc/passwd")
            caught.value.close()
        finally:
            one.shutdown()
            thread.join()


def test_other_machines_are_not_served():
    with server("") as one:
        assert one.server_address[0] == "127.0.0.1"


def test_a_port_that_cannot_be_had_is_told():
    with server("") as one:
        port = one.server_address[1]
        with pytest.raises(ValueError, match=f"cannot serve on port {port} .*: choose another"):
            server("", port)
    with pytest.raises(ValueError, match="cannot serve on port 70000"):
        server("", 70000)
