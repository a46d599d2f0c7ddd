"""Records the histories that `tests/workflows/test_replay.py` replays: one real run of each kind.

In: a development server from the wheel, scripted stores. Out: tests/histories/*.json. Next: run it
after a change to a workflow that needs new histories (and was gated by `workflow.patched`, or is not
yet released): `python -m tests.workflows.record_histories`.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from pipeline.config import Config
from pipeline.model.answers import Interrogation, Opening
from pipeline.model.nudge import AgentNudge, Nudge
from pipeline.model.session import SessionKey
from pipeline.temporal.failures import FailureTable
from pipeline.temporal.ids import agent_workflow_id, issue_workflow_id, session_workflow_id
from pipeline.temporal.nudges import nudge_agent, nudge_session
from pipeline.worker.compose import WORKFLOWS
from tests.workflows.clerk import feed
from tests.workflows.conftest import temporal_server
from tests.workflows.replaying import (
    TRUTHFUL,
    Overhearing,
    history_of_interrogation,
    replay_interrogation,
)
from tests.workflows.scripted import ScriptedAgent, ScriptedSession
from tests.workflows.test_walk import working

FOLDER = Path(__file__).parents[1] / "histories"
MODEL_FOLDER = FOLDER / "model"
QUEUE = "recorded"
DEBOUNCE = timedelta(seconds=10)
SHORT = timedelta(milliseconds=300)
MACHINE_FIELDS = {"stackTrace", "identity", "binaryChecksum", "workerVersion"}


@dataclass
class Scenario:
    """Activities, what starts the run, and file name -> workflow id of what to keep."""

    activities: Sequence[Callable[..., Any]]
    start: Callable[[Client, Config], Any]
    keep: Mapping[str, str]


def session(name: str, script: ScriptedSession, *, children: bool = False) -> Scenario:
    """One SessionWorkflow."""
    key = SessionKey.of("recorded", name)
    workflow_id = session_workflow_id(key)
    keep = {f"session-{name}": workflow_id}
    if children:
        keep |= {f"child-{s}": f"{workflow_id}#{s}" for s in ("enrich", "merge", "interrogate")}
    nudge = Nudge.of(key, 1)
    return Scenario(script.activities(), lambda c, config: nudge_session(c, config, nudge), keep)


def agent(name: str, script: ScriptedAgent) -> Scenario:
    """One AgentAggregationWorkflow and what it starts."""
    keep = {f"agent-{name}": agent_workflow_id("recorded", name)}
    for opening in script.openings:
        cluster = f"{name}-{opening.cluster_id}"
        keep[f"issue-{cluster}"] = issue_workflow_id("recorded", cluster, opening.revision)
    script.openings = tuple(
        Opening(cluster_id=f"{name}-{o.cluster_id}", revision=o.revision) for o in script.openings
    )
    nudge = AgentNudge(project="recorded", agent=name, epoch=1)
    return Scenario(script.activities(), lambda c, config: nudge_agent(c, config, nudge), keep)


def scenarios() -> list[Scenario]:
    """One of each kind that a change could break."""

    def spans_arrive(script: ScriptedSession) -> None:
        script.version = 2

    opening = Opening(cluster_id="a", revision=1)
    one = Interrogation(project="recorded", digest="0" * 32, version=1, agent="asks")
    return [
        session("ordinary", ScriptedSession(), children=True),
        session("waits", ScriptedSession(silent_for=DEBOUNCE - SHORT, silent_later=DEBOUNCE)),
        session("moved-on", ScriptedSession(on_commit=spans_arrive)),
        session("failed", ScriptedSession(failing_stage="merge")),
        session("verdict", ScriptedSession(failing_stage="verdict")),
        session("emptied", ScriptedSession(n_spans=0)),
        agent("clean", ScriptedAgent(aggregated_epoch=1)),
        agent("opens", ScriptedAgent(openings=(opening,))),
        agent("asks", ScriptedAgent(interrogations=(one,))),
        agent("moved-on", ScriptedAgent(rises_during_aggregation=True)),
        agent("stops", ScriptedAgent(openings=(opening,), stop_at={"contrast": "superseded"})),
        agent("breaks", ScriptedAgent(openings=(opening,), broken="write_patch")),
    ]


async def record(client: Client, scenario: Scenario) -> None:
    """Run it and write its histories without what names this machine."""
    config = Config(
        temporal_task_queue=QUEUE,
        debounce=DEBOUNCE,
        aggregation_quiet=timedelta(seconds=1),
    )
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=WORKFLOWS,
        activities=scenario.activities,
        interceptors=[FailureTable()],
    ):
        await scenario.start(client, config)
        for name, workflow_id in scenario.keep.items():
            handle = client.get_workflow_handle(workflow_id)
            await asyncio.wait_for(handle.result(), 30)
            history = json.loads((await handle.fetch_history()).to_json())
            kept = {"workflowId": workflow_id, "history": without_machine(history)}
            text = json.dumps(kept, indent=1)
            (FOLDER / f"{name}.json").write_text(text + "\n")


async def record_interrogation(client: Client, folder: Path) -> None:
    """A real one, with what the store keeps of its payloads: those hold the text, the history none."""
    async with working(client, folder / "data", model=TRUTHFUL) as one:
        await feed(one)
        await one.settle(200)
        history = await history_of_interrogation(client, one)
        heard = Overhearing(one.store)
        await replay_interrogation(heard, history)
    kept = {
        "workflowId": history.workflow_id,
        "history": without_machine(json.loads(history.to_json())),
        "claims": heard.claims,
    }
    MODEL_FOLDER.mkdir(exist_ok=True)
    text = json.dumps(kept, indent=1)
    (MODEL_FOLDER / "interrogate.json").write_text(text + "\n")


def without_machine(node: Any) -> Any:
    """The same without identities and paths."""
    if isinstance(node, dict):
        return {k: without_machine(v) for k, v in node.items() if k not in MACHINE_FIELDS}
    if isinstance(node, list):
        return [without_machine(item) for item in node]
    return node


async def main() -> None:
    """Record all."""
    with tempfile.TemporaryDirectory() as folder, temporal_server(Path(folder) / "log") as address:
        client = await Client.connect(
            address, data_converter=pydantic_data_converter, identity="recorder"
        )
        for scenario in scenarios():
            await record(client, scenario)
        await record_interrogation(client, Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
