"""Each agent's spans follow the GenAI conventions, and the scorer sees the summary only."""

import json
from collections.abc import Generator

import kelet_temporal as kelet
import pytest
from kelet_temporal.settings import set_settings
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.testing import ActivityEnvironment

from examples.insurance.agents import ClaimInput, score_claim, summarize_transcript
from examples.insurance.calls import make_calls
from examples.insurance.prompts import summarizer_prompt

CALL = make_calls(1)[0]


@pytest.fixture(scope="module")
def exporter() -> Generator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    kelet.configure(span_processor=SimpleSpanProcessor(exporter), strict=True)
    yield exporter
    set_settings(None)


@pytest.fixture
async def spans(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    """The spans of one call through both agents, by name and agent."""
    exporter.clear()
    environment = ActivityEnvironment()
    with kelet.agentic_session(session_id=CALL.claim_id, user_id=CALL.user_id):
        claim = ClaimInput(CALL.date, CALL.transcript)
        summary = await environment.run(summarize_transcript, claim)
        assert await environment.run(score_claim, summary) == CALL.right_type
    names = ("summarizer chat", "summarizer", "scorer chat", "scorer")
    return dict(zip(names, exporter.get_finished_spans(), strict=True))


def texts(span: ReadableSpan, key: str) -> list[str]:
    """The text parts of a message attribute."""
    attributes = span.attributes or {}
    messages = json.loads(str(attributes[key]))
    parts = [part for m in messages for part in m.get("parts", [m])]
    return [part["content"] for part in parts]


async def test_an_agent_span_wraps_a_chat_span(spans: dict[str, ReadableSpan]) -> None:
    agent, chat = spans["summarizer"], spans["summarizer chat"]
    assert agent.name == "agent transcript-summarizer"
    assert chat.parent is not None
    assert agent.context is not None
    assert chat.parent.span_id == agent.context.span_id
    for span in spans.values():
        assert (span.attributes or {})["gen_ai.conversation.id"] == CALL.claim_id
        assert (span.attributes or {})["user.id"] == CALL.user_id
    assert (agent.attributes or {})["gen_ai.agent.name"] == "transcript-summarizer"


async def test_content_and_usage_stand_on_the_chat_span(spans: dict[str, ReadableSpan]) -> None:
    chat = spans["summarizer chat"]
    assert texts(chat, "gen_ai.system_instructions") == [summarizer_prompt(CALL.date)]
    assert texts(chat, "gen_ai.input.messages") == [CALL.transcript]
    attributes = chat.attributes or {}
    assert int(str(attributes["gen_ai.usage.input_tokens"])) > 100
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)


async def test_the_scorer_reads_nothing_but_the_summary(spans: dict[str, ReadableSpan]) -> None:
    summary = texts(spans["summarizer chat"], "gen_ai.output.messages")
    assert texts(spans["scorer chat"], "gen_ai.input.messages") == summary
