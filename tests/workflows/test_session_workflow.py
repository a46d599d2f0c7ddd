"""SessionWorkflow on a real server, over a scripted store: waiting, stages, commit, nothing lost."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from pipeline.config import Config
from pipeline.model.nudge import Nudge
from pipeline.model.session import SessionKey
from pipeline.session.workflow import SessionWorkflow
from pipeline.temporal.failures import FailureTable
from pipeline.temporal.ids import session_workflow_id
from pipeline.temporal.nudges import nudge_session
from pipeline.worker.compose import WORKFLOWS
from tests.waiting import until
from tests.workflows.scripted import ScriptedSession

pytestmark = pytest.mark.slow

STAGES = {"enrich@1", "merge@1", "interrogate@1"}


class Cycle:
    """One session with its worker and its nudges."""

    def __init__(self, client: Client, config: Config) -> None:
        self.client = client
        self.config = config
        self.key = SessionKey.of("p", uuid.uuid4().hex)
        self.handle: WorkflowHandle[object, object] = client.get_workflow_handle(
            session_workflow_id(self.key)
        )

    async def nudge(self, version: int) -> None:
        await nudge_session(self.client, self.config, Nudge.of(self.key, version))

    async def end(self) -> None:
        """Wait for the end of the run that is the newest now."""
        await asyncio.wait_for(self.client.get_workflow_handle(self.handle.id).result(), 30)


@asynccontextmanager
async def cycle(
    client: Client, script: ScriptedSession, **settings: object
) -> AsyncGenerator[Cycle]:
    config = Config.model_validate({"temporal_task_queue": uuid.uuid4().hex, **settings})
    async with Worker(
        client,
        task_queue=config.temporal_task_queue,
        workflows=WORKFLOWS,
        activities=script.activities(),
        interceptors=[FailureTable()],
    ):
        yield Cycle(client, config)


async def test_stages_run_once_and_agents_are_told(client: Client) -> None:
    script = ScriptedSession()
    async with cycle(client, script) as session:
        await session.nudge(1)
        await session.end()
    assert script.calls[0] == "clock"
    assert set(script.calls[1:4]) == STAGES
    assert script.calls[4:] == ["commit@1:ok", "notify:scorer@1"]


async def test_children_carry_the_names_of_the_design(client: Client) -> None:
    script = ScriptedSession()
    async with cycle(client, script) as session:
        await session.nudge(1)
        await session.end()
        for stage, kind in {
            "enrich": "EnrichSignalsWorkflow",
            "merge": "MergeSignalsWorkflow",
            "interrogate": "InterrogateAgentWorkflow",
        }.items():
            child = await client.get_workflow_handle(f"{session.handle.id}#{stage}").describe()
            assert child.workflow_type == kind
            assert child.parent_id == session.handle.id


async def test_it_waits_for_the_rest_of_the_silence(client: Client) -> None:
    script = ScriptedSession(silent_for=timedelta(0))
    async with cycle(client, script, debounce="3s") as session:
        await session.nudge(1)
        await until(lambda: script.calls == ["clock"])
        # Spans came meanwhile: when it wakes it is told so, and waits for the rest.
        script.silent_for = timedelta(seconds=1)
        await until(lambda: script.calls == ["clock", "clock"])
        script.silent_for = timedelta(seconds=3)
        await session.end()
    assert script.calls[2] == "clock"
    assert set(script.calls[3:6]) == STAGES


async def test_cap_ends_the_wait(client: Client) -> None:
    script = ScriptedSession(silent_for=timedelta(seconds=2))
    async with cycle(client, script, debounce="1h", session_cap="2s") as session:
        await session.nudge(1)
        await session.end()
    assert "commit@1:ok" in script.calls


async def test_session_that_moved_on_is_analysed_again_in_the_same_run(client: Client) -> None:
    def spans_arrive(script: ScriptedSession) -> None:
        script.version = 2

    script = ScriptedSession(on_commit=spans_arrive)
    async with cycle(client, script) as session:
        await session.nudge(1)
        await session.end()
    commits = [call for call in script.calls if call.startswith("commit")]
    assert commits == ["commit@1:ok", "commit@2:ok"]
    assert {"enrich@2", "merge@2", "interrogate@2"} <= set(script.calls)


async def test_nudge_right_after_the_compare_and_set_is_not_lost(client: Client) -> None:
    """The commit has won, spans come, their nudge reaches the run before it ends."""
    script = ScriptedSession()
    async with cycle(client, script) as session:

        async def commit_then_nudge() -> None:
            script.analysed_version = 1
            await session.nudge(2)

        script.on_commit = lambda _: commit_then_nudge()
        await session.nudge(1)
        await until(lambda: script.calls.count("clock") >= 2)
        await session.end()


async def test_nudge_after_the_end_starts_a_new_run(client: Client) -> None:
    script = ScriptedSession()
    async with cycle(client, script) as session:
        await session.nudge(1)
        await session.end()
        script.version = 2
        await session.nudge(2)
        await session.end()
    assert "commit@2:ok" in script.calls


@pytest.mark.parametrize("stage", ["enrich", "merge", "interrogate", "verdict"])
async def test_defect_in_a_stage_fails_the_session_with_its_code(
    client: Client, stage: str
) -> None:
    script = ScriptedSession(failing_stage=stage)
    async with cycle(client, script) as session:
        await session.nudge(1)
        await session.end()
    assert "commit@1:internal_KeyError" in script.calls


async def test_emptied_session_is_committed_without_stages(client: Client) -> None:
    script = ScriptedSession(n_spans=0)
    async with cycle(client, script) as session:
        await session.nudge(1)
        await session.end()
    assert script.calls[:2] == ["clock", "commit@1:ok"]


async def test_clean_session_ends_at_once(client: Client) -> None:
    script = ScriptedSession(analysed_version=1)
    async with cycle(client, script) as session:
        await session.nudge(1)
        await session.end()
    assert set(script.calls) == {"clock"}


async def test_many_signals_continue_as_new(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.temporal.timing.MAX_SIGNALS", 3)
    script = ScriptedSession(silent_for=timedelta(0))
    async with cycle(client, script, debounce="2s") as session:
        await session.nudge(1)
        first = (await session.handle.describe()).run_id
        for version in (2, 3, 4):
            await session.nudge(version)

        async def has_continued() -> bool:
            return (await session.handle.describe()).run_id != first

        await until(has_continued)
        script.silent_for = timedelta(seconds=2)
        await session.end()
        described = await session.handle.describe()
    assert "commit@1:ok" in script.calls
    assert SessionWorkflow.__name__ == described.workflow_type


async def test_session_costs_few_events(client: Client) -> None:
    """A number to notice by when it rises: parent and children, one ordinary cycle."""
    script = ScriptedSession()
    async with cycle(client, script) as session:
        await session.nudge(1)
        await session.end()
        n_events = 0
        for suffix in ("", "#enrich", "#merge", "#interrogate"):
            history = await client.get_workflow_handle(session.handle.id + suffix).fetch_history()
            n_events += len(history.events)
    print(n_events)
    assert n_events <= 50
