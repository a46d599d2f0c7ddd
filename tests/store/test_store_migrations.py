"""Migrations go up from the first released schema and down again, on every database."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, inspect

from pipeline.model.session import SessionKey
from pipeline.store import Store
from pipeline.store.dialect import TEXTS_SORTED_BY_LANGUAGE, database_url, writing_engine
from pipeline.store.migrate import HEAD, SCRIPTS, current_revision, downgrade, migrate
from pipeline.store.packing import digest_of, pack
from pipeline.store.schema import metadata
from tests.databases import Databases
from tests.store.storekit import TRACE, Clock, quoting, record, send, signal
from tests.unit.chunk_records import records_of

pytestmark = pytest.mark.usefixtures("database")

FIRST = "0001"
KEY = SessionKey.of("p", "s")


@pytest.fixture
def url(database: Databases, tmp_path: Path) -> str:
    return database.blank(tmp_path)


@pytest.fixture
def engine(url: str) -> Generator[Engine]:
    made = writing_engine(database_url(url))
    yield made
    made.dispose()


def test_migrations_build_what_the_code_expects(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        dialect = connection.dialect.name

        def is_compared(thing: Any, _name: str | None, kind: str, *_: Any) -> bool:
            """Foreign keys document the schema; not every database has all of it."""
            is_here = thing.info.get("dialect", dialect) == dialect
            return kind != "foreign_key_constraint" and is_here

        opts = {"compare_type": True, "include_object": is_compared}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []


def test_down_to_nothing_and_up_again(engine: Engine) -> None:
    for _ in range(2):
        migrate(engine)
        downgrade(engine, "base")
        with engine.connect() as connection:
            assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
            assert current_revision(connection) is None


def test_what_the_first_release_stored_is_read_and_goes_back(url: str, engine: Engine) -> None:
    migrate(engine, FIRST)
    with engine.begin() as connection:
        before = fill_first_schema(connection)
    for _ in range(2):
        with Store.open(url, clock=Clock()) as store:
            assert [span.span_id for span in store.load_spans(KEY).spans] == before
            assert [s.identity for s in store.load_signals(KEY)] == ["i"]
            assert send(store, record(1, session="s"), record(2, parent=1)).n_duplicate == 2
        downgrade(engine, FIRST)
        with engine.connect() as connection:
            assert current_revision(connection) == FIRST
            assert stored_spans(connection) == first_spans()
    with Store.open(url, clock=Clock()) as store:
        assert send(store, record(3, parent=2)).n_new == 1
        assert len(store.load_spans(KEY).spans) == 3


OLDER = [f"{n:04}" for n in range(int(HEAD) - 1, 0, -1)]


@pytest.mark.parametrize("revision", OLDER)
def test_what_is_known_outlives_every_older_schema(url: str, engine: Engine, revision: str) -> None:
    with Store.open(url, clock=Clock()) as store:
        quoting(store)
        named, waiting = signal("n", session="s"), signal("w", session="later")
        store.commit_signals([named, waiting, signal("t", trace=TRACE)])
        before = list(store.canonical(None))
    downgrade(engine, revision)
    with Store.open(url, clock=Clock()) as store:
        assert list(store.canonical(None)) == before
        assert {fact["type"] for fact in before} >= {"span", "signal", "cluster", "finding"}
        assert store.coverage("p").waiting_for_spans == 2
        late = send(store, record(2, trace=f"{ord('t'):032x}", session="t"))
        assert (late.n_new, late.n_late) == (1, 1)
        send(store, record(1, session="later"))
        found = store.load_signals(SessionKey.of("p", "later"))
        assert sorted(signal.identity for signal in found) == ["t", "w"]


def reflected(connection: Connection) -> MetaData:
    """The tables that are there."""
    found = MetaData()
    found.reflect(connection)
    return found


def stored_spans(connection: Connection) -> list[dict[str, Any]]:
    """The rows of `spans` without their numbers."""
    spans = reflected(connection).tables["spans"]
    rows = connection.execute(spans.select().order_by(spans.c.span_id)).mappings()
    return [{name: row[name] for name in row if name != "id"} for row in rows]


def fill_first_schema(connection: Connection) -> list[str]:
    """One session with two spans and a signal, as the first release wrote it."""
    tables = reflected(connection).tables
    connection.execute(
        tables["traces"].insert(), {"trace_id": TRACE, "scope": "", "n_session_ids": 1}
    )
    session = {
        "project": "p",
        "digest": KEY.digest,
        "session_id": "s",
        "version": 1,
        "analysed_version": 0,
        "n_spans": 2,
        "state": "waiting",
        "reason": "",
        "label": "unknown",
        "verdict": '{"label":"unknown","confidence":0.0}',
        "agents": "[]",
        "engine_version": "",
        "nudged": True,
        "nudged_at": 1,
        "first_seen": 1,
        "last_seen": 1,
        "dirty_since": 1,
    }
    connection.execute(tables["sessions"].insert(), session)
    connection.execute(tables["contents"].insert(), {"digest": digest_of(b""), "body": pack(b"")})
    connection.execute(tables["spans"].insert(), first_spans())
    waiting = signal("i", session="s")
    body = waiting.model_dump_json()
    places = {"session_id": "s", "session_ref": 1, "via": "session", "received": 1, "body": body}
    connection.execute(tables["signals"].insert(), {"project": "p", "identity": "i"} | places)
    return [span.span_id for span in records_of([record(1), record(2)])]


def first_spans() -> list[dict[str, Any]]:
    """The rows of `spans` of that session."""
    return [
        {
            "trace_ref": 1,
            "span_id": span.span_id,
            "parent_id": span.parent_id,
            "start": span.start,
            "end": span.end,
            "own_session": span.own_session,
            "own_project": None,
            "fallback_project": "p",
            "session_ref": 1,
            "digest": digest_of(span.body, b"", b""),
            "resource": digest_of(b""),
            "scope_info": digest_of(b""),
            "body": pack(span.body),
        }
        for span in records_of([record(1, session="s"), record(2, parent=1)])
    ]


def test_texts_are_sorted_by_bytes_whatever_the_language(engine: Engine) -> None:
    migrate(engine)
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            assert connection.exec_driver_sql(TEXTS_SORTED_BY_LANGUAGE).all() == []


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]
