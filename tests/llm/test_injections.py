"""A corpus of injections, and a model that obeys each: nothing of it shows in a finding or a proposal."""

from collections.abc import Generator
from pathlib import Path

import pytest

from pipeline.store import Store
from tests.llm import interrogated
from tests.llm.diagnosing import open_store
from tests.llm.injected import Base, Case, cases, prepare, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
"""No server: two projects are analysed once, each case takes a second."""

CASES = cases()
ASKED = interrogated.every_case()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """The projects before anything is planted."""
    return prepare(tmp_path_factory.mktemp("analysed"))


def test_the_corpus_is_what_it_says() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.place for case in CASES} >= {"user", "agent", "tool", "system"}
    assert all(case.obeys for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_obeyed_injection_changes_nothing(case: Case, base: Base, tmp_path: Path) -> None:
    assert run(case, base, tmp_path / "room") == []


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Generator[Store]:
    """One for all cases, with another project in it."""
    with open_store(tmp_path_factory.mktemp("asked")) as one:
        interrogated.prepare_other(one)
        yield one


@pytest.mark.parametrize("case", ASKED, ids=lambda case: case.name)
def test_an_interrogated_model_that_obeys_proposes_nothing_of_it(case: Case, store: Store) -> None:
    assert interrogated.run(case, store) == []
