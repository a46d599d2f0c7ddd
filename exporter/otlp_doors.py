"""What happens to an OTLP request of any signal behind any door.

In: a body in protobuf or JSON, its caller, the room that it holds. Out: `OtlpDoors.take`, the response
message. Next: `exporter.otlp_grpc` and `exporter.http_otlp` put it on the wire.

Spans go to the receiver. Log records that carry agent content become spans first; other logs and all
metrics are let go and counted, so that an SDK that sends everything here never meets an error.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError, Message

from exporter.admission import Hold
from exporter.grants import Caller
from exporter.json_limits import check_json
from exporter.logs import read_logs
from exporter.metrics import Metrics
from exporter.otlp_fields import LOGS as LOG_FIELDS
from exporter.otlp_fields import n_fields
from exporter.otlp_json import read_request
from exporter.otlp_json_others import read_logs_request, read_metrics_request
from exporter.otlp_kinds import LOGS, METRICS, TRACES, OtlpKind
from exporter.otlp_layout import lay_out
from exporter.receiver import TraceReceiver
from exporter.settings import EdgeSettings
from pipeline.errors import BadRequest, LimitExceeded

IN_THREAD_BYTES = 256 * 1024
"""Bodies above this are read in a thread; the loop serves others meanwhile."""

MAX_LOG_FIELDS = 500_000
"""Of one request; 512 records of 20 attributes have 50,000."""
MAX_METRICS = 100_000
"""Of one request; more are not counted."""


class Spans(NamedTuple):
    """What a request holds for the receiver, and what became of the rest of it."""

    body: bytes
    rejected: Counter[str] = Counter()
    n_discarded: int = 0


class OtlpDoors:
    """Behind every OTLP door."""

    def __init__(self, receiver: TraceReceiver, metrics: Metrics, settings: EdgeSettings) -> None:
        self._receiver = receiver
        self._settings = settings
        # One large body at a time: several are no faster, they only take the room of several.
        self._reading = asyncio.Lock()
        self._metrics = metrics

    async def take(
        self, kind: OtlpKind, body: bytes, *, is_json: bool, caller: Caller, hold: Hold
    ) -> Message:
        """The response once everything acceptable is durable; releases the hold in any case."""
        with self._metrics.request(kind.name, len(body)):
            return await self._take(kind, body, is_json, caller, hold)

    async def _take(
        self, kind: OtlpKind, body: bytes, is_json: bool, caller: Caller, hold: Hold
    ) -> Message:
        try:
            caller.grant.need_secret(kind.name)
            caller.grant.need_project(caller.project)
            spans = await self._spans(kind, body, is_json)
        except BaseException:
            hold.release()
            raise
        rejected = spans.rejected
        if kind is not TRACES and not spans.body:
            hold.release()
        else:
            rejected = (await self._receiver.receive(spans.body, caller, hold)).rejected + rejected
        # Only now: what is refused comes again, and would be counted again.
        self._metrics.add(f"{kind.name}_discarded", spans.n_discarded)
        self._metrics.add("spans_rejected", spans.rejected.total())
        return kind.answer(rejected)

    async def _spans(self, kind: OtlpKind, body: bytes, is_json: bool) -> Spans:
        if kind is TRACES and not is_json:
            return Spans(body)
        if is_json:
            check_json(body, self._settings.max_json_bytes)
        read = READERS[kind.name, is_json]
        if len(body) <= IN_THREAD_BYTES:
            return read(body)
        async with self._reading:
            return await asyncio.to_thread(read, body)


def _json_traces(body: bytes) -> Spans:
    request, rejected = read_request(body, may_be_empty=True)
    return Spans(request.SerializeToString(), unreadable(rejected))


def _json_logs(body: bytes) -> Spans:
    request, rejected = read_logs_request(body)
    return _spans_of_logs(request)._replace(rejected=unreadable(rejected))


def _logs(body: bytes) -> Spans:
    # Parsed, a body of nothing but empty fields takes fifty times its size.
    if len(body) > IN_THREAD_BYTES and n_fields(body, LOG_FIELDS, MAX_LOG_FIELDS) > MAX_LOG_FIELDS:
        raise LimitExceeded(
            f"the log records have more than {MAX_LOG_FIELDS} fields: send smaller batches"
        )
    return _spans_of_logs(_parse(LOGS, body))


def _spans_of_logs(request: Any) -> Spans:
    read = read_logs(request)
    return Spans(read.request.SerializeToString(), n_discarded=read.n_discarded)


def _json_metrics(body: bytes) -> Spans:
    return Spans(b"", n_discarded=read_metrics_request(body))


def _metrics(body: bytes) -> Spans:
    """Let go unread: they have the outline of spans."""
    try:
        return Spans(b"", n_discarded=lay_out(body, MAX_METRICS).n_spans())
    except DecodeError:
        raise _malformed(METRICS) from None


def _parse(kind: OtlpKind, body: bytes) -> Any:
    try:
        return kind.request.FromString(body)
    except DecodeError:
        raise _malformed(kind) from None


def _malformed(kind: OtlpKind) -> BadRequest:
    return BadRequest(f"the body is not an OTLP {kind.request.DESCRIPTOR.name}")


def unreadable(reasons: tuple[str, ...]) -> Counter[str]:
    """Spans of a JSON request that are none; the first is told with its place."""
    if not reasons:
        return Counter()
    return Counter({f"JSON that is no span (first: {reasons[0]})": len(reasons)})


READERS: dict[tuple[str, bool], Callable[[bytes], Spans]] = {
    (TRACES.name, True): _json_traces,
    (LOGS.name, False): _logs,
    (LOGS.name, True): _json_logs,
    (METRICS.name, False): _metrics,
    (METRICS.name, True): _json_metrics,
}
