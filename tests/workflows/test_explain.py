"""A language model over the statistics, with a real server and a real worker: what stands, what falls."""

import dataclasses
from pathlib import Path

import pytest
from pydantic_ai.durable_exec.temporal import PydanticAIPayloadConverter, PydanticAIPlugin
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models.function import AgentInfo
from temporalio import activity
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer

from pipeline.investigation.explanation.workflow import ExplainIssueWorkflow
from pipeline.investigation.trial.workflow import TryPatchWorkflow
from pipeline.llm.claims import external_storage
from pipeline.model.finding import Finding, FindingState
from pipeline.temporal.ids import model_workflow_id
from pipeline.temporal.priority import Turn
from tests.llm.playing import MEND
from tests.llm.scripts import truthful
from tests.workflows.payloads import payloads_of
from tests.workflows.test_walk import working
from tests.workflows.walk import Walk, conversation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

N_SESSIONS = 44
N_FREE_SLOTS = 16
"""More than the SDK's five pollers hold."""
MAX_PAYLOAD = 1_000
"""Bytes of a claim, however long the text that it stands for; Temporal's limit is 2 MB."""
LETTER = " The CANARY-4711 of the letter."


async def explained(
    client: Client, data_dir: Path, script: str, **settings: object
) -> tuple[Finding, str]:
    """The finding of sessions in which the summarizer loses figures, and the explaining history."""
    TURNS.clear()
    model = f"scripted:{script}"
    async with working(client, data_dir, model=model, **settings) as one:
        await feed(one)
        await one.settle(200)
        (finding,) = [f for f in one.store.list_findings(one.project)[0] if f.blamed_agent]
        ended = model_workflow_id(
            "ExplainIssueWorkflow", one.project, finding.cluster_id, finding.revision
        )
        history = await client.get_workflow_handle(ended).fetch_history()
        await replay(one, history)
        assert {project for _, project in TURNS} <= {one.project}
    assert max(payload.ByteSize() for payload in payloads_of(history)) < MAX_PAYLOAD
    told = [payload.data.decode(errors="replace") for payload in payloads_of(history)]
    return finding, "\n".join([history.to_json(), *told])


TURNS: set[tuple[int | None, str | None]] = set()
"""(priority key, fairness key) with which the server handed out the requests to the model."""


def noting(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Tells the truth, and under which priority its activity came from the server."""
    turn = activity.info().priority
    TURNS.add((turn.priority_key, turn.fairness_key))
    return truthful(messages, info)


async def replay(one: Walk, history: WorkflowHistory) -> None:
    """The same code over the same history takes the same way; payloads come from the store."""
    converter = dataclasses.replace(
        one.client.data_converter,
        payload_converter_class=PydanticAIPayloadConverter,
        external_storage=external_storage(one.store),
    )
    replayer = Replayer(
        workflows=[ExplainIssueWorkflow, TryPatchWorkflow],
        plugins=[PydanticAIPlugin()],
        data_converter=converter,
    )
    await replayer.replay_workflow(history)


async def feed(one: Walk) -> None:
    """What fails is what lost its figures, but for a few."""
    for index in range(N_SESSIONS):
        lossy = index % 2 == 0
        await one.send(conversation(index, lossy=lossy, text=LETTER))
    for index in range(N_SESSIONS):
        await one.judge(f"s{index:04d}", good=(index % 2 == 1) != (index in (7, 8)))


async def test_what_is_true_stands(client: Client, tmp_path: Path) -> None:
    # With free slots the server hands activities out past the queue, unless the worker declines.
    finding, history = await explained(
        client, tmp_path, f"{__name__}:noting", worker_threads=N_FREE_SLOTS
    )
    assert {key for key, _ in TURNS} == {Turn.EXPLAIN, Turn.TRY}
    assert finding.state is FindingState.OPEN
    assert finding.engine == "statistical+model"
    assert finding.explanation is not None
    (step,) = finding.explanation.mechanism
    assert step.evidence.verified
    assert (finding.explanation.n_verified, finding.explanation.n_claims) == (1, 1)
    assert finding.explanation.cost_tokens >= 1_000
    assert "drops-numbers" in finding.tags
    assert finding.prompt_patch is not None
    assert f"+{MEND}" in finding.prompt_patch.diff
    assert finding.explanation.rivals
    assert any(not rival.separates for rival in finding.explanation.rivals)
    trial = finding.explanation.trial
    assert trial is not None, finding.explanation.trial_reason
    assert trial.fixed.n == trial.fixed.k > 0
    assert trial.broken.k == 0 < trial.broken.n
    assert "CANARY-4711" not in history
    assert step.evidence.quote not in history


@pytest.mark.parametrize("lie", ["inventing", "linking"])
async def test_no_lie_gets_through(client: Client, tmp_path: Path, lie: str) -> None:
    finding, _history = await explained(client, tmp_path, f"tests.llm.scripts:{lie}")
    assert finding.state is FindingState.OPEN
    assert finding.engine == "statistical"
    assert finding.explanation is not None
    assert finding.explanation.mechanism == ()
    assert finding.explanation.n_verified == 0
    assert finding.explanation.n_claims == 1
    assert finding.explanation.reason
    assert "evil.example" not in finding.model_dump_json()
    assert "98765" not in finding.model_dump_json()
