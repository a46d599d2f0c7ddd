"""A model of 135 million parameters over the statistics: what it says may be poor, the path must hold."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.client import Client

from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.explanation.agents import judge
from pipeline.investigation.explanation.contracts import Reading
from pipeline.llm.account import Account
from pipeline.llm.door import Door, close_door, open_door
from pipeline.llm.reading import fenced
from pipeline.llm.settings import ModelSettings
from pipeline.model.finding import FindingState
from pipeline.temporal.ids import model_workflow_id
from pipeline.worker.compose import build_worker
from tests.store.storekit import Clock, new_store
from tests.workflows.test_explain import feed
from tests.workflows.test_walk import walk

pytestmark = [pytest.mark.local_model, pytest.mark.timeout(600)]

NAME = "openai:small"
MAX_OUTPUT_TOKENS = 700


async def test_the_whole_path_holds(client: Client, tmp_path: Path, model_url: str) -> None:
    settings = {"model": NAME, "model_url": model_url, "model_daily_usd": Decimal(0)}
    bounds: dict[str, object] = {
        "model_max_output_tokens": MAX_OUTPUT_TOKENS,
        "model_timeout": "240s",
    }
    # One cluster is as large as that; a small machine has no time for more.
    bounds["min_sessions"] = 20
    async with walk(client, tmp_path, aggregation_quiet="10s", **settings, **bounds) as one:
        # Before there is a worker, so that all of it is clustered at once and each cause explained once.
        await feed(one)
        async with build_worker(one.store, client, one.config):
            await one.settle(500)
        await close_door()
        (finding,) = [f for f in one.store.list_findings(one.project)[0] if f.blamed_agent]
        kinds = ("ExplainIssueWorkflow", "TryPatchWorkflow")
        ids = [
            model_workflow_id(k, one.project, finding.cluster_id, finding.revision) for k in kinds
        ]
        costs = [one.store.model_cost(one.project, purpose) for purpose in ids]
        states = [(await client.get_workflow_handle(i).describe()).status for i in ids]
    print(finding.model_dump_json(indent=1, include={"title", "engine", "explanation"}))
    assert finding.state is FindingState.OPEN
    assert finding.blamed_agent == "summarizer"
    assert finding.failing.k > finding.healthy.k
    assert all(state is not None and state.name == "COMPLETED" for state in states)
    told = finding.explanation
    assert told is not None
    assert told.model == NAME
    assert told.reason or told.n_verified == len(told.mechanism) > 0
    assert all(step.evidence.verified for step in told.mechanism)
    assert told.trial or told.trial_reason
    assert all(micros == 0 < tokens for micros, tokens in costs), "a local model has no price"
    assert told.cost_tokens == sum(tokens for _, tokens in costs)
    assert told.cost_usd == 0


CLAIMS = f"""Claim 1: {fenced("The agent lost the price.", "claim")}
{fenced("The lamp cost 300 dollars.", "F1 step 2, what it gave")}

Claim 2, by all quotes together: {fenced("It loses prices.", "claim")}"""


@pytest.fixture
async def door(tmp_path: Path, model_url: str) -> AsyncIterator[None]:
    settings = ModelSettings(model=NAME, url=model_url, max_output_tokens=200)
    with new_store(tmp_path, Clock()) as store:
        open_door(Door(settings, store))
        yield
        await close_door()


@pytest.mark.usefixtures("door")
async def test_the_blind_judge_rules_in_its_schema(client: Client) -> None:
    work = InvestigateInput(project="p", cluster_id="c", revision=1)
    reading = Reading(work=work, account=Account(project="p", purpose="explain/p/c/1"))
    ruled = await judge.run(CLAIMS, deps=reading)
    assert len(ruled.output.rulings) <= 7
    assert ruled.usage.output_tokens > 0
