"""Each agent's spans follow the GenAI conventions, and the scorer sees the summary only."""

import json

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.testing import ActivityEnvironment

from examples.insurance.agents import ClaimActivities, ClaimInput, ScoreInput
from examples.insurance.calls import make_calls
from examples.insurance.prompts import summarizer_prompt

CALL = make_calls(1)[0]


@pytest.fixture
async def spans() -> dict[str, ReadableSpan]:
    """The spans of one call through both agents, by name and agent."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    agents = ClaimActivities(provider.get_tracer(__name__))
    environment = ActivityEnvironment()
    claim = ClaimInput(CALL.claim_id, CALL.user_id, CALL.date, CALL.transcript)
    summary = await environment.run(agents.summarize_transcript, claim)
    scored = ScoreInput(CALL.claim_id, CALL.user_id, summary)
    assert await environment.run(agents.score_claim, scored) == CALL.right_type
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
    assert agent.name == "invoke_agent transcript-summarizer"
    assert chat.parent is not None
    assert agent.context is not None
    assert chat.parent.span_id == agent.context.span_id
    for span in spans.values():
        assert (span.attributes or {})["gen_ai.conversation.id"] == CALL.claim_id
    assert (agent.attributes or {})["gen_ai.agent.name"] == "transcript-summarizer"
    assert (agent.attributes or {})["user.id"] == CALL.user_id


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
