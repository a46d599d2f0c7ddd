"""The client half: every call that can carry headers carries the caller's session.

In: `session.current_session`. Out: `ClientOutbound`. Next: `workflow_side` and `activity_side` read
the headers where the work runs.
"""

from __future__ import annotations

import copy
import inspect
from dataclasses import replace
from typing import Any

from temporalio import client

from kelet_temporal.headers import with_session, with_session_text
from kelet_temporal.session import current_session


class ClientOutbound(client.OutboundInterceptor):
    """Adds the session to start, signal, query, update, schedule, activity and Nexus calls."""

    async def start_workflow(
        self, input: client.StartWorkflowInput
    ) -> client.WorkflowHandle[Any, Any]:
        return await super().start_workflow(_stamped(input))

    async def signal_workflow(self, input: client.SignalWorkflowInput) -> None:
        await super().signal_workflow(_stamped(input))

    async def query_workflow(self, input: client.QueryWorkflowInput) -> Any:
        return await super().query_workflow(_stamped(input))

    async def start_workflow_update(
        self, input: client.StartWorkflowUpdateInput
    ) -> client.WorkflowUpdateHandle[Any]:
        return await super().start_workflow_update(_stamped(input))

    async def start_update_with_start_workflow(
        self, input: client.StartWorkflowUpdateWithStartInput
    ) -> client.WorkflowUpdateHandle[Any]:
        stamped = replace(
            input,
            start_workflow_input=_stamped(input.start_workflow_input),
            update_workflow_input=_stamped(input.update_workflow_input),
        )
        return await super().start_update_with_start_workflow(stamped)

    async def create_schedule(self, input: client.CreateScheduleInput) -> client.ScheduleHandle:
        stamped = replace(input, schedule=_stamped_schedule(input.schedule))
        return await super().create_schedule(stamped)

    async def update_schedule(self, input: client.UpdateScheduleInput) -> None:
        async def updater(current: client.ScheduleUpdateInput) -> client.ScheduleUpdate | None:
            update = input.updater(current)
            if inspect.isawaitable(update):
                update = await update
            return update and replace(update, schedule=_stamped_schedule(update.schedule))

        await super().update_schedule(replace(input, updater=updater))

    async def start_activity(self, input: client.StartActivityInput) -> client.ActivityHandle[Any]:
        return await super().start_activity(_stamped(input))

    async def start_nexus_operation(
        self, input: client.StartNexusOperationInput
    ) -> client.NexusOperationHandle[Any]:
        headers = with_session_text(input.headers, current_session()) or {}
        return await super().start_nexus_operation(replace(input, headers=headers))


def _stamped(input: Any) -> Any:
    return replace(input, headers=with_session(input.headers, current_session()))


def _stamped_schedule(schedule: client.Schedule) -> client.Schedule:
    """A copy whose action carries the session; one read back from the server stays as it was.

    Whoever edits a schedule does not take its runs into his session, and Temporal sends the headers
    of such an action as they are: past the user's codec.
    """
    action = schedule.action
    if not isinstance(action, client.ScheduleActionStartWorkflow):
        return schedule
    if getattr(action, "_from_raw", False):
        return schedule
    headers = with_session(action.headers or {}, current_session())
    stamped = copy.copy(action)
    stamped.headers = headers or None
    return replace(schedule, action=stamped)
