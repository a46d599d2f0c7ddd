"""What a worker needs besides, when a language model is configured.

In: store, client, config. Out: the workflows that speak to it, their activities, plugin and client. Next:
`compose` adds them; without a model none of this is imported.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic_ai.durable_exec.temporal import PydanticAIPayloadConverter, PydanticAIPlugin
from temporalio.client import Client
from temporalio.worker import Plugin

from pipeline.config import Config
from pipeline.interrogation.questioning.activities import QuestioningActivities
from pipeline.interrogation.questioning.desk import SessionDesk, open_session_desk
from pipeline.interrogation.questioning.workflow import InterrogateWithModelWorkflow
from pipeline.investigation.explanation.activities import ExplanationActivities
from pipeline.investigation.explanation.desk import Desk, open_desk
from pipeline.investigation.explanation.workflow import ExplainIssueWorkflow
from pipeline.investigation.trial.activities import TrialActivities
from pipeline.investigation.trial.workflow import TryPatchWorkflow
from pipeline.llm.claims import external_storage
from pipeline.llm.door import Door, open_door
from pipeline.llm.settings import ModelSettings
from pipeline.model.detection import Detection
from pipeline.model.span import Span
from pipeline.model.step import Step
from pipeline.signals.enrich import enrich
from pipeline.store import Store
from pipeline.temporal.converter import refuse_encrypted


class ModelPayloadConverter(PydanticAIPayloadConverter):
    """pydantic-ai's, which says what is missing where it meets an encrypted payload."""

    def __init__(self) -> None:
        super().__init__()
        refuse_encrypted(self)


class Explaining(NamedTuple):
    """Parts of a worker."""

    client: Client
    workflows: tuple[type, ...]
    activities: tuple[Callable[..., Any], ...]
    plugins: tuple[Plugin, ...]


def explaining(store: Store, client: Client, config: Config, settings: ModelSettings) -> Explaining:
    """Open the door and the desks of this process, and say what the worker has to run."""
    limits = config.read_limits
    open_door(Door(settings, store))
    desk = Desk(store, limits=limits, max_sessions=config.max_sessions_an_agent)
    session_desk = SessionDesk(store, limits=limits)
    open_desk(desk)
    open_session_desk(session_desk)
    questions = QuestioningActivities(store, session_desk, client, config)
    own = ExplanationActivities(store, desk)
    trial = TrialActivities(store, _detections, limits=limits)
    return Explaining(
        client=_claiming(client, store),
        workflows=(InterrogateWithModelWorkflow, ExplainIssueWorkflow, TryPatchWorkflow),
        activities=(
            *(questions.brief_interrogator, questions.check_answer, questions.keep_proposals),
            *(own.brief_explainer, own.check_explanation, own.keep_explanation),
            *(trial.trial_requests, trial.judge_trial),
        ),
        plugins=(PydanticAIPlugin(),),
    )


def _detections(steps: Sequence[Step], spans: Sequence[Span]) -> Sequence[Detection]:
    return enrich(steps, spans).detections


def _claiming(client: Client, store: Store) -> Client:
    """The client with a converter that knows pydantic-ai's messages and keeps payloads in the store."""
    config = client.config()
    config["data_converter"] = replace(
        config["data_converter"],
        payload_converter_class=ModelPayloadConverter,
        external_storage=external_storage(store),
    )
    return Client(**config)
