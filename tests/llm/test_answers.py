"""Answers that are none: one repair at most, then the explanation ends with a reason."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.explanation.contracts import Checked, Explanation, Reading, Text
from pipeline.investigation.explanation.conversation import explain
from pipeline.llm.account import Account
from pipeline.llm.door import Door, close_door, open_door
from pipeline.llm.settings import ModelSettings
from pipeline.store import Store
from tests.llm.openai_server import ScriptedServer, serving
from tests.store.storekit import new_store

pytestmark = pytest.mark.slow
"""The libraries of the providers take seconds to import."""

WORK = InvestigateInput(project="p", cluster_id="c", revision=1)
READING = Reading(work=WORK, account=Account(project="p", purpose="explain/p/c/1"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        yield opened


async def reason(server: ScriptedServer, store: Store) -> str | None:
    """What an explanation ends with."""
    open_door(Door(ModelSettings(model="openai:scripted", url=server.url), store))

    async def brief(_work: InvestigateInput) -> Text:
        return Text(text="Why?")

    async def check(_work: InvestigateInput, _said: Explanation) -> Checked:
        raise AssertionError("there is nothing to check")

    try:
        return (await explain(READING, brief, check)).reason
    finally:
        await close_door()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("refusal", "ContentFilterError"),
        ("filtered", "ContentFilterError"),
        ("truncated", "OutputTokenLimitExceeded"),
        ("wrong shape", "UnexpectedModelBehavior"),
    ],
)
async def test_what_is_no_answer_is_mended_once_at_most(
    store: Store, fault: str, said: str
) -> None:
    with serving(*[fault] * 9) as server:
        assert await reason(server, store) == f"the model failed: {said}"
    assert 1 <= server.asked.total() <= 2
    assert server.n_answered == 0


async def test_a_key_that_is_refused_is_asked_with_once(store: Store) -> None:
    with serving(*["401"] * 9) as server:
        assert "ModelAuthenticationError" in str(await reason(server, store))
    assert server.asked.total() == 1
