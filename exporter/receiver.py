"""OTLP in: admit -> decode -> resolve -> commit -> ack -> nudge.

In: the raw bytes of `TraceService/Export` and the call's metadata. Out: `TraceReceiver`, the
serialised response. Next: `exporter.notify` tells Temporal of sessions that turned dirty.

The handler takes raw bytes: the generated one answers UNKNOWN to a body that it cannot parse, which
clients take for a reason to drop the data. The ack leaves only after the commit. A caller that hangs
up does not stop its batch: once begun it is committed and its nudges are sent.
"""

import asyncio
import logging
import traceback
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from exporter.admission import Admission, answer_of, message_of, retry_after
from exporter.baggage import request_project
from exporter.decode import Decoded, decode, describe_rejected
from exporter.doors import IngestStore
from exporter.notify import Notifier
from exporter.resolve import resolve
from exporter.settings import MIB, EdgeSettings
from exporter.tally import Tally
from pipeline.errors import SidecarError

log = logging.getLogger(__name__)

SERVICE = trace_service_pb2.DESCRIPTOR.services_by_name["TraceService"].full_name
STATUS_DETAILS = "grpc-status-details-bin"

Context = grpc.aio.ServicerContext[bytes, bytes]


class TraceReceiver:
    """The one way in for spans, whatever the transport."""

    def __init__(
        self,
        store: IngestStore,
        admission: Admission,
        notifier: Notifier,
        settings: EdgeSettings,
        tally: Tally,
    ) -> None:
        self._store = store
        self._admission = admission
        self._notifier = notifier
        self._settings = settings
        self._tally = tally
        self._begun: set[asyncio.Task[bytes]] = set()

    def handler(self) -> grpc.GenericRpcHandler:
        """`TraceService` on raw bytes, to register with a `grpc.aio` server."""
        export = grpc.unary_unary_rpc_method_handler(self.export)
        return grpc.method_handlers_generic_handler(SERVICE, {"Export": export})

    async def export(self, body: bytes, context: Context) -> bytes:
        """The gRPC shell around `receive`."""
        metadata = context.invocation_metadata() or ()
        project = request_project(
            ((str(key), value) for key, value in metadata), self._settings.default_project
        )
        try:
            return await self.receive(body, project)
        except Exception as error:
            self._tally.add("requests_refused")
            await abort(context, error)
            raise AssertionError("abort always raises") from None

    async def receive(self, body: bytes, project: str) -> bytes:
        """Returns the serialised response once everything acceptable is durable."""
        task = asyncio.create_task(self._receive(body, project))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait for what callers have begun and left, as long as a stop may last."""
        if self._begun:
            await asyncio.wait(self._begun, timeout=self._settings.drain.total_seconds())

    async def _receive(self, body: bytes, project: str) -> bytes:
        with self._admission.admit(len(body)):
            if len(body) > MIB:
                decoded = await asyncio.to_thread(decode, body, project=project)
            else:
                decoded = decode(body, project=project)
            if decoded.spans:
                future = self._store.submit_spans(decoded.spans, resolve)
                result = await asyncio.wrap_future(future)
                self._notifier.put(result.nudges)
                self._tally.add("spans_known", result.n_duplicate)
                self._tally.add("spans_with_two_contents", result.n_replaced)
                self._tally.add("traces_with_two_sessions", result.n_conflicts)
        self._tally.add("spans_accepted", len(decoded.spans))
        self._tally.add("spans_rejected", decoded.rejected.total())
        return response_of(decoded).SerializeToString()


def response_of(decoded: Decoded) -> trace_service_pb2.ExportTraceServiceResponse:
    """`partial_success` is set only if something was rejected."""
    response = trace_service_pb2.ExportTraceServiceResponse()
    if decoded.rejected:
        response.partial_success.rejected_spans = decoded.rejected.total()
        response.partial_success.error_message = describe_rejected(decoded.rejected)
    return response


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: Exception) -> None:
    """End a call with the answer that the table has for the error."""
    if not isinstance(error, SidecarError):
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected %s\n%s", type(error).__name__, where)
    code, message = answer_of(error).grpc_code, message_of(error)
    await context.abort(code, message, status_details(code, message, error))


def status_details(
    code: grpc.StatusCode, message: str, error: Exception
) -> tuple[tuple[str, bytes], ...]:
    """Trailing metadata with RetryInfo: without it OTLP clients do not retry RESOURCE_EXHAUSTED."""
    pause = retry_after(error)
    if pause is None:
        return ()
    duration = Duration()
    duration.FromTimedelta(pause)
    detail = AnyMessage()
    detail.Pack(RetryInfo(retry_delay=duration))
    number: int = code.value[0]
    status = Status(code=number, message=message, details=[detail])
    return ((STATUS_DETAILS, status.SerializeToString()),)
