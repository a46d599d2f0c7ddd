"""Runs of spans of one trace: compiled or not, the same, with the keys that a chunk is stored with."""

from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.trace_chunk import ChunkKeys
from pipeline.store import chunk_runs
from pipeline.store.chunk_body import head, plain_head
from pipeline.store.chunk_keys import pack_keys
from pipeline.store.chunk_runs import COMPILED, SHORT, Spans, plain_runs, runs_of

compiled = pytest.mark.skipif(not COMPILED, reason="NOT CHECKED: no C compiler built it")

numbers = st.integers(0, 2**64 - 1)
times = st.integers(0, 2**63 - 1)
names = st.sampled_from([None, "s1", "s2", "é" * 70, "\U0001f600"])
rows = st.lists(
    st.tuples(st.sampled_from([(0, 1), (1, 0), (1, 1)]), numbers, numbers, times, times, names),
    min_size=1,
    max_size=12,
)
Row = tuple[tuple[int, int], int, int, int, int, str | None]
projects = st.sampled_from([[None], ["p"], ["ü", None]])


def columns(some: list[Row]) -> Spans:
    """Every second place of longer columns: arrays need not lie in one piece."""
    traces, *four, sessions = zip(*some, strict=True)
    wide = [np.repeat(np.array(column, "<u8"), 2, axis=0)[::2] for column in (traces, *four)]
    trace_ids, ids, parents, starts, ends = wide
    return Spans(trace_ids, ids, parents, starts, ends, list(sessions))


@compiled
@given(rows, projects)
def test_compiled_or_not_the_runs_are_the_same(some: list[Row], named: list[str | None]) -> None:
    spans = columns(some)
    others = f"\0{named[0] or ''}\0default".encode() if len(named) == 1 else None
    assert runs_of(spans, named, "default") == list(plain_runs(spans, others))


@given(rows, projects)
def test_runs_cut_the_spans_where_the_trace_changes(
    some: list[Row], named: list[str | None]
) -> None:
    spans = columns(some)
    found = runs_of(spans, named, "default")
    sizes = [len(list(group)) for _, group in groupby(some, key=lambda row: row[0])]
    assert [last - first for first, last, *_ in found] == sizes
    assert [first for first, *_ in found] == [0, *np.cumsum(sizes)[:-1].tolist()]
    for first, last, trace_id, keys in found:
        high, low = some[first][0]
        assert trace_id == (high.to_bytes(8, "little") + low.to_bytes(8, "little")).hex()
        cut = some[first:last]
        if keys is None:
            assert len(named) > 1 or len({row[5] for row in cut}) > 1
        else:
            assert keys == pack_keys(keys_of(cut, named[0]))


def keys_of(cut: list[Row], project: str | None) -> ChunkKeys:
    _, ids, parents, starts, ends, sessions = zip(*cut, strict=True)
    n = len(cut)
    return ChunkKeys(
        [number.to_bytes(8, "little") for number in ids],
        [number.to_bytes(8, "little") for number in parents],
        starts,
        ends,
        sessions,
        [project] * n,
        ["default"] * n,
    )


@compiled
def test_columns_of_different_lengths_are_refused() -> None:
    whole = columns([((0, 1), 1, 2, 3, 4, "s")] * 3)
    for name, column in whole._asdict().items():
        short: Any = {name: column[:2]}
        with pytest.raises(ValueError, match="different lengths"):
            runs_of(whole._replace(**short), [None], "default")


def test_a_long_project_is_not_copied_for_every_run() -> None:
    spans = columns([((0, n % 2), n, 0, 1, 2, "s") for n in range(12)])
    long = "p" * SHORT
    assert all(keys is not None for *_, keys in runs_of(spans, [None], long[2:]))
    assert all(
        keys is None for named in ([None], [long]) for *_, keys in runs_of(spans, named, long)
    )


sizes = st.integers(0, 300) | st.sampled_from([2**14 - 9, 2**14, 2**21 - 9, 2**21, 2**28])


@given(sizes, st.integers(0, 300), st.integers(-9, 9), st.integers(0, 4))
def test_compiled_or_not_a_group_begins_with_the_same(
    n_resource: int, n_scope: int, off: int, n_more: int
) -> None:
    """Wherever a length takes one byte more."""
    resource, scope_info = b"r" * min(n_resource, 2**21), b"s" * n_scope
    for n_bytes in (n_resource, max(0, 2 ** (7 * n_more) + off - n_scope)):
        found = head(resource, scope_info, n_bytes)
        assert found == plain_head(resource, scope_info, n_bytes)


def test_without_the_compiled_one_all_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = columns(
        [((0, 1), 1, 2, 3, 4, "s"), ((0, 1), 2, 0, 3, 4, "t"), ((1, 1), 1, 2, 3, 4, None)]
    )
    before = runs_of(spans, [None], "default")
    monkeypatch.setattr(chunk_runs, "pack_runs", None)
    assert runs_of(spans, [None], "default") == before
