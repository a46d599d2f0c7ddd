"""PostgreSQL by the hundred: arrays as text say what was meant, and no plan outlives its table."""

from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from pipeline.model.session import SessionKey
from pipeline.store import Store
from pipeline.store.bulk_postgres import array_text
from pipeline.store.dialect import database_url, writing_engine
from tests.databases import PostgresDatabases
from tests.store.storekit import record, send

pytestmark = pytest.mark.slow

NAMES = [
    "plain",
    'with "quotes"',
    "back\\slash",
    "com,ma",
    "{brace}",
    " ",
    "NULL",
    "ü",
    "new\nline",
]


@pytest.fixture
def url(tmp_path: Path) -> Generator[str]:
    databases = PostgresDatabases()
    yield databases.new(tmp_path)
    databases.close()


@pytest.fixture
def engine(url: str) -> Generator[Engine]:
    made = writing_engine(database_url(url))
    yield made
    made.dispose()


def test_names_of_any_kind_come_back(engine: Engine) -> None:
    names = text("SELECT value FROM unnest(CAST(:given AS text[])) AS one(value)")
    numbers = text("SELECT value FROM unnest(CAST(:given AS int8[])) AS one(value)")
    with engine.connect() as connection:
        for given in (NAMES, NAMES[:1], NAMES[1:2]):
            found = connection.execute(names, {"given": array_text(given)}).scalars()
            assert list(found) == given
        many = [3, -1, 2**62]
        assert list(connection.execute(numbers, {"given": array_text(many)}).scalars()) == many


def test_plans_are_made_anew_as_tables_grow(engine: Engine) -> None:
    with engine.connect() as connection:
        mode = connection.exec_driver_sql("SHOW plan_cache_mode").scalar_one()
    assert mode == "force_custom_plan"


def test_sessions_of_any_name_are_made_together_and_found_again(url: str) -> None:
    with Store.open(url) as store:
        chunks = [record(1, trace=f"{n + 1:032x}", session=name) for n, name in enumerate(NAMES)]
        assert send(store, *chunks).n_new == len(NAMES)
        assert send(store, *chunks).n_duplicate == len(NAMES)
        for name in NAMES:
            found = store.load_spans(SessionKey.of("p", name))
            assert len(found.spans) == 1
