"""Bodies compressed by zstd, fast rather than small: every byte less is one that the database need not write.

In: one or several bodies. Out: one zstd frame, and back. Next: `piece_bodies`.
"""

import sys

from pipeline.model.trace_chunk import Pieces

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PARAMETERS: dict[int, int] = {
    zstd.CompressionParameter.compression_level: 3,
    zstd.CompressionParameter.min_match: 5,
    zstd.CompressionParameter.hash_log: 14,
    zstd.CompressionParameter.chain_log: 13,
}
"""Level 3 looks for long matches first: what it finds is fewer, so that it is quicker than level 1 on words and
smaller on everything. Its tables are cut to what a core keeps at hand."""


class Packer:
    """Compresses one body after the other; not for several threads at once."""

    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(options=PARAMETERS)

    def pack(self, body: Pieces) -> bytes:
        """One frame."""
        return self._compressor.compress(b"".join(body), self._compressor.FLUSH_FRAME)


def unpacked(frame: bytes) -> bytes:
    """The body again."""
    return zstd.decompress(frame)
