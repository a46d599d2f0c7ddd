"""Histories of interrogations by a model: how to get at one, and how to replay it.

In: a walk whose model was asked. Out: a `WorkflowHistory`; a replay with payloads from any claim
store. Next: the slow tests, the recorder of histories, and the replay of what it recorded.
"""

import base64
import dataclasses
import hashlib
from collections.abc import Sequence

from pydantic_ai.durable_exec.temporal import PydanticAIPayloadConverter, PydanticAIPlugin
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from pipeline.interrogation.questioning.workflow import InterrogateWithModelWorkflow
from pipeline.llm.claims import ClaimStore, external_storage
from pipeline.model.session import SessionKey
from pipeline.temporal.ids import interrogation_workflow_id
from tests.workflows.walk import Walk

TRUTHFUL = "scripted:tests.llm.questioned:truthful"


class Overhearing:
    """A claim store that remembers what was asked for."""

    def __init__(self, store: ClaimStore) -> None:
        self._store = store
        self.claims: dict[str, str] = {}

    def put_claims(self, owner: str, bodies: Sequence[bytes]) -> tuple[str, ...]:
        """As the store does."""
        return self._store.put_claims(owner, bodies)

    def load_claims(self, owner: str, digests: Sequence[str]) -> tuple[bytes, ...]:
        """As the store does."""
        bodies = self._store.load_claims(owner, digests)
        told = (base64.b64encode(body).decode() for body in bodies)
        self.claims |= dict(zip(digests, told, strict=True))
        return bodies


class Remembered:
    """The claims that were overheard."""

    def __init__(self, claims: dict[str, str]) -> None:
        self._claims = claims

    def put_claims(self, owner: str, bodies: Sequence[bytes]) -> tuple[str, ...]:
        """What a replay commands is compared and let go."""
        return tuple(hashlib.sha256(body).hexdigest() for body in bodies)

    def load_claims(self, owner: str, digests: Sequence[str]) -> tuple[bytes, ...]:
        """What was remembered."""
        return tuple(base64.b64decode(self._claims[digest]) for digest in digests)


async def history_of_interrogation(client: Client, one: Walk) -> WorkflowHistory:
    """Of the first session of the clerk that a model proposed something of."""
    session_id = min(p.session_id for p in one.store.proposals(one.project, "clerk"))
    detail = one.store.get_session(one.project, session_id)
    assert detail is not None
    key = SessionKey.of(one.project, session_id)
    ended = interrogation_workflow_id(key, detail.session.version, "clerk")
    return await client.get_workflow_handle(ended).fetch_history()


async def replay_interrogation(claims: ClaimStore, history: WorkflowHistory) -> None:
    """The same code over the same history takes the same way."""
    converter = dataclasses.replace(
        pydantic_data_converter,
        payload_converter_class=PydanticAIPayloadConverter,
        external_storage=external_storage(claims),
    )
    replayer = Replayer(
        workflows=[InterrogateWithModelWorkflow],
        plugins=[PydanticAIPlugin()],
        data_converter=converter,
    )
    await replayer.replay_workflow(history)
