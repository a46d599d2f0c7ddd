"""A mending that comes to nothing, and a reading without end, cost no more than they should."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo

from pipeline.interrogation.questioning.conversation import LIMITS
from pipeline.model.answers import Interrogation
from pipeline.model.session import SessionKey
from pipeline.store import Store
from tests.llm.asking import ask
from tests.llm.diagnosing import Sent, feed, look_at, open_store
from tests.llm.letters import Planted, letters
from tests.llm.playing import CHARACTERS_A_TOKEN, prompts
from tests.llm.witness import Insatiable, Witness, honest

LONG = 40_000


class Breaking(Witness):
    """One of two hypotheses is wrong; asked to mend it, it falls silent."""

    def explain(self, messages: Sequence[ModelMessage], info: AgentInfo) -> ToolCallPart | TextPart:
        """Silent after the check."""
        if any("Your answer was checked" in text for text in prompts(messages)):
            return TextPart("")
        return super().explain(messages, info)

    def hypotheses(self, messages: Sequence[ModelMessage]) -> list[dict[str, Any]]:
        """One stands, one does not."""
        return [{**honest(messages), "agent": "scorer"}, honest(messages)]


@pytest.fixture
def asked(tmp_path: Path) -> Generator[tuple[Store, Interrogation]]:
    """A session with a long letter."""
    made = letters("long", Planted("user", "word " * (LONG // 5)))
    sent = Sent(made.lines[:1], made.signals[:1], made.session_ids[:1])
    with open_store(tmp_path) as store:
        feed(store, "long", sent)
        look_at(store, "long", sent.session_ids)
        key = SessionKey.of("long", sent.session_ids[0])
        clock = store.session_clock(key)
        assert clock is not None
        yield (
            store,
            Interrogation(
                project="long", digest=key.digest, version=clock.version, agent="summarizer"
            ),
        )


def test_what_stood_before_a_mending_that_failed_still_stands(
    asked: tuple[Store, Interrogation],
) -> None:
    proposed = ask(*asked, Breaking())
    assert len(proposed.proposals) == 1
    assert proposed.n_said == 2


def test_reading_on_ends_at_the_limit_and_one_request(asked: tuple[Store, Interrogation]) -> None:
    part = Insatiable()
    proposed = ask(*asked, part)
    assert proposed.reason == "the model failed: UsageLimitExceeded"
    limit = LIMITS.input_tokens_limit
    assert limit is not None
    assert limit < part.n_in // CHARACTERS_A_TOKEN < 2 * limit
