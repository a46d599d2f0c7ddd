"""Interrogations by a model in one process over a real store, without Temporal.

In: an `Interrogation`, a scripted model. Out: `Proposed`. Next: injections are held against it, and
`tau` counts what is sent.
"""

import asyncio
from typing import Any, cast

from pydantic_ai.models.function import FunctionModel

from pipeline.config import Config
from pipeline.interrogation.questioning.activities import QuestioningActivities
from pipeline.interrogation.questioning.contracts import Answer, Checked, CheckInput, Reading, Text
from pipeline.interrogation.questioning.conversation import interrogate
from pipeline.interrogation.questioning.desk import SessionDesk, open_session_desk
from pipeline.llm.account import Account
from pipeline.llm.door import Door, open_door
from pipeline.llm.settings import ModelSettings
from pipeline.model.answers import Interrogation, Proposed
from pipeline.store import Store
from tests.llm.diagnosing import LIMITS
from tests.llm.playing import Part


def ask(store: Store, work: Interrogation, part: Part) -> Proposed:
    """One interrogation, as its workflow walks it."""
    desk = SessionDesk(store, limits=LIMITS)
    open_session_desk(desk)
    open_door(Door(ModelSettings(model="scripted:a:b"), store, FunctionModel(part)))
    own = QuestioningActivities(store, desk, cast(Any, None), Config())

    async def told(asked: Interrogation) -> Text | None:
        return own.brief_interrogator(asked)

    async def check(asked: Interrogation, answer: Answer) -> Checked:
        return own.check_answer(CheckInput(work=asked, answer=answer))

    account = Account(project=work.project, purpose=f"ask/{work.digest}/{work.agent}")
    return asyncio.run(interrogate(Reading(work=work, account=account), told, check))
