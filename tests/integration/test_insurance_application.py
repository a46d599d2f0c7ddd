"""The application on a real Temporal server: one trace a call, from the client into the agents."""

import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.testing import WorkflowEnvironment

from examples.insurance.application import running, take_calls
from examples.insurance.calls import Call, make_calls
from examples.insurance.telemetry import build_tracer_provider

pytestmark = pytest.mark.slow

N_CALLS = 20


async def test_every_call_is_one_trace_through_both_agents() -> None:
    exporter = InMemorySpanExporter()
    provider = build_tracer_provider(exporter)
    results: dict[str, bool] = {}

    async def on_result(call: Call, claim_type: str) -> None:
        results[call.claim_id] = claim_type == call.right_type

    server = str(Path(sys.executable).with_name("temporal"))
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=server) as local:
        address = local.client.service_client.config.target_host
        async with running(address, provider) as client:
            await take_calls(client, provider.get_tracer("test"), make_calls(N_CALLS), on_result)
    provider.shutdown()

    assert len(results) == N_CALLS
    assert 0 < sum(results.values()) < N_CALLS
    spans = exporter.get_finished_spans()
    assert len({span.context.trace_id for span in spans if span.context}) == N_CALLS
    assert sum(span.name.startswith("invoke_agent ") for span in spans) == 2 * N_CALLS
    assert all(span.resource.attributes["kelet.project"] == "insurance-claims" for span in spans)
    by_id = {span.context.span_id: span for span in spans if span.context}
    for span in spans:
        if span.name.startswith("invoke_agent "):
            assert span.parent is not None
            agent = span.name.removeprefix("invoke_agent ")
            assert by_id[span.parent.span_id].name == f"RunActivity:{agent}"
