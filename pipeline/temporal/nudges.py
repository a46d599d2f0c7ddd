"""Waking a workflow by signal-with-start: it runs afterwards, whether or not it ran before.

In: what the store says must be woken. Out: one signal to `SessionWorkflow` or
`AgentAggregationWorkflow`. The inputs stand here because imports only point down; the folders of
the workflows show them in their `contracts`. Workflows go by name for the same reason.
"""

from datetime import timedelta
from typing import Protocol

from temporalio.client import Client
from temporalio.service import RPCError

from pipeline.config import Config
from pipeline.errors import TemporalUnavailable
from pipeline.model.frozen import Frozen
from pipeline.model.session import SessionKey
from pipeline.temporal.ids import agent_workflow_id, session_workflow_id

SESSION_WORKFLOW = "SessionWorkflow"
AGENT_WORKFLOW = "AgentAggregationWorkflow"
SPANS_ARRIVED = "spans_arrived"
HYPOTHESES_ATTRIBUTED = "hypotheses_attributed"
RPC_TIMEOUT = timedelta(seconds=10)


class SessionInput(Frozen):
    """What a SessionWorkflow starts with. Everything else of the session lies in the store."""

    project: str
    digest: str
    debounce: timedelta
    cap: timedelta

    @property
    def key(self) -> SessionKey:
        """How the store names the session."""
        return SessionKey(project=self.project, digest=self.digest)


class AggregationInput(Frozen):
    """What an AgentAggregationWorkflow starts with."""

    project: str
    agent: str
    quiet: timedelta


class SessionNudge(Protocol):
    """A session whose nudged flag the store has just set."""

    @property
    def key(self) -> SessionKey: ...
    @property
    def version(self) -> int: ...


class AgentNudge(Protocol):
    """An agent with hypotheses newer than its clusters."""

    @property
    def project(self) -> str: ...
    @property
    def agent(self) -> str: ...
    @property
    def epoch(self) -> int: ...


async def nudge_session(client: Client, config: Config, nudge: SessionNudge) -> None:
    """Tell the session's workflow that spans or signals arrived; starts it if it does not run."""
    key = nudge.key
    start = SessionInput(
        project=key.project, digest=key.digest, debounce=config.debounce, cap=config.session_cap
    )
    workflow_id = session_workflow_id(key)
    await _signal(
        client, config, SESSION_WORKFLOW, workflow_id, start, SPANS_ARRIVED, nudge.version
    )


async def nudge_agent(client: Client, config: Config, nudge: AgentNudge) -> None:
    """Tell the agent's workflow that hypotheses were attributed to it."""
    start = AggregationInput(
        project=nudge.project, agent=nudge.agent, quiet=config.aggregation_quiet
    )
    workflow_id = agent_workflow_id(nudge.project, nudge.agent)
    signal = HYPOTHESES_ATTRIBUTED
    await _signal(client, config, AGENT_WORKFLOW, workflow_id, start, signal, nudge.epoch)


async def _signal(
    client: Client,
    config: Config,
    workflow: str,
    workflow_id: str,
    start: Frozen,
    signal: str,
    number: int,
) -> None:
    try:
        await client.start_workflow(
            workflow,
            start,
            id=workflow_id,
            task_queue=config.temporal_task_queue,
            start_signal=signal,
            start_signal_args=[number],
            rpc_timeout=RPC_TIMEOUT,
        )
    except (RPCError, RuntimeError) as error:
        raise TemporalUnavailable(f"no answer from {config.temporal_target}") from error
