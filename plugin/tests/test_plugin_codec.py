"""The user's payload codec covers header values when Temporal's own setting asks for it, else not."""

from __future__ import annotations

import base64
import dataclasses
import uuid
from collections.abc import Sequence

import kelet_temporal as kelet
import pytest
from kelet_relay import Relay
from kelet_stage import Spans
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import HeaderCodecBehavior
from temporalio.converter import DataConverter, PayloadCodec
from temporalio.worker import Worker

pytestmark = pytest.mark.slow


class Base64Codec(PayloadCodec):
    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload(
                metadata={"encoding": b"binary/base64"},
                data=base64.b64encode(payload.SerializeToString()),
            )
            for payload in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [
            Payload.FromString(base64.b64decode(payload.data))
            if payload.metadata.get("encoding") == b"binary/base64"
            else payload
            for payload in payloads
        ]


@activity.defn
async def who() -> dict[str, str | None]:
    return {"session": kelet.get_session_id()}


@pytest.mark.parametrize("behaviour", [HeaderCodecBehavior.CODEC, HeaderCodecBehavior.NO_CODEC])
async def test_headers_go_through_the_codec_on_request(
    temporal_server: str, spans: Spans, behaviour: HeaderCodecBehavior
) -> None:
    converter = dataclasses.replace(DataConverter.default, payload_codec=Base64Codec())
    client = await Client.connect(
        temporal_server,
        data_converter=converter,
        header_codec_behavior=behaviour,
        plugins=[kelet.KeletPlugin()],
    )
    queue = f"codec-{uuid.uuid4().hex}"
    async with Worker(client, task_queue=queue, workflows=[Relay], activities=[who]):
        with kelet.agentic_session(session_id="chat-1"):
            handle = await client.start_workflow(
                Relay.run, args=[[queue], False], id=queue, task_queue=queue
            )
            assert await handle.result() == [{"session": "chat-1"}] * 4
    plain = behaviour is HeaderCodecBehavior.NO_CODEC
    seen = 0
    for event in (await handle.fetch_history()).events:
        started = event.workflow_execution_started_event_attributes
        scheduled = event.activity_task_scheduled_event_attributes
        for fields in (started.header.fields, scheduled.header.fields):
            if "x-kelet-session-id" in fields:
                seen += 1
                assert (fields["x-kelet-session-id"].data == b'"chat-1"') is plain
    assert seen == 2


async def test_editing_a_schedule_takes_its_runs_into_no_session(
    temporal_server: str, spans: Spans
) -> None:
    """Its action, read back, would carry our headers past the codec."""
    converter = dataclasses.replace(DataConverter.default, payload_codec=Base64Codec())
    client = await Client.connect(
        temporal_server,
        data_converter=converter,
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        plugins=[kelet.KeletPlugin()],
    )
    name = f"schedule-{uuid.uuid4().hex}"
    action = ScheduleActionStartWorkflow(Relay.run, args=[[], False], id=name, task_queue=name)
    handle = await client.create_schedule(name, Schedule(action=action, spec=ScheduleSpec()))
    with kelet.agentic_session(session_id="editor"):
        await handle.update(edited)
    description = await handle.describe()
    await handle.delete()
    assert description.schedule.state.note == "edited"
    assert isinstance(description.schedule.action, ScheduleActionStartWorkflow)
    assert not description.schedule.action.headers


def edited(now: ScheduleUpdateInput) -> ScheduleUpdate:
    now.description.schedule.state.note = "edited"
    return ScheduleUpdate(schedule=now.description.schedule)
