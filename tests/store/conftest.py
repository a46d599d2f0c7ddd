"""The databases on which the tests of the store run.

In: nothing. Out: the fixture `database`. Next: a module here says
`pytestmark = pytest.mark.usefixtures("database")` and so runs on every kind of database. What only PostgreSQL
has is tested with `postgres_url` and `postgres`, an engine that writes there.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pipeline.store.dialect import database_url, writing_engine
from tests.databases import Databases, PostgresDatabases, working_on


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
)
def database(request: pytest.FixtureRequest) -> Iterator[Databases]:
    with working_on(request.param) as databases:
        yield databases


@pytest.fixture
def postgres_url(tmp_path: Path) -> Iterator[str]:
    databases = PostgresDatabases()
    yield databases.new(tmp_path)
    databases.close()


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Engine]:
    made = writing_engine(database_url(postgres_url))
    yield made
    made.dispose()
