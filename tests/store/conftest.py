"""The databases on which the tests of the store run.

In: nothing. Out: the fixture `database`. Next: a module here says
`pytestmark = pytest.mark.usefixtures("database")` and so runs on every kind of database.
"""

from collections.abc import Iterator

import pytest

from tests.databases import Databases, working_on


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
)
def database(request: pytest.FixtureRequest) -> Iterator[Databases]:
    with working_on(request.param) as databases:
        yield databases
