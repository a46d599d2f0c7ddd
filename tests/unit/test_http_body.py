"""Bodies are unpacked whole or not at all, and never beyond the limit."""

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.http_body import BodyLimit, Unpacker
from pipeline.errors import BadRequest, LimitExceeded

WIDE = BodyLimit("max_decompressed_bytes", 1 << 20)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def unpack(packed: bytes, encoding: str, step: int = 7, limit: BodyLimit = WIDE) -> bytes:
    unpacker = Unpacker(encoding, limit)
    pieces = [unpacker.feed(packed[at : at + step]) for at in range(0, len(packed), step)]
    unpacker.finish()
    return b"".join(piece for part in pieces for piece in part)


@given(data=st.binary(max_size=2000), step=st.integers(1, 300))
def test_what_was_packed_comes_out_however_it_arrives(data: bytes, step: int) -> None:
    assert unpack(gzip.compress(data), "gzip", step) == data
    assert unpack(zlib.compress(data), "deflate", step) == data
    assert unpack(raw_deflate(data), "deflate", step) == data


def test_members_in_a_row_are_one_body() -> None:
    assert unpack(gzip.compress(b"ab") + gzip.compress(b"c"), "gzip", step=1000) == b"abc"


def test_a_bomb_is_refused_before_it_is_large() -> None:
    bomb = gzip.compress(bytes(4 << 20), 1)
    limit = BodyLimit("max_decompressed_bytes", 100)
    with pytest.raises(LimitExceeded, match="max_decompressed_bytes = 100"):
        unpack(bomb, "gzip", limit=limit)


@given(garbage=st.binary(min_size=1, max_size=200))
def test_what_is_not_packed_is_a_bad_request(garbage: bytes) -> None:
    for encoding in ("gzip", "deflate"):
        with contextlib.suppress(BadRequest):
            unpack(garbage, encoding)


def test_an_end_that_is_missing_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="too early"):
        unpack(gzip.compress(b"x" * 1000)[:-4], "gzip")
