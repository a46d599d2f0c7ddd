"""One session's analysis: fences, the compare-and-set at its end, epochs, lost nudges."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import NotFound
from pipeline.model.session import (
    EnrichResult,
    InterrogateResult,
    MergeResult,
    SessionKey,
    SessionState,
)
from pipeline.model.signal import VerdictLabel
from pipeline.store import Store
from pipeline.store.packing import engine_order
from tests.store.storekit import Clock, finish, finish_session, new_store, record, row, send

pytestmark = pytest.mark.usefixtures("database")

KEY = SessionKey.of("p", "s")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with new_store(tmp_path, clock) as opened:
        send(opened, record(1, session="s"))
        yield opened


def put(store: Store, version: int, engine: str, *, completed: bool) -> bool:
    return store.put_stage(KEY, "enrich", version, engine, EnrichResult(completed=completed))


@pytest.mark.parametrize(
    ("older", "newer"),
    [((1, "1"), (2, "1")), ((1, "1.9"), (1, "1.10")), ((1, "2"), (2, "1"))],
)
def test_an_older_stage_never_overwrites_a_newer_one(
    store: Store, older: tuple[int, str], newer: tuple[int, str]
) -> None:
    assert put(store, *newer, completed=True)
    assert not put(store, *older, completed=False)
    assert put(store, *newer, completed=True)


def test_stages_are_complete_or_none(store: Store) -> None:
    assert store.load_stages(KEY, 1) is None
    put(store, 1, "1", completed=True)
    store.put_stage(KEY, "merge", 1, "1", MergeResult())
    assert store.load_stages(KEY, 1) is None
    store.put_stage(KEY, "interrogate", 1, "1", InterrogateResult(user="u"))
    stages = store.load_stages(KEY, 1)
    assert stages is not None
    assert (stages.enrich.completed, stages.interrogate.user) == (True, "u")
    assert store.load_stages(KEY, 2) is None


def test_a_stage_of_an_unknown_session_is_refused(store: Store) -> None:
    with pytest.raises(NotFound):
        store.put_stage(SessionKey.of("p", "?"), "merge", 1, "1", MergeResult())


def test_a_session_that_has_grown_is_not_finished(store: Store) -> None:
    send(store, record(2, session="s"))
    result = store.finish_session(
        KEY, 1, row=row("s", "a"), state=SessionState.ANALYSED, reason="", engine_version="1"
    )
    assert not result.done
    stand = store.session_clock(KEY)
    assert stand is not None
    assert (stand.analysed_version, stand.state) == (0, SessionState.WAITING)
    assert store.agent_clock("p", "a") is None


def test_finishing_twice_is_free_and_a_new_content_raises_the_epochs(store: Store) -> None:
    def epochs() -> dict[str, int]:
        clocks = {name: store.agent_clock("p", name) for name in "ab"}
        return {name: clock.epoch for name, clock in clocks.items() if clock is not None}

    finish(store, row("s", "a"))
    finish(store, row("s", "a"))
    assert epochs() == {"a": 1}
    finish(store, row("s", "a", "b", failing=False))
    assert epochs() == {"a": 2, "b": 1}
    finish(store, row("s", "b", failing=False))
    assert epochs() == {"a": 3, "b": 2}
    store.finish_session(
        KEY, 1, row=None, state=SessionState.SKIPPED, reason="no_agent_steps", engine_version="1"
    )
    assert epochs() == {"a": 3, "b": 3}
    assert store.load_rows("p", "b") == (3, ())
    assert store.coverage("p").skipped == {"no_agent_steps": 1}


def test_an_older_engine_does_not_overwrite_the_end(store: Store) -> None:
    finish_with(store, "2", failing=True)
    finish_with(store, "1", failing=False)
    (session,), _ = store.list_sessions("p")
    assert session.verdict.label is VerdictLabel.FAILING


def finish_with(store: Store, engine: str, *, failing: bool) -> None:
    content = row("s", "a", failing=failing)
    assert store.finish_session(
        KEY, 1, row=content, state=SessionState.ANALYSED, reason="", engine_version=engine
    ).done


def test_an_agent_is_nudged_until_it_was_told(store: Store) -> None:
    assert [n.agent for n in finish_session(store, row("s", "a")).agents] == ["a"]
    store.mark_agent_nudged("p", "a")
    assert finish_session(store, row("s", "a")).agents == ()
    assert store.progress("p").n_agents_dirty == 1
    assert not store.finish_aggregation("p", "a", 0)
    assert store.finish_aggregation("p", "a", 1)
    assert store.progress("p").settled
    store.mark_agent_nudged("p", "a")
    assert [n.epoch for n in finish_session(store, row("s", "a", failing=False)).agents] == [2]


def test_lost_nudges_come_once_a_grace(store: Store, clock: Clock) -> None:
    def lost() -> int:
        found = store.lost_nudges(debounce=5 * MINUTE, cap=60 * MINUTE, grace=MINUTE, limit=9)
        return len(found)

    clock.tick(minutes=5)
    assert lost() == 0
    clock.tick(minutes=1)
    assert (lost(), lost()) == (1, 0)
    clock.tick(minutes=1)
    assert lost() == 1
    finish(store, row("s", "a"))
    clock.tick(minutes=9)
    assert lost() == 0


def test_a_session_that_never_falls_silent_is_lost_after_the_cap(
    store: Store, clock: Clock
) -> None:
    for span in range(2, 10):
        clock.tick(minutes=4)
        send(store, record(span, session="s"))
    assert store.lost_nudges(debounce=5 * MINUTE, cap=30 * MINUTE, grace=MINUTE, limit=9)


def test_lost_agents_come_once_a_grace(store: Store, clock: Clock) -> None:
    finish(store, row("s", "a"))
    quiet = timedelta(seconds=30)
    assert store.lost_agents(quiet=quiet, grace=MINUTE, limit=9) == ()
    clock.tick(seconds=90)
    assert [n.epoch for n in store.lost_agents(quiet=quiet, grace=MINUTE, limit=9)] == [1]
    assert store.lost_agents(quiet=quiet, grace=MINUTE, limit=9) == ()


def test_rows_are_read_whatever_the_order_and_limited_by_digest(store: Store) -> None:
    for span, session in enumerate("tuv", start=2):
        send(store, record(span, trace=f"{span:032x}", session=session))
    for session in "vsut":
        finish(store, row(session, "a", *("b" if session == "u" else "")))
    epoch, rows = store.load_rows("p", "a")
    assert (epoch, [r.session_id for r in rows]) == (4, ["s", "t", "u", "v"])
    assert [r.session_id for r in store.load_rows("p", "b")[1]] == ["u"]
    by_digest = sorted("stuv", key=lambda s: SessionKey.of("p", s).digest)
    assert {r.session_id for r in store.load_rows("p", "a", limit=2)[1]} == set(by_digest[:2])


def test_embeddings_are_kept(store: Store) -> None:
    store.put_embeddings({"k": b"1" * 2000})
    store.put_embeddings({"k": b"other", "l": b"2"})
    assert store.embeddings(["k", "l", "m"]) == {"k": b"1" * 2000, "l": b"2"}


def test_engine_versions_have_the_order_a_reader_expects() -> None:
    versions = ["", "1", "1.9", "1.10", "2-beta", "10"]
    shuffled = ["10", "1.9", "2-beta", "", "1.10", "1"]
    assert sorted(shuffled, key=engine_order) == versions
