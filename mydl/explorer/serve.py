"""Show the page to a browser on this machine, and to nobody else."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"


def server(page: str, port: int = 0) -> ThreadingHTTPServer:
    """A server of one page, on this machine only; ``serve_forever()`` starts it.

    Parameters
    ----------
    page
        HTML.
    port
        To listen on; 0 takes one that is free.

    Raises
    ------
    ValueError
        The port is taken or may not be used.

    Examples
    --------
    >>> with server("<p>Hello", 0) as one:
    ...     address(one).startswith("http://127.0.0.1:")
    True
    """
    content = page.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: there is one page and one reader."""

    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"cannot serve on port {port} ({reason}): choose another one") from None


def address(server: ThreadingHTTPServer) -> str:
    """What to type into a browser."""
    return f"http://{HOST}:{server.server_address[1]}/"
