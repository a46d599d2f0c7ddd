"""Thin shells of an interrogation by a model over the pure brief and check.

In: ids, and answers to check. Out: prompts; at last `Proposed` in the store. Next: the agent's
aggregation evaluates the rules.
"""

import asyncio

from temporalio import activity
from temporalio.client import Client

from pipeline.config import Config
from pipeline.interrogation.questioning.brief import brief
from pipeline.interrogation.questioning.check import check
from pipeline.interrogation.questioning.contracts import Checked, CheckInput, KeepInput, Text
from pipeline.interrogation.questioning.desk import SessionDesk
from pipeline.model.answers import Interrogation
from pipeline.model.signal import VerdictLabel
from pipeline.store import Store
from pipeline.temporal.nudges import nudge_agent


class QuestioningActivities:
    """Activities of InterrogateWithModelWorkflow."""

    def __init__(self, store: Store, desk: SessionDesk, client: Client, config: Config) -> None:
        self._store = store
        self._desk = desk
        self._client = client
        self._config = config

    @activity.defn(no_thread_cancel_exception=True)
    def brief_interrogator(self, work: Interrogation) -> Text | None:
        """The first prompt; None when the session has moved on or fails no more."""
        seen = self._desk.seen(work)
        if seen is None or seen.version != work.version:
            return None
        if seen.row.verdict.label is not VerdictLabel.FAILING:
            return None
        return Text(text=brief(work.agent, seen.row, seen.steps))

    @activity.defn(no_thread_cancel_exception=True)
    def check_answer(self, asked: CheckInput) -> Checked:
        """What stands of it."""
        seen = self._desk.seen(asked.work)
        if seen is None:
            return Checked(faults=("the session is gone",))
        return check(asked.answer, asked.work.agent, seen.row, seen.steps)

    @activity.defn
    async def keep_proposals(self, keep: KeepInput) -> None:
        """Keep what stands; the agent's aggregation hears of it. A kill in between signals twice."""
        nudges = await asyncio.to_thread(self._store.finish_interrogation, keep.work, keep.proposed)
        for nudge in nudges:
            await nudge_agent(self._client, self._config, nudge)
            await asyncio.to_thread(self._store.mark_agent_nudged, nudge.project, nudge.agent)
