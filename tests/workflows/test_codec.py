"""With a codec nothing in Temporal can be read, claims in the store neither; a wrong key says so."""

import asyncio
import base64
import json
import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowHistory

from pipeline.config import Config
from pipeline.store.packing import unpack
from pipeline.temporal.client import connect
from pipeline.worker.compose import build_worker
from tests.workflows.test_explain import feed, replay
from tests.workflows.test_walk import walk, working
from tests.workflows.walk import Walk, conversation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

KEY, OTHER = (base64.b64encode(bytes([n] * 32)).decode() for n in (1, 2))
ROOMS = ("session/", "agent/", "issue/", "explain/", "try/")
REFERENCE = b"temporal.api.sdk.v1.ExternalStorageReference"
"""A claim in the clear: the workflow's id and the digest of what is, itself sealed, in the store."""
OF_THE_SDK = {"core_local_activity": "data", "core_patch": "patch-data"}
"""What the SDK itself notes in its markers: a local activity's number, type and times, a patch's name."""


async def with_key(client: Client, key: str | None) -> Client:
    """As receiver and worker connect."""
    address = client.service_client.config.target_host
    return await connect(
        Config.model_validate({"temporal_address": address, "temporal_codec_key": key})
    )


def payloads(message: Message) -> Iterator[Payload]:
    """Every payload within a message, however deep."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        if isinstance(value, Mapping):
            yield from (
                p for inner in value.values() if isinstance(inner, Message) for p in payloads(inner)
            )
        elif field.is_repeated:
            for inner in value:
                yield from payloads(inner)
        else:
            yield from payloads(value)


def sealed_or_claimed(payload: Payload) -> bool:
    """Ciphertext, or a digest."""
    if payload.metadata["encoding"] == b"binary/encrypted":
        return True
    claimed = payload.metadata.get("messageType") == REFERENCE
    return claimed and set(json.loads(payload.data)["claimData"]) == {"owner", "sha256"}


def readable(history: WorkflowHistory) -> list[str]:
    """What stands in the clear."""
    found: list[str] = []
    for event in history.events:
        marker = event.marker_recorded_event_attributes
        marker.details.pop(OF_THE_SDK.get(marker.marker_name, ""), None)
        found += [str(p) for p in payloads(event) if not sealed_or_claimed(p)]
        assert not event.workflow_execution_started_event_attributes.search_attributes.ListFields()
    return found


async def test_nothing_can_be_read_without_the_key(client: Client, tmp_path: Path) -> None:
    sealed = await with_key(client, KEY)
    scripted = {"model": "scripted:tests.llm.scripts:truthful", "temporal_codec_key": KEY}
    async with working(sealed, tmp_path, **scripted) as one:
        await feed(one)
        await one.settle(200)
        findings = [f for f in one.store.list_findings(one.project)[0] if f.blamed_agent]
        histories = [await history_of(client, one, room) for room in ROOMS]
        for history in histories:
            assert len(list(payloads_of(history))) > 0
            assert readable(history) == []
        # With the key it takes the same way again: `explain/` and `try/` with their claims.
        for name, ours in zip(
            ROOMS, [await history_of(sealed, one, r) for r in ROOMS], strict=True
        ):
            if name in ("explain/", "try/"):
                await replay(one, ours)
        sealed_claims = claims(one)
    assert findings[0].explanation is not None
    assert findings[0].explanation.n_verified == 1
    assert len(sealed_claims) > 5
    for body in sealed_claims:
        assert Payload.FromString(body).metadata["encoding"] == b"binary/encrypted"
        assert b"letter" not in body


def payloads_of(history: WorkflowHistory) -> Iterator[Payload]:
    for event in history.events:
        yield from payloads(event)


async def history_of(client: Client, one: Walk, room: str) -> WorkflowHistory:
    """Of the newest workflow of a kind in this project."""
    query = f"TaskQueue = '{one.config.temporal_task_queue}'"
    found = [w async for w in client.list_workflows(query) if w.id.startswith(room)]
    assert found, room
    return await client.get_workflow_handle(found[0].id, run_id=found[0].run_id).fetch_history()


def claims(one: Walk) -> list[bytes]:
    """Payloads that the store keeps for workflows, as they lie there."""
    with sqlite3.connect(one.config.data_dir / "kelet.db") as database:
        rows = database.execute("SELECT body FROM claim_checks").fetchall()
    return [unpack(body) for (body,) in rows]


@pytest.mark.parametrize("wrong", [OTHER, None], ids=["wrong", "missing"])
async def test_a_wrong_key_says_so_and_the_right_one_goes_on(
    client: Client, tmp_path: Path, wrong: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    sealed, other = await with_key(client, KEY), await with_key(client, wrong)
    async with walk(sealed, tmp_path, temporal_codec_key=KEY) as one:
        await one.send(conversation(1, lossy=False))
        with caplog.at_level(logging.ERROR, logger="pipeline.temporal.codec"):
            async with build_worker(one.store, other, one.config):
                await until_told(caplog)
        assert one.store.coverage(one.project).failed == 0
        async with build_worker(one.store, sealed, one.config):
            await one.settle(120)
        assert one.store.coverage(one.project).analysed == 1


async def until_told(caplog: pytest.LogCaptureFixture) -> None:
    deadline = time.monotonic() + 60
    while "KELET_TEMPORAL_CODEC_KEY" not in caplog.text:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
