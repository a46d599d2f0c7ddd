"""The workflow half: the session of a run, a pure function of its first event, in all its code.

In: the headers of the run and of each message to it. Out: `workflow_inbound`, the interceptor class
for one `auto_session` rule; its outbound twin hands the session on. Everything here runs again on
every replay and reads nothing but the history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn, cast

from opentelemetry import trace
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleSignalInput,
    HandleUpdateInput,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    StartNexusOperationInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)

from kelet_temporal.headers import read_session, with_session, with_session_text
from kelet_temporal.names import (
    RUN_ID_ATTRIBUTE,
    WORKFLOW_ID_ATTRIBUTE,
    WORKFLOW_TYPE_ATTRIBUTE,
)
from kelet_temporal.session import Run, Session, current_session, place_var, run_var, session_var
from kelet_temporal.stamper import stamp_span

Ruled = str | Session | None
Rule = Callable[[workflow.Info | activity.Info], Ruled]
AutoSession = bool | Rule | Callable[[workflow.Info], Ruled]


def workflow_inbound(auto_session: AutoSession) -> type[WorkflowInbound]:
    """The interceptor class with its rule bound, as Temporal wants a class."""

    class Bound(WorkflowInbound):
        rule = staticmethod(_rule(auto_session))

    return Bound


class WorkflowInbound(WorkflowInboundInterceptor):
    """Sets the session before the run and before each of its handlers."""

    rule: Callable[[workflow.Info], Ruled]

    def __init__(self, next: WorkflowInboundInterceptor) -> None:
        super().__init__(next)
        self._run = Run()
        self._own: tuple[Session | None] | None = None

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(WorkflowOutbound(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        self._enter(input.headers)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        self._enter(input.headers)
        await super().handle_signal(input)

    async def handle_query(self, input: HandleQueryInput) -> Any:
        self._enter(input.headers)
        return await super().handle_query(input)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        self._enter(input.headers)
        super().handle_update_validator(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        self._enter(input.headers)
        return await super().handle_update_handler(input)

    def _enter(self, headers: Mapping[str, Payload]) -> None:
        """A message's session, else the run's. Never reset: each of them has a task of its own."""
        info = workflow.info()
        sent = read_session(headers)
        session = sent if sent and sent.session_id else self._own_session(info)
        session_var.set(session)
        run_var.set(self._run)
        place_var.set(
            {
                WORKFLOW_ID_ATTRIBUTE: info.workflow_id,
                RUN_ID_ATTRIBUTE: info.run_id,
                WORKFLOW_TYPE_ATTRIBUTE: info.workflow_type,
            }
        )
        stamp_span(trace.get_current_span(), session)

    def _own_session(self, info: workflow.Info) -> Session | None:
        """From the headers the run was started with, also for a signal handled before the run."""
        if self._own is None:
            session = read_session(info.headers)
            if not (session and session.session_id):
                session = completed(session, self._derive(info))
            self._own = (session,)
        return self._own[0]

    def _derive(self, info: workflow.Info) -> Ruled:
        try:
            return type(self).rule(info)
        except Exception as error:
            workflow.logger.warning("auto_session failed: %s", type(error).__name__)
            return None


class WorkflowOutbound(WorkflowOutboundInterceptor):
    """Hands the session on to everything the workflow starts."""

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:
        return super().start_activity(_stamped(input))

    def start_local_activity(self, input: StartLocalActivityInput) -> workflow.ActivityHandle[Any]:
        return super().start_local_activity(_stamped(input))

    async def start_child_workflow(
        self, input: StartChildWorkflowInput
    ) -> workflow.ChildWorkflowHandle[Any, Any]:
        return await super().start_child_workflow(_stamped(input))

    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:
        await super().signal_child_workflow(_stamped(input))

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:
        await super().signal_external_workflow(_stamped(input))

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:
        super().continue_as_new(_stamped(input))

    async def start_nexus_operation(
        self, input: StartNexusOperationInput[Any, Any]
    ) -> workflow.NexusOperationHandle[Any]:
        headers = with_session_text(input.headers, current_session())
        return await super().start_nexus_operation(replace(input, headers=headers))

    async def start_signal_with_start_workflow(self, request: Any) -> Any:
        """Temporal has this call, of workflow code, since 1.35."""
        request.headers = with_session(request.headers or {}, current_session())
        return await super().start_signal_with_start_workflow(request)


def _stamped(input: Any) -> Any:
    return replace(input, headers=with_session(input.headers, current_session()))


def completed(sent: Session | None, ruled: Ruled) -> Session | None:
    """What was sent without a session id, with what the rule says of it."""
    own = Session(ruled) if isinstance(ruled, str) and ruled else ruled
    if not isinstance(own, Session) or sent is None:
        return own if isinstance(own, Session) else sent
    return Session(
        session_id=own.session_id,
        user_id=sent.user_id or own.user_id,
        project=sent.project or own.project,
        agent=sent.agent or own.agent,
        metadata={**own.metadata, **sent.metadata},
        depth=max(sent.depth, own.depth),
    )


def _rule(auto_session: AutoSession) -> Callable[[workflow.Info], Ruled]:
    if callable(auto_session):
        return cast(Rule, auto_session)
    return _chain if auto_session else _none


def _chain(info: workflow.Info) -> str | None:
    """One id for a chain of runs, whatever continues or retries it."""
    return info.first_execution_run_id


def _none(info: workflow.Info) -> str | None:
    return None
