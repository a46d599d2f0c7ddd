"""A small HTTP server on loopback that answers POSTs by one function.

In: a function from (path, body, headers) to a reply. Out: its address while the block lasts. Next:
the scripted models and the capture of spans are two of it.
"""

import gzip
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Reply:
    """What is sent back."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"


Respond = Callable[[str, bytes, Mapping[str, str]], Reply]


@contextmanager
def serving(respond: Respond) -> Generator[str]:
    """Serve on a free port; yields `http://127.0.0.1:<port>`."""

    class Handler(_Handler):
        def answer(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
            return respond(path, body, headers)

    server = _Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        raise NotImplementedError

    def do_POST(self) -> None:
        body = _inflated(self._body(), self.headers.get("Content-Encoding", ""))
        headers = {key.lower(): value for key, value in self.headers.items()}
        self._send(self.answer(self.path, body, headers))

    def do_GET(self) -> None:
        self._send(self.answer(self.path, b"", {}))

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the recorder prints what matters."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news; what the script cannot answer is kept elsewhere."""


def _inflated(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "gzip":
            return gzip.decompress(body)
        case "deflate":
            return zlib.decompress(body)
        case _:
            return body
