"""A law: what is stored is a function of the set of spans and signals, however they arrive."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model.signal import Signal
from pipeline.model.trace_chunk import TraceChunk
from pipeline.store import Store, name_keys
from pipeline.store.dialect import database_url, writing_engine
from pipeline.store.schema import metadata
from tests.databases import Databases
from tests.store.storekit import TRACE, finish, record, row, send, signal

TRACES = (TRACE, "f" * 32)
SESSIONS = (None, None, "x", "y")
PROJECTS = (None, None, "q")

spans = st.builds(
    record,
    st.integers(1, 5),
    trace=st.sampled_from(TRACES),
    parent=st.one_of(st.none(), st.integers(1, 5)),
    session=st.sampled_from(SESSIONS),
    project=st.sampled_from(PROJECTS),
    fallback=st.sampled_from(("p", "q", "r")),
    start=st.integers(1, 3),
    end=st.integers(8, 9),
    name=st.sampled_from("ab"),
)
places = st.one_of(
    st.fixed_dictionaries({"session": st.sampled_from(("x", "y", f"trace:{TRACE}", "never"))}),
    st.fixed_dictionaries({"trace": st.sampled_from(TRACES)}),
    st.fixed_dictionaries({"session": st.just("x"), "trace": st.sampled_from(TRACES)}),
)


def signals() -> st.SearchStrategy[list[Signal]]:
    """Signals with distinct identities."""
    placed = st.lists(st.tuples(places, st.sampled_from(("p", "q"))), max_size=4)
    return placed.map(
        lambda many: [
            signal(f"i{n}", project=p, session=place.get("session"), trace=place.get("trace"))
            for n, (place, p) in enumerate(many)
        ]
    )


@pytest.fixture(scope="module")
def wiped(
    database: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Store]]:
    """One store, empty at each call: opening one an example would cost most of the time."""
    url = database.new(tmp_path_factory.mktemp("order"))
    engine = writing_engine(database_url(url))
    # Few enough that keys lie in both tables.
    with Store.open(url) as store, pytest.MonkeyPatch.context() as patch:
        patch.setattr(name_keys, "MAX_FRESH", 3)

        def wipe() -> Store:
            with engine.begin() as connection:
                for table in reversed(metadata.sorted_tables):
                    connection.execute(table.delete())
            return store

        yield wipe
    engine.dispose()


def outcome(store: Store, events: list[TraceChunk | Signal], batch: int, *, analyse: bool) -> Any:
    """Everything that the store says after these arrived in this order."""
    for at in range(0, len(events), batch):
        part = events[at : at + batch]
        n_new = send(store, *(e for e in part if isinstance(e, TraceChunk))).n_new
        assert n_new <= len(part)
        store.commit_signals([e for e in part if isinstance(e, Signal)])
        for session in store.list_sessions("")[0] if analyse else ():
            finish(store, row(session.session_id, "a"), session.project)
    for session in store.list_sessions("")[0]:
        finish(store, row(session.session_id, "a"), session.project)
    counts = [store.coverage(p) for p in ("p", "q", "r")]
    members = [len(store.load_rows(p, "a")[1]) for p in ("p", "q", "r")]
    assert sum(c.received for c in counts) == sum(members)
    return list(store.canonical(None)), counts, members


arrivals = given(
    received=st.lists(spans, min_size=1, max_size=8),
    observed=signals(),
    chance=st.randoms(use_true_random=False),
    batch=st.integers(1, 6),
    analyse=st.booleans(),
)


def check_arrival(
    wiped: Callable[[], Store],
    received: list[TraceChunk],
    observed: list[Signal],
    chance: Any,
    batch: int,
    *,
    analyse: bool,
) -> None:
    """Shuffled, partly twice, in small batches, analysed in between or not: always the same."""
    events: list[TraceChunk | Signal] = [*received, *observed]
    shuffled = [*events, *chance.sample(events, len(events) // 2)]
    chance.shuffle(shuffled)
    one = outcome(wiped(), shuffled, batch, analyse=analyse)
    assert one == outcome(wiped(), events, len(events), analyse=False)


@settings(max_examples=10, deadline=None)
@arrivals
def test_arrival_does_not_matter(wiped: Callable[[], Store], **arrival: Any) -> None:
    check_arrival(wiped, **arrival)
