"""Removed is removed: by age, by size, at somebody's word; and it does not come back."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import NotFound
from pipeline.model.session import SessionKey
from pipeline.store import Store
from pipeline.store.forgetting import without_sessions
from pipeline.store.leases import take_lease
from pipeline.store.model_ledger import COMMAND
from pipeline.temporal.ids import ISSUE_ROOMS, model_workflow_id
from tests.store.storekit import (
    Clock,
    cluster,
    finding,
    finish,
    gate,
    new_store,
    quoting,
    record,
    row,
    send,
    signal,
)

pytestmark = pytest.mark.usefixtures("database")

MONTH = timedelta(days=30)
OTHER = "f" * 32


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with new_store(tmp_path, clock) as opened:
        yield opened


def names(store: Store) -> list[str]:
    return sorted(session.session_id for session in store.list_sessions("")[0])


def n_spans(store: Store, session_id: str) -> int:
    return len(store.load_spans(SessionKey.of("p", session_id)).spans)


def retain(store: Store, age: timedelta | None = MONTH, max_bytes: int | None = None) -> int:
    removed = store.retain(age=age, max_bytes=max_bytes)
    assert removed is not None
    return removed.n_sessions


def test_age_counts_from_what_was_received_last(store: Store, clock: Clock) -> None:
    send(store, record(1, session="s"), record(2, trace=OTHER, session="t"))
    clock.tick(days=20)
    send(store, record(3, session="s"))
    clock.tick(days=10)
    assert retain(store) == 1
    assert names(store) == ["s"]
    assert n_spans(store, "s") == 2
    clock.tick(days=20)
    assert retain(store) == 1
    assert store.coverage("p").received == 0
    assert [fact for fact in store.canonical(None) if fact["type"] != "cluster"] == []


def test_a_signal_keeps_its_session(store: Store, clock: Clock) -> None:
    send(store, record(1, session="s"))
    clock.tick(days=20)
    store.commit_signals([signal("i", session="s")])
    clock.tick(days=20)
    assert retain(store) == 0


def test_size_takes_the_oldest_sessions(store: Store, clock: Clock) -> None:
    for number in range(20):
        clock.tick(minutes=1)
        send(store, record(1, trace=f"{number + 1:032x}", session=f"s{number:02}", name="x" * 500))
    whole = store.stored_bytes()
    assert retain(store, None, whole) == 0
    assert retain(store, None, whole // 2) == 10
    assert names(store) == [f"s{number:02}" for number in range(10, 20)]
    assert 0 < store.stored_bytes() <= whole // 2


def test_redelivered_spans_are_dropped_and_counted(store: Store, clock: Clock) -> None:
    sent = (record(1, session="s"), record(2, parent=1), record(3, trace=OTHER, session="t"))
    send(store, *sent)
    clock.tick(days=31)
    send(store, record(4, trace=OTHER))
    assert retain(store) == 1
    # The child alone comes first; nothing of it says where it belonged.
    assert send(store, record(2, parent=1)).n_expired == 1
    again = send(store, *sent)
    assert (again.n_expired, again.n_duplicate, again.n_new) == (2, 1, 0)
    late = send(store, record(1, trace="e" * 32, session="s"))
    assert (late.n_expired, late.n_new) == (1, 0)
    assert names(store) == ["t"]


def test_a_session_that_goes_on_begins_anew(store: Store, clock: Clock) -> None:
    send(store, record(1, session="s"), record(2, session="s"))
    clock.tick(days=31)
    retain(store)
    result = send(store, record(9, trace=OTHER, session="s"), record(1, trace=OTHER, session="s"))
    assert (result.n_new, result.n_expired) == (1, 1)
    assert n_spans(store, "s") == 1
    clock_of = store.session_clock(SessionKey.of("p", "s"))
    assert clock_of is not None
    assert clock_of.version == 2


def test_a_tombstone_runs_out(store: Store, clock: Clock) -> None:
    send(store, record(1, session="s"))
    clock.tick(days=31)
    assert retain(store) == 1
    clock.tick(days=31)
    assert retain(store) == 0
    assert send(store, record(1, session="s")).n_new == 1


def test_signals_of_a_removed_session_do_not_wait_for_ever(store: Store, clock: Clock) -> None:
    waiting = (signal("i", session="s"), signal("j", trace=record(1).trace_id))
    send(store, record(1, session="s"))
    store.commit_signals(waiting)
    clock.tick(days=31)
    retain(store)
    assert store.commit_signals(waiting).n_expired == 2
    assert store.commit_signals([signal("k", session="never")]).n_expired == 0
    assert store.coverage("p").waiting_for_spans == 1
    clock.tick(days=31)
    retain(store)
    assert store.coverage("p").waiting_for_spans == 0


def test_what_other_sessions_have_in_the_trace_stays(store: Store, clock: Clock) -> None:
    send(store, record(1, session="s"), record(2, session="t"), record(3, parent=2))
    send(store, record(4, trace=OTHER, session="t"))
    store.forget_sessions(store.find_sessions("s", None))
    assert names(store) == ["t"]
    assert n_spans(store, "t") == 3
    assert send(store, record(1, session="s")).n_expired == 1
    assert send(store, record(2, session="t")).n_duplicate == 1
    assert send(store, record(5, parent=2)).n_new == 1
    assert n_spans(store, "t") == 4


def test_a_removed_child_that_comes_again_alone_joins_nobody(store: Store, clock: Clock) -> None:
    """Its parent, which told its session, is gone: its trace belongs to another session now."""
    child, grandchild = record(2, parent=1, session="t"), record(3, parent=2)
    send(store, record(1, session="s"), child, grandchild)
    store.forget_sessions(store.find_sessions("t", None))
    assert send(store, grandchild).n_expired == 1
    assert send(store, grandchild, child, record(1, session="s")).n_expired == 2
    assert names(store) == ["s"]
    assert n_spans(store, "s") == 1
    # What was never here before is none of it, and after a month nobody knows any more.
    assert send(store, record(4, parent=1)).n_new == 1
    clock.tick(days=20)
    send(store, record(5, session="s"))
    clock.tick(days=11)
    assert retain(store) == 0
    assert send(store, grandchild).n_new == 1


def test_agents_of_a_removed_session_are_aggregated_anew(store: Store, clock: Clock) -> None:
    send(store, record(1, session="s"))
    finish(store, row("s", "a"))
    assert store.finish_aggregation("p", "a", 1)
    clock.tick(days=31)
    retain(store)
    epoch, rows = store.load_rows("p", "a")
    assert (epoch, rows) == (2, ())
    clock.tick(minutes=5)
    quiet = timedelta(seconds=30)
    lost = store.lost_agents(quiet=quiet, grace=quiet, limit=9)
    assert [nudge.agent for nudge in lost] == ["a"]


def quotes_of(store: Store) -> list[str]:
    found = store.get_finding("p", "f")
    assert found is not None
    return [evidence.quote for evidence in found.evidence]


def test_quotes_stay_with_a_finding_when_their_session_grows_old(
    store: Store, clock: Clock
) -> None:
    quoting(store)
    clock.tick(days=31)
    assert retain(store) == 2
    assert quotes_of(store) == ["words of s", "words of t"]


def test_a_deletion_takes_the_copies_of_quotes_too(store: Store) -> None:
    quoting(store)
    removed = store.forget_sessions(store.find_sessions("s", None))
    assert (removed.n_sessions, removed.n_spans, removed.n_quoting) == (1, 1, 1)
    assert quotes_of(store) == ["words of t"]
    (kept,) = store.list_clusters("p")[0]
    assert kept.session_ids == ("t",)


PURPOSES = (
    *(model_workflow_id(kind, "p", "c1", 1) for kind in ISSUE_ROOMS),
    f"{COMMAND}/f",
)
"""Everything that a model is asked about the finding of `quoting`."""


def asked(store: Store) -> dict[str, str]:
    """A payload and an answer for each of them, and for another finding; digests by purpose."""
    kept: dict[str, str] = {}
    for purpose in (*PURPOSES, "explain/p/other/1"):
        (kept[purpose],) = store.put_claims(purpose, [f"a brief for {purpose}".encode()])
        store.reserve_model(("p", purpose), purpose, (1, 1), (10, 10**9))
        store.settle_model(("p", purpose), purpose, (1, 1), b"an answer")
    return kept


def left(store: Store, kept: dict[str, str]) -> set[str]:
    """Purposes of which anything is left."""
    found = {purpose for purpose in kept if store.model_answer("p", purpose) is not None}
    for purpose, digest in kept.items():
        with suppress(NotFound):
            store.load_claims(purpose, [digest])
            found.add(purpose)
    return found


def test_a_deletion_takes_what_a_model_was_told_and_said(store: Store) -> None:
    quoting(store)
    kept = asked(store)
    store.forget_sessions(store.find_sessions("s", None))
    assert left(store, kept) == {"explain/p/other/1"}


def test_what_a_model_was_told_and_said_grows_old(store: Store, clock: Clock) -> None:
    quoting(store)
    kept = asked(store)
    clock.tick(days=29)
    retain(store)
    assert left(store, kept) == {*PURPOSES, "explain/p/other/1"}
    clock.tick(days=2)
    retain(store)
    assert left(store, kept) == set()


def test_an_investigation_that_was_under_way_brings_no_quote_back(store: Store) -> None:
    quoting(store)
    late = finding("f", evidence=store.list_findings("p")[0][0].evidence)
    store.replace_clusters("p", "a", 10, "1", [cluster("c2", "s", "t")], gate("c2"))
    store.forget_sessions(store.find_sessions("s", "p"))
    assert store.finish_investigation("p", "c2", 1, late, "named")
    assert quotes_of(store) == ["words of t"]


def test_quotes_of_a_session_that_is_gone_already_are_found(store: Store, clock: Clock) -> None:
    quoting(store)
    named = store.find_sessions("s", "p")
    clock.tick(days=31)
    retain(store)
    assert store.forget_sessions(named).n_quoting == 1
    assert quotes_of(store) == ["words of t"]


def test_one_process_at_a_time(store: Store, clock: Clock) -> None:
    store._write(lambda c: take_lease(c, "retention", "another", store._now() + 1000, store._now()))  # pyright: ignore[reportPrivateUsage]
    assert store.retain(age=MONTH, max_bytes=None) is None
    clock.tick(seconds=1)
    assert store.retain(age=MONTH, max_bytes=None) is not None
    assert store.retain(age=MONTH, max_bytes=None) is not None


def test_sessions_of_a_user_are_found_whether_analysed_or_not(store: Store) -> None:
    send(store, record(1, session="s", name="by u7"), record(2, trace=OTHER, session="t"))
    found = store.find_sessions_that_say(lambda span: span.name == "by u7", b"u7", None)
    assert [(one.session_id, one.n_spans) for one in found] == [("s", 1)]
    assert store.find_sessions_that_say(lambda span: True, b"u7", "q") == ()


def test_claims_without_their_quote_go() -> None:
    gone = {"session_id": "s", "quote": "q"}
    kept = {"session_id": "t", "quote": "q"}
    value = {
        "a": [gone, kept, {"says": "x", "evidence": gone}],
        "session_ids": ["s", "t"],
        "b": ["s"],
    }
    assert without_sessions(value, {"s"}) == {"a": [kept], "session_ids": ["t"], "b": ["s"]}
