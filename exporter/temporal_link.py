"""The edge's line to Temporal: nudges out, and who is polling.

In: a client (lazy, so that the edge starts while Temporal is down; it reconnects by itself).
Out: `TemporalLink`. Next: `exporter.notify` sends through it, `exporter.health` asks it.
"""

from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from pipeline.config import Config
from pipeline.errors import TemporalUnavailable
from pipeline.model.nudge import AgentNudge, Nudge
from pipeline.temporal.nudges import nudge_agent, nudge_session

RPC_TIMEOUT = timedelta(seconds=5)


class TemporalLink:
    """What the edge may ask of Temporal."""

    def __init__(self, client: Client, config: Config) -> None:
        self._client = client
        self._config = config

    async def send(self, nudge: Nudge | AgentNudge) -> None:
        """Signal-with-start of the session's or agent's workflow."""
        if isinstance(nudge, Nudge):
            await nudge_session(self._client, self._config, nudge)
        else:
            await nudge_agent(self._client, self._config, nudge)

    async def worker_alive(self, silence: timedelta) -> bool:
        """Whether somebody polled for workflows and for activities within `silence`.

        Asked of Temporal, because the worker may be on another machine.
        """
        kinds = (
            TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
        polled = [await self._last_poll(kind) for kind in kinds]
        since = datetime.now(UTC) - silence
        return all(moment is not None and moment >= since for moment in polled)

    async def _last_poll(self, kind: TaskQueueType.ValueType) -> datetime | None:
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=self._config.temporal_task_queue),
            task_queue_type=kind,
        )
        try:
            described = await self._client.workflow_service.describe_task_queue(
                request, timeout=RPC_TIMEOUT
            )
        except (RPCError, RuntimeError) as error:
            raise TemporalUnavailable(f"no answer from {self._config.temporal_target}") from error
        moments = [poller.last_access_time.ToDatetime(UTC) for poller in described.pollers]
        return max(moments, default=None)
