"""AgentAggregationWorkflow and InvestigateIssueWorkflow on a real server, over a scripted store."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from pipeline.config import Config
from pipeline.model.answers import Opening
from pipeline.model.nudge import AgentNudge
from pipeline.temporal.failures import FailureTable
from pipeline.temporal.ids import agent_workflow_id, issue_workflow_id
from pipeline.temporal.nudges import nudge_agent
from pipeline.worker.compose import WORKFLOWS
from tests.workflows.scripted import ScriptedAgent

pytestmark = pytest.mark.slow

INVESTIGATED = ["contrast", "diagnose", "verify_evidence", "write_patch", "commit"]


class Agent:
    """One agent with its worker and its nudges."""

    def __init__(self, client: Client, config: Config) -> None:
        self.client = client
        self.config = config
        self.project = uuid.uuid4().hex

    async def nudge(self, epoch: int) -> None:
        nudge = AgentNudge(project=self.project, agent="scorer", epoch=epoch)
        await nudge_agent(self.client, self.config, nudge)

    async def end(self) -> None:
        await self._end(agent_workflow_id(self.project, "scorer"))

    async def investigation_end(self, opening: Opening) -> None:
        await self._end(issue_workflow_id(self.project, opening.cluster_id, opening.revision))

    async def _end(self, workflow_id: str) -> None:
        await asyncio.wait_for(self.client.get_workflow_handle(workflow_id).result(), 30)


@asynccontextmanager
async def agent(client: Client, script: ScriptedAgent) -> AsyncGenerator[Agent]:
    config = Config(temporal_task_queue=uuid.uuid4().hex)
    async with Worker(
        client,
        task_queue=config.temporal_task_queue,
        workflows=WORKFLOWS,
        activities=script.activities(),
        interceptors=[FailureTable()],
    ):
        yield Agent(client, config)


async def test_openings_are_investigated_beyond_the_end_of_the_parent(client: Client) -> None:
    openings = tuple(Opening(cluster_id=name, revision=1) for name in ("a", "b"))
    script = ScriptedAgent(openings=openings)
    async with agent(client, script) as one:
        await one.nudge(1)
        await one.end()
        for opening in openings:
            await one.investigation_end(opening)
    assert script.calls.count("finish@1") == 1
    for name in ("a", "b"):
        mine = [c.split(":")[0] for c in script.calls if f":{name}/1" in c]
        assert mine == INVESTIGATED


async def test_investigation_that_was_done_is_not_done_again(client: Client) -> None:
    opening = Opening(cluster_id="a", revision=1)
    script = ScriptedAgent(openings=(opening,))
    async with agent(client, script) as one:
        await one.nudge(1)
        await one.end()
        await one.investigation_end(opening)
        script.epoch = 2
        await one.nudge(2)
        await one.end()
    assert script.calls.count("contrast:a/1") == 1
    assert "finish@2" in script.calls


async def test_epoch_that_moved_on_is_aggregated_again(client: Client) -> None:
    script = ScriptedAgent(rises_during_aggregation=True)
    async with agent(client, script) as one:
        await one.nudge(1)
        await one.end()
    assert script.calls == ["aggregate@1", "finish@1", "aggregate@2", "finish@2"]
    assert script.aggregated_epoch == 2


async def test_stage_that_says_stop_ends_with_the_reason(client: Client) -> None:
    opening = Opening(cluster_id="a", revision=1)
    script = ScriptedAgent(openings=(opening,), stop_at={"diagnose": "superseded"})
    async with agent(client, script) as one:
        await one.nudge(1)
        await one.investigation_end(await _started(one, opening))
    assert script.calls[-1] == "commit:a/1:superseded"
    assert "verify_evidence:a/1" not in script.calls


async def test_defect_in_an_investigation_ends_as_a_reason(client: Client) -> None:
    opening = Opening(cluster_id="a", revision=1)
    script = ScriptedAgent(openings=(opening,), broken="verify_evidence")
    async with agent(client, script) as one:
        await one.nudge(1)
        await one.investigation_end(await _started(one, opening))
        workflow_id = issue_workflow_id(one.project, "a", 1)
        described = await client.get_workflow_handle(workflow_id).describe()
    assert script.calls[-1] == "commit:a/1:failed: internal_KeyError"
    assert described.status == WorkflowExecutionStatus.COMPLETED


async def _started(one: Agent, opening: Opening) -> Opening:
    """The opening, once its aggregation has ended and so has started it."""
    await one.end()
    return opening
