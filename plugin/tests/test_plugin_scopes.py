"""Sessions and agents as blocks and decorators, and what they put on spans and in baggage."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import kelet_temporal as kelet
import pytest
from kelet_stage import Spans
from opentelemetry import baggage, context, trace


def _draw(name: str) -> None:
    with trace.get_tracer("app").start_as_current_span(name):
        pass


def test_a_session_marks_its_spans_and_no_others(spans: Spans) -> None:
    _draw("before")
    with kelet.agentic_session(
        session_id="s", user_id="u", project="p", plan="free", n=3, tags=[1]
    ):
        _draw("within")
        assert baggage.get_baggage("kelet.session_id") == "s"
        assert baggage.get_baggage("kelet.metadata.plan") == "free"
    _draw("after")
    assert spans.named("within") == [
        {
            "gen_ai.conversation.id": "s",
            "user.id": "u",
            "kelet.project": "p",
            "metadata.plan": "free",
            "metadata.n": 3,
            "metadata.tags": "[1]",
        }
    ]
    assert spans.named("before") == spans.named("after") == [{"kelet.project": "app"}]
    assert baggage.get_all() == {}


def test_an_inner_session_inherits_all_but_its_id(spans: Spans) -> None:
    with kelet.agentic_session(session_id="outer", user_id="u", plan="free", seat="a"):
        with kelet.agentic_session(session_id="inner", seat="b"):
            assert kelet.get_session_id() == "inner"
            assert kelet.get_user_id() == "u"
            assert kelet.get_metadata_kwargs() == {"plan": "free", "seat": "b"}
        assert kelet.get_session_id() == "outer"
        assert kelet.get_metadata_kwargs() == {"plan": "free", "seat": "a"}
    assert kelet.get_session_id() is None


async def test_decorators_take_sync_and_async_functions(spans: Spans) -> None:
    @kelet.agentic_session(session_id="s")
    @kelet.agent(name="planner")
    def plan(n: int) -> tuple[int, str | None, str | None]:
        return n, kelet.get_session_id(), kelet.get_agent_name()

    @kelet.agentic_session(session_id="s")
    @kelet.agent(name="writer")
    async def write(n: int) -> tuple[int, str | None, str | None]:
        await asyncio.sleep(0)
        return n, kelet.get_session_id(), kelet.get_agent_name()

    assert plan(1) == (1, "s", "planner")
    assert await asyncio.gather(write(1), write(2)) == [(1, "s", "writer"), (2, "s", "writer")]
    async with kelet.agentic_session(session_id="t"), kelet.agent(name="reader"):
        assert (kelet.get_session_id(), kelet.get_agent_name()) == ("t", "reader")
    assert (kelet.get_session_id(), kelet.get_agent_name()) == (None, None)
    assert [a["gen_ai.operation.name"] for a in spans.named("agent writer")] == ["invoke_agent"] * 2


def test_an_agent_is_the_parent_of_its_work_and_shows_its_failure(spans: Spans) -> None:
    @kelet.agent(name="planner")
    def plan() -> None:
        _draw("tool")
        raise KeyError("secret")

    with pytest.raises(KeyError):
        plan()
    tool, planner = spans.all()
    assert tool.parent is not None
    assert planner.context is not None
    assert tool.parent.span_id == planner.context.span_id
    assert (tool.attributes or {})["gen_ai.agent.name"] == "planner"
    assert planner.status.description == "KeyError"


def test_an_instrumentation_that_names_an_agent_keeps_its_name(spans: Spans) -> None:
    with kelet.agent(name="outer"):
        attributes = {"gen_ai.agent.name": "inner"}
        trace.get_tracer("app").start_span("invoke", attributes=attributes).end()
    assert spans.named("invoke")[0]["gen_ai.agent.name"] == "inner"


def test_a_session_from_another_process_comes_by_baggage(spans: Spans) -> None:
    incoming = context.Context()
    for name, value in {"session_id": "s", "user_id": "u", "metadata.plan": "free"}.items():
        incoming = baggage.set_baggage(f"kelet.{name}", value, incoming)
    token = context.attach(incoming)
    try:
        assert kelet.get_session_id() == "s"
        _draw("served")
        with kelet.agentic_session(session_id="local"):
            _draw("own")
    finally:
        context.detach(token)
    assert spans.named("served")[0]["metadata.plan"] == "free"
    assert spans.named("own")[0]["gen_ai.conversation.id"] == "local"


def test_threads_do_not_see_each_others_session(spans: Spans) -> None:
    def work(n: int) -> str | None:
        with kelet.agentic_session(session_id=str(n)):
            _draw("threaded")
            return kelet.get_session_id()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(work, range(20))) == [str(n) for n in range(20)]
    drawn = [a["gen_ai.conversation.id"] for a in spans.named("threaded")]
    assert sorted(map(str, drawn), key=int) == [str(n) for n in range(20)]
