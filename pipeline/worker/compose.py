"""Which workflows and activities a worker runs, and what they are given.

In: store, client, config. Out: a `Worker`. Next: `pipeline.worker.run` runs it until told to stop.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio.client import Client
from temporalio.worker import Worker

from pipeline.aggregation.activities import AggregationActivities
from pipeline.aggregation.settings import AggregationSettings
from pipeline.aggregation.vectors import CachedEmbedder, TextEmbedder
from pipeline.aggregation.workflow import AgentAggregationWorkflow
from pipeline.clustering.embedding import Embedder
from pipeline.config import Config
from pipeline.interrogation.activities import InterrogationActivities
from pipeline.interrogation.statistical import StatisticalInterrogator
from pipeline.interrogation.workflow import InterrogateAgentWorkflow
from pipeline.investigation.activities import InvestigationActivities
from pipeline.investigation.settings import ContrastSettings
from pipeline.investigation.statistical import StatisticalInvestigator
from pipeline.investigation.workflow import InvestigateIssueWorkflow
from pipeline.llm.settings import ModelSettings
from pipeline.session.activities import SessionActivities
from pipeline.session.workflow import SessionWorkflow
from pipeline.signals.activities import SignalsActivities
from pipeline.signals.snapshot import SnapshotReader
from pipeline.signals.workflows import EnrichSignalsWorkflow, MergeSignalsWorkflow
from pipeline.store import Store
from pipeline.temporal.failures import FailureTable
from pipeline.temporal.timing import HEARTBEAT_INTERVAL
from pipeline.worker.monitoring import monitoring

if TYPE_CHECKING:
    from pipeline.worker.explaining import Explaining

WORKFLOWS: Sequence[type] = (
    SessionWorkflow,
    EnrichSignalsWorkflow,
    MergeSignalsWorkflow,
    InterrogateAgentWorkflow,
    AgentAggregationWorkflow,
    InvestigateIssueWorkflow,
)

GRACE = timedelta(seconds=5)
"""What a stop gives running activities; whatever it cuts off is found in the store and repeated."""

MAX_CACHED_WORKFLOWS = 500
"""Sessions mostly sleep; one that was evicted replays some thirty events when it wakes."""


def build_worker(
    store: Store, client: Client, config: Config, *, embedder: TextEmbedder | None = None
) -> Worker:
    """One worker for all stages. The sandbox stays on; workflow files pass our modules through."""
    n_threads = config.worker_threads
    model = _model_parts(store, client, config)
    return Worker(
        model.client if model else client,
        task_queue=config.temporal_task_queue,
        workflows=[*WORKFLOWS, *(model.workflows if model else ())],
        activities=[
            *activities(store, client, config, embedder or Embedder()),
            *(model.activities if model else ()),
        ],
        activity_executor=ThreadPoolExecutor(2 * n_threads, thread_name_prefix="activity"),
        # Long activities must not take the threads that sessions wait for, and the other way round.
        max_concurrent_activities=n_threads,
        max_concurrent_local_activities=n_threads,
        # An eager activity skips the task queue, and with it priority and fairness (Temporal #9438).
        disable_eager_activity_execution=True,
        # Left alone, the SDK passes heartbeats on so rarely that one delay looks like a dead worker.
        max_heartbeat_throttle_interval=HEARTBEAT_INTERVAL,
        max_cached_workflows=MAX_CACHED_WORKFLOWS,
        interceptors=[FailureTable()],
        plugins=[*monitoring(config, WORKFLOWS), *(model.plugins if model else ())],
        graceful_shutdown_timeout=min(GRACE, config.drain / 2),
    )


def _model_parts(store: Store, client: Client, config: Config) -> "Explaining | None":
    settings = ModelSettings.of(config)
    if settings is None:
        return None
    from pipeline.worker.explaining import explaining

    return explaining(store, client, config, settings)


def activities(
    store: Store, client: Client, config: Config, embedder: TextEmbedder
) -> list[Callable[..., Any]]:
    """Every activity method, bound to what it needs."""
    limits = config.read_limits
    session = SessionActivities(store, client, config)
    reader = SnapshotReader(store, max_spans=limits.max_spans, max_bytes=limits.max_bytes)
    signals = SignalsActivities(store, reader)
    interrogation = InterrogationActivities(store, reader, StatisticalInterrogator())
    aggregation = AggregationActivities(
        store,
        CachedEmbedder(store, embedder),
        aggregation_settings(config),
        max_sessions=config.max_sessions_an_agent,
        max_agents=config.max_agents_a_project,
        asked_a_day=config.model_sessions_a_day if config.model else 0,
    )
    investigation = InvestigationActivities(
        store,
        StatisticalInvestigator(),
        ContrastSettings(min_healthy=config.min_healthy),
        max_sessions=config.max_sessions_an_agent,
        limits=limits,
        model=config.model,
    )
    return [
        *(session.session_clock, session.commit_session, session.notify_aggregations),
        *(signals.enrich_session, signals.merge_session),
        interrogation.interrogate_session,
        *(aggregation.agent_clock, aggregation.aggregate_agent, aggregation.finish_aggregation),
        *(investigation.contrast, investigation.diagnose, investigation.verify_evidence),
        *(investigation.write_patch, investigation.commit_finding),
    ]


def aggregation_settings(config: Config) -> AggregationSettings:
    """What a user set of the gate."""
    return AggregationSettings(
        min_sessions=config.min_sessions,
        min_blocks=config.min_blocks,
        min_healthy=config.min_healthy,
    )
