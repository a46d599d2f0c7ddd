"""The original SDK and ours keep one session, whichever of them is in the client or the worker."""

from __future__ import annotations

import dataclasses
import json
import uuid

import kelet as original
import kelet_temporal as ours
import pytest
from kelet_relay import Relay, Seen
from kelet_stage import SignalDoor, Spans
from opentelemetry import baggage
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

pytestmark = pytest.mark.slow

_EXPECTED = {"session": "chat-1", "user": "u-1", "metadata": {"plan": "free"}}


@activity.defn(name="who")
async def who_ours() -> Seen:
    return {
        "session": ours.get_session_id(),
        "user": ours.get_user_id(),
        "metadata": ours.get_metadata_kwargs(),
    }


@activity.defn(name="who")
async def who_original() -> Seen:
    return {
        "session": original.get_session_id(),
        "user": original.get_user_id(),
        "metadata": original.get_metadata_kwargs(),
    }


@pytest.fixture
async def theirs(temporal_server: str) -> Client:
    return await Client.connect(temporal_server, interceptors=[original.KeletInterceptor()])


@pytest.fixture
async def mine(temporal_server: str, spans: Spans) -> Client:
    return await Client.connect(temporal_server, plugins=[ours.KeletPlugin()])


def _original_worker(client: Client, queue: str) -> Worker:
    restrictions = dataclasses.replace(SandboxRestrictions.default).with_passthrough_modules(
        "kelet"
    )
    return Worker(
        client,
        task_queue=queue,
        workflows=[Relay],
        activities=[who_original],
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
    )


@pytest.mark.parametrize("client_is_ours", [True, False], ids=["our client", "their client"])
async def test_one_session_across_both(theirs: Client, mine: Client, client_is_ours: bool) -> None:
    """client -> our worker -> their worker -> our worker, each time over continue-as-new."""
    a, b = f"ours-{uuid.uuid4().hex}", f"theirs-{uuid.uuid4().hex}"
    sdk = ours if client_is_ours else original
    client = mine if client_is_ours else theirs
    async with (
        Worker(mine, task_queue=a, workflows=[Relay], activities=[who_ours]),
        _original_worker(theirs, b),
    ):
        with sdk.agentic_session(session_id="chat-1", user_id="u-1", plan="free"):
            seen: list[Seen] = await client.execute_workflow(
                Relay.run, args=[[b, a], True], id=uuid.uuid4().hex, task_queue=a
            )
    assert seen == [_EXPECTED] * 6


def test_baggage_reads_both_ways(spans: Spans) -> None:
    with original.agentic_session(session_id="chat-1", user_id="u-1", plan="free"):
        assert ours.get_session_id() == "chat-1"
        assert ours.get_user_id() == "u-1"
        assert ours.get_metadata_kwargs() == {"plan": "free"}
        theirs = dict(baggage.get_all())
    with ours.agentic_session(session_id="chat-1", user_id="u-1", plan="free"):
        assert dict(baggage.get_all()) == theirs


async def test_their_signals_are_ours(
    spans: Spans, door: SignalDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same call of either SDK, taken by the sidecar's own reader, says the same."""
    from exporter.signal_body import read_signal

    for name, value in {"API_KEY": "sk-1", "PROJECT": "app", "API_URL": door.url}.items():
        monkeypatch.setenv(f"KELET_{name}", value)
    for sdk in (original, ours):
        with sdk.agentic_session(session_id="chat-1"):
            await sdk.signal(
                kind=sdk.SignalKind.FEEDBACK,
                source=sdk.SignalSource.HUMAN,
                score=0.5,
                trigger_name="rating",
                value={"stars": 3},
                metadata={"page": 1},
            )
    (their_path, _, their_body), (our_path, _, our_body) = door.received
    assert their_path == our_path == "/api/projects/app/signal"
    read = [read_signal("app", json.dumps(body).encode()) for body in (their_body, our_body)]
    assert read[0] == read[1]
    assert read[0].n_unknown_fields == 0
