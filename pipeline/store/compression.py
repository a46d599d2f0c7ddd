"""Bodies compressed by zstd, fast rather than small: where every byte costs more than to compress it.

In: bytes. Out: one zstd frame, and back. Next: `piece_bodies`.
"""

import sys

from pipeline.model.trace_chunk import Pieces

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 1


class Packer:
    """Compresses one body after the other; not for several threads at once."""

    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(LEVEL)

    def pack(self, body: Pieces) -> bytes:
        """One frame."""
        return self._compressor.compress(b"".join(body), self._compressor.FLUSH_FRAME)


def unpacked(frame: bytes) -> bytes:
    """The body again."""
    return zstd.decompress(frame)
