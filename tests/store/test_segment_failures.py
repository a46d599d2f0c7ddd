"""A segment that could not be written is never written to again, whatever else fails beside it."""

import os
import sqlite3
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.errors import StoreUnavailable
from pipeline.model.session import SessionKey
from pipeline.store import block_file
from tests.store.storekit import new_store, record, send


def test_a_half_written_segment_is_left_even_if_it_can_be_neither_cut_nor_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("the disk is read-only")

    def half(fd: int, data: memoryview, at: int) -> int:
        os.pwritev(fd, [data[:4096]], at)
        raise PermissionError("the disk is read-only")

    with new_store(tmp_path) as store:
        with monkeypatch.context() as broken:
            broken.setattr(block_file.os, "pwrite", half)
            broken.setattr(block_file.os, "ftruncate", refuse)
            broken.setattr(Path, "unlink", refuse)
            with pytest.raises(StoreUnavailable):
                send(store, record(1, session="s", name="lost"))
        send(store, record(2, session="s", name="kept"))
        (span,) = store.load_spans(SessionKey.of("p", "s")).spans
    assert span.name == "kept"


def test_a_commit_that_fails_gives_back_what_its_bodies_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is met at the commit: every retry would fill it further."""

    def refuse(_connection: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with new_store(tmp_path) as store:
        send(store, record(1, session="s"))
        writing = cast("Any", store)._writing
        with monkeypatch.context() as broken:
            broken.setattr(writing.dialect, "do_commit", refuse)
            for attempt in range(3):
                with pytest.raises(StoreUnavailable):
                    send(store, record(2, session="s", name=f"lost {attempt}" * 4000))
        files = [path.stat().st_size for path in tmp_path.rglob("*.otlp")]
        assert sum(files) <= 4096, "one block holds the first span"
        send(store, record(3, session="s"))
        assert len(store.load_spans(SessionKey.of("p", "s")).spans) == 2
