"""Sessions and agents as blocks and decorators, and what they put on spans and in baggage."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import kelet_temporal as kelet
import pytest
from kelet_stage import Spans
from kelet_temporal.activity_side import inside
from kelet_temporal.session import Session
from opentelemetry import baggage, context, trace
from temporalio import activity, workflow


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


def test_an_outer_span_keeps_its_own_session_and_agent(spans: Spans) -> None:
    tracer = trace.get_tracer("app")
    own = tracer.start_as_current_span("named", attributes={"gen_ai.agent.name": "own"})
    inner = kelet.agentic_session(session_id="b")
    with kelet.agentic_session(session_id="a"), tracer.start_as_current_span("outer"), inner:
        _draw("inner")
    with kelet.agent(name="other"), own, kelet.agentic_session(session_id="c"):
        pass
    assert spans.named("outer")[0]["gen_ai.conversation.id"] == "a"
    assert spans.named("inner")[0]["gen_ai.conversation.id"] == "b"
    assert spans.named("named")[0]["gen_ai.conversation.id"] == "c"
    assert spans.named("named")[0]["gen_ai.agent.name"] == "own"


async def test_one_scope_may_be_in_use_by_many_tasks(spans: Spans) -> None:
    session, planner = kelet.agentic_session(session_id="s"), kelet.agent(name="planner")

    async def work(seconds: float) -> tuple[str | None, str | None]:
        async with session, planner, session:
            await asyncio.sleep(seconds)
        return kelet.get_session_id(), kelet.get_agent_name()

    assert await asyncio.gather(*(work(n / 50) for n in (1, 3, 2))) == [(None, None)] * 3
    assert len(spans.named("agent planner")) == 3


def test_a_thread_in_the_callers_opentelemetry_context_is_in_its_session(spans: Spans) -> None:
    """As opentelemetry-instrumentation-threading starts it, and whoever passes a context on."""

    def work(inherited: context.Context) -> None:
        token = context.attach(inherited)
        _draw("threaded")
        context.detach(token)

    here = {"temporal.attempt": 2}
    session = Session("s", agent="outer", metadata={"n": 3})
    with inside(session, here), kelet.agent(name="a"), ThreadPoolExecutor(1) as threads:
        threads.submit(work, context.get_current()).result()
    assert spans.named("threaded") == [
        {
            "gen_ai.conversation.id": "s",
            "gen_ai.agent.name": "a",
            "kelet.project": "app",
            "metadata.n": 3,
            **here,
        }
    ]


@pytest.mark.parametrize("definition", [activity.defn, workflow.signal, workflow.update])
def test_a_scope_around_a_temporal_definition_is_refused(definition: Any) -> None:
    """Temporal would call the function within and never see the scope."""

    async def work() -> None: ...

    with pytest.raises(TypeError, match="below"):
        kelet.agent(name="planner")(definition(work))
