"""OTLP over gRPC: the three services on raw bytes.

In: the bytes of an Export call and its metadata. Out: `OtlpGrpc`, the serialised response, or an end of
the call as the table of `exporter.admission` says. Next: `exporter.otlp_doors`.

The handlers take raw bytes: the generated ones answer UNKNOWN to a body that they cannot parse, which
clients take for a reason to drop the data.
"""

import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from exporter.admission import Admission, answer_of, message_of, retry_after
from exporter.gate import Gate
from exporter.metrics import Metrics
from exporter.otlp_doors import OtlpDoors
from exporter.otlp_kinds import KINDS, OtlpKind
from pipeline.errors import SidecarError

log = logging.getLogger(__name__)

STATUS_DETAILS = "grpc-status-details-bin"

Context = grpc.aio.ServicerContext[bytes, bytes]


class OtlpGrpc:
    """Thin shells around `OtlpDoors.take`."""

    def __init__(
        self, doors: OtlpDoors, admission: Admission, gate: Gate, metrics: Metrics
    ) -> None:
        self._doors = doors
        self._admission = admission
        self._gate = gate
        self._metrics = metrics

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """One generic handler a signal, to register with a `grpc.aio` server."""
        return tuple(
            grpc.method_handlers_generic_handler(
                kind.service,
                {"Export": grpc.unary_unary_rpc_method_handler(self._export(kind))},
            )
            for kind in KINDS
        )

    def _export(self, kind: OtlpKind) -> Callable[[bytes, Context], Awaitable[bytes]]:
        async def export(body: bytes, context: Context) -> bytes:
            try:
                return await self._take(kind, body, context)
            except Exception as error:
                self._metrics.refuse(error)
                refusal = refusal_of(error)
            # What gRPC raises here stays with the call for long, and its frames with it.
            del body
            await context.abort(*refusal)
            raise AssertionError("abort always raises")

        return export

    async def _take(self, kind: OtlpKind, body: bytes, context: Context) -> bytes:
        metadata = context.invocation_metadata() or ()
        caller = await self._gate.caller((str(k), v) for k, v in metadata)
        hold = self._admission.admit(len(body))
        response = await self._doors.take(kind, body, is_json=False, caller=caller, hold=hold)
        return response.SerializeToString()


class Refusal(NamedTuple):
    """How a call ends: what `abort` takes."""

    code: grpc.StatusCode
    message: str
    trailing: tuple[tuple[str, bytes], ...]


def refusal_of(error: Exception) -> Refusal:
    """The answer that the table has for the error."""
    if not isinstance(error, SidecarError):
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected %s\n%s", type(error).__name__, where)
    code, message = answer_of(error).grpc_code, message_of(error)
    return Refusal(code, message, status_details(code, message, error))


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
