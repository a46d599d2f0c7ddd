"""Spans in: duplicates, replaced contents, late ancestors, versions and nudges."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.errors import StoreUnavailable
from pipeline.model.session import SessionKey, SessionState
from pipeline.model.trace_chunk import ChunkKeys, TraceChunk
from pipeline.store import Store, intake
from pipeline.store.chunk_body import SpanGroup, join, split
from pipeline.store.chunk_keys import chunk_of, unpack_keys
from pipeline.store.intake import canonical_span
from tests.store.storekit import TRACE, Clock, finish, new_store, record, row, send, signal

pytestmark = pytest.mark.usefixtures("database")

OTHER = "f" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        yield opened


def version(store: Store, session_id: str, project: str = "p") -> int:
    clock = store.session_clock(SessionKey.of(project, session_id))
    return 0 if clock is None else clock.version


def state(store: Store, session_id: str, project: str = "p") -> SessionState | None:
    clock = store.session_clock(SessionKey.of(project, session_id))
    return None if clock is None else clock.state


def span_ids(store: Store, session_id: str, project: str = "p") -> list[int]:
    snapshot = store.load_spans(SessionKey.of(project, session_id))
    return [int(span.span_id, 16) for span in snapshot.spans]


def test_a_known_span_changes_nothing(store: Store) -> None:
    first = send(store, record(1, session="s"), record(2, parent=1))
    again = send(store, record(2, parent=1), record(1, session="s"))
    assert (first.n_new, first.n_duplicate) == (2, 0)
    assert (again.n_new, again.n_duplicate, again.nudges) == (0, 2, ())
    assert version(store, "s") == 1


def test_one_nudge_a_cycle(store: Store) -> None:
    key = SessionKey.of("p", "s")
    first = send(store, record(1, session="s"))
    second = send(store, record(2, session="s"))
    assert [n.key for n in first.nudges] == [key]
    assert second.nudges == ()
    assert version(store, "s") == 2
    finish(store, row("s", "a"))
    third = send(store, record(3, session="s"))
    assert [(n.key, n.version) for n in third.nudges] == [(key, 3)]
    assert state(store, "s") is SessionState.WAITING


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_two_contents_the_later_end_wins_then_the_greater_bytes(
    store: Store, order: tuple[int, ...]
) -> None:
    contents = [
        record(1, session="s", end=50, name="z"),
        record(1, session="s", end=60, name="a"),
        record(1, session="s", end=60, name="b"),
    ]
    results = [send(store, contents[i]) for i in order]
    assert sum(r.n_replaced for r in results) == 2
    (span,) = store.load_spans(SessionKey.of("p", "s")).spans
    assert (span.name, span.end) == ("b", 60)


def together(*chunks: TraceChunk) -> TraceChunk:
    """One chunk of all their spans, which are of one trace."""
    keys = zip(*(unpack_keys(chunk.keys) for chunk in chunks), strict=True)
    spans = [span for chunk in chunks for group in split(chunk.body) for span in group.spans]
    whole = ChunkKeys(*(list(chain.from_iterable(column)) for column in keys))
    return chunk_of("", TRACE, whole, join([SpanGroup(b"", b"", spans)]))


def test_an_id_that_comes_again_and_again_is_compared_with_what_is_stored_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a large span, and small ones of its id, would hold the writer for minutes."""
    large = record(1, session="s", name="x" * 10_000)
    send(store, large)
    n_read = 0

    def counted(span: bytes) -> bytes:
        nonlocal n_read
        n_read += len(span) > 10_000
        return canonical_span(span)

    monkeypatch.setattr(intake, "canonical_span", counted)
    small = [record(1, session="s", name=f"{n:03}") for n in range(100)]
    result = send(store, together(*small, large))
    assert (result.n_new, result.n_replaced, result.n_duplicate) == (0, 100, 1)
    assert n_read <= 2
    (span,) = store.load_spans(SessionKey.of("p", "s")).spans
    assert len(span.name) == 10_000


def test_the_same_ids_of_two_tenants_are_two_spans(store: Store) -> None:
    result = send(store, record(1, session="s"), record(1, session="s", scope="tenant"))
    assert result.n_new == 2
    assert span_ids(store, "s") == [1, 1]


def test_a_late_ancestor_moves_spans_and_what_the_emptied_session_contributed_goes(
    store: Store,
) -> None:
    lone = f"trace:{TRACE}"
    send(store, record(2, parent=1))
    store.commit_signals([signal("i", session=lone), signal("t", trace=TRACE)])
    finish(store, row(lone, "a"))
    before = store.agent_clock("p", "a")
    assert before is not None
    assert before.n_sessions == 1
    moved = send(store, record(1, session="s"))
    after = store.agent_clock("p", "a")
    assert after is not None
    assert (state(store, lone), span_ids(store, lone)) == (SessionState.MERGED, [])
    assert span_ids(store, "s") == [1, 2]
    assert [n.key for n in moved.nudges] == [SessionKey.of("p", "s")]
    assert (after.n_sessions, after.epoch) == (0, before.epoch + 1)
    assert [s.identity for s in store.load_signals(SessionKey.of("p", "s"))] == ["i", "t"]
    assert store.coverage("p").received == 1
    assert store.progress("p").n_sessions_waiting == 1
    nudged = store.finish_session(
        SessionKey.of("p", "s"),
        version(store, "s"),
        row=row("s", "b"),
        state=SessionState.ANALYSED,
        reason="",
        engine_version="1",
    )
    assert [n.agent for n in nudged.agents] == ["a", "b"]


