"""The body of an HTTP request, never more of it than the limits allow, unpacked.

In: a request, its limit, the room that it holds. Out: `read_body`. Next: the doors read what is in it.

Compressed bodies are unpacked piece by piece, so that a small body that becomes a huge one is refused
before it is huge.
"""

import asyncio
import zlib
from datetime import timedelta
from typing import Any, NamedTuple

from starlette.requests import Request

from exporter.admission import Hold, too_large
from pipeline.errors import BadRequest, Unsupported

PIECE = 64 * 1024
PATIENCE = timedelta(seconds=60)
"""Who stops in the middle of a body holds room that others need."""
GZIP_WINDOW = 16 + zlib.MAX_WBITS
ENCODINGS = ("gzip", "deflate", "identity")


class BodyLimit(NamedTuple):
    """A limit with the setting that moves it."""

    setting: str
    max_bytes: int

    def check(self, what: str, n_bytes: int) -> None:
        """Raises `LimitExceeded` above the limit."""
        if n_bytes > self.max_bytes:
            raise too_large(what, n_bytes, self.setting, self.max_bytes)


async def read_body(
    request: Request, wire: BodyLimit, unpacked: BodyLimit, hold: Hold | None = None
) -> bytes:
    """The whole body, unpacked; the hold grows by what is kept of it."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            return await _read_body(request, wire, unpacked, hold)
    except TimeoutError:
        raise BadRequest(f"the body did not come within {PATIENCE.seconds} s") from None


async def _read_body(
    request: Request, wire: BodyLimit, unpacked: BodyLimit, hold: Hold | None
) -> bytes:
    encoding = encoding_of(request)
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit():
        wire.check("request", int(declared[:20]))
    unpack = None if encoding == "identity" else Unpacker(encoding, unpacked)
    chunks: list[bytes] = []
    n_wire = 0
    async for chunk in request.stream():
        n_wire += len(chunk)
        wire.check("request", n_wire)
        for piece in (chunk,) if unpack is None else unpack.feed(chunk):
            if hold is not None:
                hold.grow(len(piece))
            chunks.append(piece)
    if unpack is not None and n_wire:
        unpack.finish()
    return b"".join(chunks)


def encoding_of(request: Request) -> str:
    """The one content encoding of the body; raises `Unsupported`."""
    given = request.headers.get("content-encoding", "").strip().lower() or "identity"
    encoding = given.removeprefix("x-")
    if encoding not in ENCODINGS:
        raise Unsupported(
            f"this Content-Encoding is not understood; understood: {', '.join(ENCODINGS)}"
        )
    return encoding


class Unpacker:
    """gzip (also several members in a row) or deflate (with or without zlib's frame)."""

    def __init__(self, encoding: str, limit: BodyLimit) -> None:
        self._encoding = encoding
        self._limit = limit
        self._n_bytes = 0
        self._window = GZIP_WINDOW if encoding == "gzip" else 0
        self._inner = zlib.decompressobj(self._window) if self._window else None

    def feed(self, chunk: bytes) -> list[bytes]:
        """What the chunk unpacks to; raises `BadRequest` and `LimitExceeded`."""
        pieces: list[bytes] = []
        inner = self._start(chunk)
        try:
            while chunk:
                piece = inner.decompress(chunk, PIECE)
                self._n_bytes += len(piece)
                self._limit.check("unpacked request", self._n_bytes)
                if piece:
                    pieces.append(piece)
                chunk = inner.unconsumed_tail
                if inner.eof:
                    chunk = inner.unused_data
                    if chunk:
                        inner = self._inner = zlib.decompressobj(self._window)
        except zlib.error:
            raise BadRequest(f"the body is not {self._encoding}") from None
        return pieces

    def finish(self) -> None:
        """Raises `BadRequest` when the end is missing."""
        if self._inner is None or not self._inner.eof:
            raise BadRequest(f"the {self._encoding} body ends too early")

    def _start(self, chunk: bytes) -> Any:
        """Some clients send deflate without zlib's frame; its first byte tells."""
        if self._inner is None:
            framed = chunk[:1] and chunk[0] & 0x0F == zlib.DEFLATED
            self._window = zlib.MAX_WBITS if framed else -zlib.MAX_WBITS
            self._inner = zlib.decompressobj(self._window)
        return self._inner
