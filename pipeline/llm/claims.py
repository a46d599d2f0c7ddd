"""Payloads of model activities live in the store; a history holds their digests.

In: payloads of activities and workflows whose type is an agent's. Out: claims of 64 hex digits.
Next: Temporal keeps the claim, `retrieve` brings the payload back for activity and replay.

pydantic-ai hands whole message lists to its request activity. Trace text would stand in the history,
and beyond 2 MB the history would refuse it. The payload's workflow owns what is kept for it.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ExternalStorage,
    StorageDriver,
    StorageDriverActivityInfo,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverSelectContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
)

from pipeline.temporal import ids


class ClaimStore(Protocol):
    """Where payloads are kept; blocking calls."""

    def put_claims(self, owner: str, bodies: Sequence[bytes]) -> tuple[str, ...]:
        """Keep them, by their SHA-256."""
        ...

    def load_claims(self, owner: str, digests: Sequence[str]) -> tuple[bytes, ...]:
        """The bytes again."""
        ...


class StoreDriver(StorageDriver):
    """Keeps payloads in the sidecar's own store."""

    def __init__(self, store: ClaimStore) -> None:
        self._store = store

    def name(self) -> str:
        """Stands in every claim."""
        return "kelet-store"

    async def store(
        self, context: StorageDriverStoreContext, payloads: Sequence[Payload]
    ) -> list[StorageDriverClaim]:
        """One claim a payload, in their order."""
        owner = owner_of(context)
        bodies = [payload.SerializeToString(deterministic=True) for payload in payloads]
        digests = await asyncio.to_thread(self._store.put_claims, owner, bodies)
        return [StorageDriverClaim({"owner": owner, "sha256": digest}) for digest in digests]

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """The payloads in the order of their claims."""
        found: list[Payload] = []
        for claim in claims:
            owner, digest = claim.claim_data["owner"], claim.claim_data["sha256"]
            (body,) = await asyncio.to_thread(self._store.load_claims, owner, [digest])
            found.append(Payload.FromString(body))
        return found


def owner_of(context: StorageDriverStoreContext) -> str:
    """The workflow that a payload belongs to."""
    match context.target:
        case StorageDriverWorkflowInfo(id=workflow_id) if workflow_id:
            return workflow_id
        case StorageDriverActivityInfo(id=activity_id) if activity_id:
            return activity_id
        case _:
            return "unknown"


def external_storage(store: ClaimStore) -> ExternalStorage:
    """Every payload of a workflow that speaks to a model is claimed, however small."""
    driver = StoreDriver(store)

    def select(context: StorageDriverSelectContext, _payload: Payload) -> StorageDriver | None:
        owner = context.target.id if context.target else None
        return driver if owner and owner.startswith(CLAIMED) else None

    return ExternalStorage(drivers=[driver], driver_selector=select, payload_size_threshold=0)


CLAIMED = tuple(f"{room}/" for room in ids.MODEL_ROOMS.values())
"""Beginnings of the ids of workflows that speak to a model."""