def test_both_sessions_rise_when_some_spans_move(store: Store) -> None:
    send(store, record(5, session="x"), record(6, parent=4), record(3, trace=OTHER, session="x"))
    assert span_ids(store, "x") == [3, 5, 6]
    send(store, record(4, session="y", start=9))
    assert (span_ids(store, "x"), span_ids(store, "y")) == ([3, 5], [6, 4])
    assert (version(store, "x"), version(store, "y")) == (2, 1)


def test_several_ids_in_one_trace_are_counted_once(store: Store) -> None:
    results = [
        send(store, record(1, session="x")),
        send(store, record(2, session="y")),
        send(store, record(3, session="z")),
    ]
    assert [r.n_conflicts for r in results] == [0, 1, 0]


def test_new_spans_of_a_session_that_was_analysed_are_late(store: Store) -> None:
    send(store, record(1, session="s"))
    waiting = send(store, record(2, session="s"))
    finish(store, row("s", "a"))
    new = record(4, trace=OTHER, session="new")
    late = send(store, record(2, session="s"), record(3, session="s"), new)
    more = send(store, record(5, session="s"), record(3, session="s", end=300))
    signalled = [store.commit_signals([signal(name, session="s")]) for name in "ab"]
    finish(store, row("s", "a"))
    heard = store.commit_signals([signal("c", session="s")])
    results = (waiting, late, more, *signalled, heard)
    assert [r.n_late for r in results] == [0, 1, 1, 0, 0, 0]
    assert [r.n_reopened for r in results] == [0, 1, 0, 0, 0, 1]
    assert (late.n_new, late.n_duplicate, more.n_replaced) == (2, 1, 1)


def test_what_moves_to_an_analysed_session_was_not_late(store: Store) -> None:
    send(store, record(9, trace=OTHER, session="home"))
    finish(store, row("home", "a"))
    send(store, record(2, parent=1), record(3, parent=2))
    root = send(store, record(1, session="home"))
    finish(store, row("home", "a"))
    mixed = send(store, record(4, session="other"), record(5, parent=4), record(6, parent=1))
    assert [r.n_late for r in (root, mixed)] == [1, 1]
    assert span_ids(store, "home") == [1, 2, 3, 6, 9]


def test_an_emptied_session_lives_again_when_spans_come(store: Store) -> None:
    send(store, record(2, parent=1, fallback="q"), record(3, session="s", project="r"))
    assert span_ids(store, "s", "q") == [2]
    send(store, record(1, project="r"))
    assert state(store, "s", "q") is SessionState.MERGED
    again = send(store, record(9, trace=OTHER, session="s", fallback="q"))
    assert [n.key for n in again.nudges] == [SessionKey.of("q", "s")]
    assert state(store, "s", "q") is SessionState.WAITING


def test_a_batch_that_cannot_be_stored_harms_nothing_beside_it(store: Store) -> None:
    batches = [[record(i, trace=f"{i:032x}", session=f"s{i}")] for i in range(1, 20)]
    batches[7] = [batches[7][0]._replace(outline=cast("Any", "text of a trace"))]
    futures = [store.submit_spans(batch) for batch in batches]
    for index, future in enumerate(futures):
        if index == 7:
            with pytest.raises(StoreUnavailable) as caught:
                future.result(timeout=30)
            assert "text of a trace" not in str(caught.value)
        else:
            assert future.result(timeout=30).n_new == 1
    assert store.coverage("p").received == 18


def test_many_batches_on_one_session_in_one_group_nudge_once(store: Store) -> None:
    futures = [store.submit_spans([record(i, session="s")]) for i in range(1, 40)]
    results = [future.result(timeout=30) for future in futures]
    assert sum(len(r.nudges) for r in results) == 1
    assert span_ids(store, "s") == list(range(1, 40))


def test_a_limited_read_says_so(store: Store) -> None:
    send(store, *(record(i, session="s") for i in range(1, 6)))
    snapshot = store.load_spans(SessionKey.of("p", "s"), max_spans=3)
    assert [int(s.span_id, 16) for s in snapshot.spans] == [1, 2, 3]
    assert (snapshot.n_spans, snapshot.version) == (5, 1)


def test_silence_counts_from_what_changed_the_session(tmp_path: Path) -> None:
    clock = Clock()
    with new_store(tmp_path, clock) as store:
        send(store, record(1, session="s"))
        clock.tick(seconds=40)
        send(store, record(1, session="s"))
        clock.tick(seconds=20)
        stand = store.session_clock(SessionKey.of("p", "s"))
        assert stand is not None
        assert (stand.silent_for.seconds, stand.open_for.seconds) == (60, 60)
        send(store, record(2, session="s"))
        clock.tick(seconds=5)
        stand = store.session_clock(SessionKey.of("p", "s"))
        assert stand is not None
        assert (stand.silent_for.seconds, stand.open_for.seconds) == (5, 65)


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StoreUnavailable):
        send(store, record(1))
