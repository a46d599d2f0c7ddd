"""The application on a real Temporal server: one trace a call, from the client into the agents."""

import sys
from pathlib import Path

import kelet_temporal as kelet
import pytest
from kelet_temporal.settings import set_settings
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.testing import WorkflowEnvironment

from examples.insurance.application import running, take_calls
from examples.insurance.calls import Call, make_calls
from examples.insurance.telemetry import PROJECT

pytestmark = pytest.mark.slow

N_CALLS = 20


async def test_every_call_is_one_session_and_one_trace_through_both_agents() -> None:
    exporter = InMemorySpanExporter()
    kelet.configure(span_processor=SimpleSpanProcessor(exporter), project=PROJECT, strict=True)
    results: dict[str, bool] = {}

    async def on_result(call: Call, claim_type: str) -> None:
        results[call.claim_id] = claim_type == call.right_type

    server = str(Path(sys.executable).with_name("temporal"))
    try:
        async with await WorkflowEnvironment.start_local(dev_server_existing_path=server) as local:
            address = local.client.service_client.config.target_host
            async with running(address) as client:
                await take_calls(client, make_calls(N_CALLS), on_result)
    finally:
        set_settings(None)

    assert len(results) == N_CALLS
    assert 0 < sum(results.values()) < N_CALLS
    spans = exporter.get_finished_spans()
    traces: dict[int, set[object]] = {}
    for span in spans:
        attributes = span.attributes or {}
        assert span.context is not None
        assert attributes["kelet.project"] == PROJECT
        assert "user.id" in attributes
        traces.setdefault(span.context.trace_id, set()).add(attributes["gen_ai.conversation.id"])
    assert len(traces) == N_CALLS
    assert all(len(sessions) == 1 for sessions in traces.values())
    assert {session for sessions in traces.values() for session in sessions} == results.keys()
    assert sum(span.name.startswith("agent ") for span in spans) == 2 * N_CALLS
    by_id = {span.context.span_id: span for span in spans if span.context}
    for span in spans:
        if span.name.startswith("agent "):
            assert span.parent is not None
            agent = span.name.removeprefix("agent ")
            assert by_id[span.parent.span_id].name == f"RunActivity:{agent}"
