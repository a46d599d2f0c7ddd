"""A file that grows by blocks holds what was appended, in every length and on every file system."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.store import block_file
from pipeline.store.block_file import BLOCK, BUFFER_BYTES, BlockFile

LENGTHS = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7, BUFFER_BYTES - 5, BUFFER_BYTES + 9]
appends = st.lists(
    st.tuples(st.lists(st.sampled_from(LENGTHS), max_size=3), st.booleans()), max_size=5
)


@pytest.mark.parametrize("direct", [True, False])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(appends)
def test_it_holds_what_was_appended_and_not_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direct: bool, given_appends: Any
) -> None:
    monkeypatch.setattr(block_file, "DIRECT", os.O_DIRECT if direct else 0)
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.otlp"
    file, expected = BlockFile(path), b""
    for lengths, stays in given_appends:
        pieces = [os.urandom(length) for length in lengths]
        mark = file.mark()
        file.append(pieces)
        if stays:
            expected += b"".join(pieces)
            assert not any(path.read_bytes()[file.size :])
        else:
            file.take_back(mark)
        assert file.size == len(expected)
        assert path.read_bytes()[: file.size] == expected
        assert path.stat().st_size < file.size + BLOCK
    file.close()
    assert path.read_bytes() == expected


def test_a_file_system_without_direct_writes_is_written_by_the_page_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may say so when the file is opened, or only when it is written."""
    written = os.pwrite
    n_refused = 0

    def refuse(fd: int, data: memoryview, at: int) -> int:
        nonlocal n_refused
        if n_refused == 0:
            n_refused += 1
            raise OSError(errno.EINVAL, "no direct writes here")
        return written(fd, data, at)

    with monkeypatch.context() as patched:
        patched.setattr(block_file.os, "pwrite", refuse)
        file = BlockFile(tmp_path / "a.otlp")
        file.append([b"abc"])
        file.append([b"def"])
        file.close()
    assert n_refused == 1
    assert (tmp_path / "a.otlp").read_bytes() == b"abcdef"
