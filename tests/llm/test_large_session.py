"""A session of 50,000 spans before an explaining model: what it is sent stays small, and it ends."""

from pathlib import Path

import pytest
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models.function import AgentInfo

from exporter.decode import decode
from pipeline.model.answers import ReadLimits
from pipeline.store import Store
from tests.llm.diagnosing import feed, open_store
from tests.llm.letters import letters, session_id
from tests.llm.playing import Part
from tests.llm.tau import explain_as_if
from tests.unit.otlp import request, span

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

N_SPANS = 50_000
AT_ONCE = 5_000
MAX_REQUEST_BYTES = 100_000
"""Far below Temporal's 2 MB, though all of it is claimed by the store (`test_explain`)."""


class Weighing(Part):
    """Notes how large its requests are."""

    largest = 0

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        """As the part does."""
        size = len(ModelMessagesTypeAdapter.dump_json(messages))
        self.largest = max(self.largest, size)
        return super().__call__(messages, info)


def make_large(store: Store, project: str, session: str) -> None:
    """Fifty thousand more tool calls in a session."""
    for first in range(0, N_SPANS, AT_ONCE):
        spans = [
            span(
                n + 1,
                trace="f" * 32,
                gen_ai__conversation__id=session,
                gen_ai__agent__name="summarizer",
                gen_ai__operation__name="execute_tool",
                gen_ai__tool__name="archive",
                gen_ai__tool__call__result=f"Stored as number {n}.",
            )
            for n in range(first, first + AT_ONCE)
        ]
        decoded = decode(request(*spans).SerializeToString(), project=project)
        store.submit_spans(decoded.chunks).result(timeout=120)


def test_50_000_spans_are_read_in_parts(tmp_path: Path) -> None:
    sent = letters("large")
    sides = ([session_id("large", 0)], [session_id("large", 1)])
    part = Weighing()
    with open_store(tmp_path) as store:
        feed(store, "large", sent)
        make_large(store, "large", sides[0][0])
        explain_as_if(
            store, "large", "summarizer", sides, part, limits=ReadLimits(2 * N_SPANS, 2**30)
        )
    told = "".join(part.heard)
    assert "part 1 of " in told
    assert "part 1 of 1\n" not in told[told.index("F1 outline") :][:200]
    assert 1_000 < part.largest < MAX_REQUEST_BYTES
