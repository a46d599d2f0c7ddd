"""Who watches the watcher: a depth travels with every call, and too deep is not exported."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import kelet_temporal as kelet
import pytest
from kelet_relay import Relay
from kelet_stage import Spans
from kelet_temporal.session import Session
from kelet_temporal.stamper import SessionStamper
from kelet_temporal.workflow_side import completed
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker


@activity.defn
async def who() -> dict[str, Any]:
    with kelet.agent(name="watcher"):
        return {"session": kelet.get_session_id()}


def rule_of(depth: int) -> Callable[[workflow.Info | activity.Info], Session]:
    return lambda info: Session(f"{info.workflow_id} at {depth}", depth=depth)


def test_what_came_without_a_session_is_completed_by_the_rule() -> None:
    sent = Session(user_id="u", metadata={"a": 1}, depth=2)
    ruled = Session("s", project="p", metadata={"a": 0, "b": 2}, depth=1)
    both = Session("s", "u", "p", metadata={"a": 1, "b": 2}, depth=2)
    assert completed(sent, ruled) == both
    assert completed(None, ruled) == ruled
    assert completed(None, "s") == Session("s")
    assert completed(sent, "s") == Session("s", "u", metadata={"a": 1}, depth=2)
    assert completed(sent, None) == completed(sent, "") == sent
    assert completed(None, None) is None


@pytest.mark.parametrize(
    ("session", "sessions_only", "exported"),
    [
        (Session("s"), True, True),
        (Session("s", depth=1), True, True),
        (Session("s", depth=2), False, False),
        (Session(depth=2), False, False),
        (Session(user_id="u"), True, False),
        (Session(user_id="u"), False, True),
    ],
)
def test_what_is_exported(session: Session, sessions_only: bool, exported: bool) -> None:
    from kelet_temporal.session import session_var

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    wrapped = SimpleSpanProcessor(exporter)
    provider.add_span_processor(SessionStamper(wrapped, sessions_only=sessions_only))
    token = session_var.set(session)
    try:
        provider.get_tracer("app").start_span("work").end()
    finally:
        session_var.reset(token)
    drawn = exporter.get_finished_spans()
    assert len(drawn) == exported
    assert all((span.attributes or {}).get("kelet.depth", 0) == session.depth for span in drawn)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [1, 2])
async def test_depth_reaches_children_and_their_activities(
    temporal_server: str, spans: Spans, depth: int
) -> None:
    plugin = kelet.KeletPlugin(auto_session=rule_of(depth))
    client = await Client.connect(temporal_server, plugins=[plugin])
    queue = f"depth-{uuid.uuid4().hex}"
    async with Worker(client, task_queue=queue, workflows=[Relay], activities=[who]):
        seen = await client.execute_workflow(
            Relay.run, args=[[queue], True], id=queue, task_queue=queue
        )
    assert seen == [{"session": f"{queue} at {depth}"}] * 4
    drawn = [attributes["kelet.depth"] for attributes in spans.named("agent watcher")]
    assert drawn == ([1] * 4 if depth == 1 else [])
