"""Signals in: identity, waiting for spans, following their trace, moving along."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.model.session import SessionKey
from pipeline.store import Store
from tests.store.storekit import TRACE, finish, new_store, record, row, send, signal

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        yield opened


def attached(store: Store, session_id: str, project: str = "p") -> list[str]:
    return [s.identity for s in store.load_signals(SessionKey.of(project, session_id))]


def test_a_known_identity_changes_nothing(store: Store) -> None:
    send(store, record(1, session="s"))
    first = store.commit_signals([signal("i", session="s")])
    again = store.commit_signals([signal("i", session="s", score=1.0)])
    assert (first.n_new, again.n_new, again.n_duplicate) == (1, 0, 1)
    clock = store.session_clock(SessionKey.of("p", "s"))
    assert clock is not None
    assert clock.version == 2


def test_the_same_identity_in_two_projects_is_two_signals(store: Store) -> None:
    result = store.commit_signals([signal("i", session="s"), signal("i", session="s", project="q")])
    assert result.n_new == 2


def test_a_signal_waits_for_its_spans_and_is_counted_until_they_come(store: Store) -> None:
    waiting = store.commit_signals([signal("i", session="s"), signal("t", trace=TRACE)])
    assert (waiting.n_new, waiting.nudges) == (2, ())
    assert store.coverage("p").waiting_for_spans == 2
    assert store.coverage("p").received == 0
    assert store.projects() == ("p",)
    send(store, record(1, session="s"))
    assert attached(store, "s") == ["i", "t"]
    assert store.coverage("p").waiting_for_spans == 0


def test_a_late_signal_reopens_an_analysed_session(store: Store) -> None:
    send(store, record(1, session="s"))
    key = finish(store, row("s", "a"))
    late = store.commit_signals([signal("i", session="s")])
    assert [(n.key, n.version) for n in late.nudges] == [(key, 2)]
    assert store.progress("p").n_sessions_waiting == 1


def test_a_signal_stays_in_its_project(store: Store) -> None:
    send(store, record(1, session="s", fallback="other"))
    store.commit_signals([signal("i", session="s"), signal("t", trace=TRACE)])
    assert attached(store, "s", "other") == []
    assert store.coverage("p").waiting_for_spans == 2


def test_a_signal_by_trace_follows_the_first_span_of_its_trace(store: Store) -> None:
    send(store, record(5, session="x"))
    store.commit_signals([signal("t", trace=TRACE)])
    assert attached(store, "x") == ["t"]
    send(store, record(4, session="y"))
    assert (attached(store, "x"), attached(store, "y")) == ([], ["t"])


def test_signals_of_an_emptied_session_move_along(store: Store) -> None:
    send(store, record(2, parent=1), record(3, session="s", project="r"))
    store.commit_signals([signal("i", session="s")])
    assert attached(store, "s") == ["i"]
    send(store, record(1, project="r"))
    assert attached(store, "s", "r") == ["i"]
    assert store.coverage("p").waiting_for_spans == 0


def test_a_signal_comes_home_when_its_own_session_appears(store: Store) -> None:
    send(store, record(1, session="x"))
    store.commit_signals([signal("b", session="own", trace=TRACE)])
    assert attached(store, "x") == ["b"]
    send(store, record(1, trace="e" * 32, session="own"))
    assert (attached(store, "x"), attached(store, "own")) == ([], ["b"])
