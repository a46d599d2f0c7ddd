"""Lines of OTLP/JSON -> gRPC Export, a few requests at once, each tried until it is stored.

In: files. Out: spans at the receiver, problems in the report, and the homes of the spans for the
signals that follow. Next: `import_signals`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from exporter.baggage import BAGGAGE_HEADER, PROJECT_HEADER, PROJECT_KEY
from exporter.cli.homes import Homes
from exporter.cli.read_lines import Line
from exporter.cli.report import Report
from exporter.cli.retry import is_transient, retried
from exporter.otlp_json import read_request
from exporter.otlp_split import split_request
from pipeline.errors import BadRequest

T = TypeVar("T")

N_AT_ONCE = 8
ATTEMPT_SECONDS = 60


class ReceiverGone(Exception):
    """The receiver did not take a request within the timeout."""


@dataclass
class SpanImport:
    """Sends files of spans; `project` is the fallback of spans without one of their own."""

    channel: grpc.aio.Channel
    report: Report
    timeout: timedelta
    project: str | None = None
    homes: Homes | None = None
    _stub: Any = field(init=False)

    def __post_init__(self) -> None:
        self._stub = TraceServiceStub(self.channel)

    async def run(self, paths: list[Path]) -> None:
        """Send every line of every file."""
        await for_each(self.report.lines(paths), self._send_line)

    async def _send_line(self, line: Line) -> None:
        try:
            request, rejected = read_request(line.text)
        except BadRequest as error:
            self.report.problem(line.place, str(error))
            return
        for reason in rejected:
            self.report.problem(line.place, reason)
        if self.homes is not None:
            self.homes.note(request)
        for part in split_request(request):
            await self._send(line, part)

    async def _send(self, line: Line, request: ExportTraceServiceRequest) -> None:
        metadata = project_metadata(self.project)

        async def export() -> ExportTraceServiceResponse:
            return await self._stub.Export(request, metadata=metadata, timeout=ATTEMPT_SECONDS)

        try:
            answer = await retried(export, self.timeout)
        except grpc.aio.AioRpcError as error:
            if is_transient(error):
                raise ReceiverGone(f"{error.code().name}: {error.details()}") from None
            self.report.problem(line.place, f"refused: {error.code().name}: {error.details()}")
            return
        self._note(line, request, answer)

    def _note(
        self, line: Line, request: ExportTraceServiceRequest, answer: ExportTraceServiceResponse
    ) -> None:
        rejected = answer.partial_success.rejected_spans
        self.report.n_requests += 1
        self.report.n_spans += count_spans(request) - rejected
        self.report.n_spans_refused += rejected
        if rejected:
            self.report.problem(line.place, answer.partial_success.error_message)
        self.report.advance()


def project_metadata(project: str | None) -> tuple[tuple[str, str], ...]:
    """How a call names its project; metadata is ASCII, so other names travel quoted in baggage."""
    if not project:
        return ()
    if project.isascii() and project.isprintable():
        return ((PROJECT_HEADER, project),)
    return ((BAGGAGE_HEADER, f"{PROJECT_KEY}={quote(project)}"),)


def count_spans(request: ExportTraceServiceRequest) -> int:
    """Spans in all scopes of all resources."""
    return sum(len(s.spans) for r in request.resource_spans for s in r.scope_spans)


async def for_each(
    items: Iterator[T], work: Callable[[T], Awaitable[None]], n_at_once: int = N_AT_ONCE
) -> None:
    """Work on a few items at once; the next is read when a place is free."""
    places = asyncio.Semaphore(n_at_once)

    async def placed(item: T) -> None:
        try:
            await work(item)
        finally:
            places.release()

    async with asyncio.TaskGroup() as group:
        while True:
            await places.acquire()
            item = await asyncio.to_thread(next, items, None)
            if item is None:
                break
            group.create_task(placed(item))
