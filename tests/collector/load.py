"""Seeded spans for the tests with faults, and senders that do not rest before they are acknowledged.

In: a seed and a count. Out: `Load` (requests and where each span belongs), `Senders` (the requests
through the Collector's two doors). Next: `tests.collector.faults` harms what stands behind.

Sessions are made to be hard on the store: several traces a session, the session id on the roots
only, a trace cut into several requests in any order, some traces without an id at all.
"""

import random
import threading
import urllib.request
from collections.abc import Callable, Iterator

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.collector.ledger import CONTENT, SpanKey, content

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PROJECT = "faults"
SESSIONS_A_WINDOW = 64
MAX_SPANS_A_REQUEST = 100
TRY_SECONDS = 20.0
RETRY_SECONDS = 0.25
START = 1_767_225_600_000_000_000
PERMANENT = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.PERMISSION_DENIED,
}

Request = tuple[bytes, list[SpanKey]]


class Load:
    """Spans of many sessions; `homes` fills up as the requests are drawn."""

    def __init__(self, n_spans: int, seed: int) -> None:
        self.n_spans = n_spans
        self.homes: dict[SpanKey, str] = {}
        self._luck = random.Random(seed)
        self._n_sessions = 0

    def requests(self) -> Iterator[Request]:
        """Windows of sessions, shuffled within, until there are `n_spans`."""
        n_drawn = 0
        while n_drawn < self.n_spans:
            spans = [span for _ in range(SESSIONS_A_WINDOW) for span in self._session()]
            spans = spans[: self.n_spans - n_drawn]
            n_drawn += len(spans)
            self.homes |= {_key(span): home for span, home in spans}
            self._luck.shuffle(spans)
            while spans:
                size = self._luck.randint(1, MAX_SPANS_A_REQUEST)
                batch, spans = [span for span, _ in spans[:size]], spans[size:]
                yield self._request(batch), [_key(span) for span in batch]

    def _session(self) -> Iterator[tuple[Span, str]]:
        """One to three traces; the root comes first, so that a cut load keeps what it hangs on."""
        name = f"session-{self._n_sessions:07d}"
        self._n_sessions += 1
        anonymous = self._luck.random() < 0.1
        for _ in range(1 if anonymous else self._luck.randint(1, 3)):
            trace_id = self._luck.randbytes(16)
            home = f"trace:{trace_id.hex()}" if anonymous else name
            ids: list[bytes] = []
            for _ in range(self._luck.randint(1, 24)):
                span = self._span(trace_id, self._luck.choice(ids) if ids else b"")
                if not ids and not anonymous:
                    span.attributes.append(_attribute("gen_ai.conversation.id", name))
                ids.append(span.span_id)
                yield span, home

    def _span(self, trace_id: bytes, parent: bytes) -> Span:
        begun = START + self._luck.randrange(10**9)
        span_id = self._luck.randbytes(8)
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=parent,
            name="chat",
            start_time_unix_nano=begun,
            end_time_unix_nano=begun + 10**6,
            attributes=[
                _attribute("gen_ai.agent.name", "planner"),
                _attribute("gen_ai.operation.name", "chat"),
                _attribute(CONTENT, content(span_id.hex())),
            ],
        )

    def _request(self, spans: list[Span]) -> bytes:
        request = ExportTraceServiceRequest()
        resource_spans = request.resource_spans.add()
        resource_spans.resource.attributes.append(_attribute("kelet.project", PROJECT))
        resource_spans.scope_spans.add().spans.extend(spans)
        return request.SerializeToString()


def _key(span: Span) -> SpanKey:
    return span.trace_id.hex(), span.span_id.hex()


def _attribute(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


class Refused(Exception):
    """A collector refused good spans for good."""


class Senders:
    """Threads that send each request until it is acknowledged, never faster than they are allowed."""

    def __init__(self, load: Load, grpc_port: int, http_port: int, n_threads: int = 4) -> None:
        self.n_spans = load.n_spans
        self.acked: set[SpanKey] = set()
        self.n_tries = 0
        self.problem: Exception | None = None
        self._requests = load.requests()
        self._allowance = 0
        self._drawn = 0
        self._turn = threading.Condition()
        self._stopped = threading.Event()
        doors = [_grpc_door(grpc_port), _http_door(http_port)]
        self._threads = [
            threading.Thread(target=self._work, args=(doors[0 if i else 1],), daemon=True)
            for i in range(n_threads)
        ]

    def start(self) -> None:
        """Send up to the allowance, which begins at nothing."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Give up what is not acknowledged."""
        self._stopped.set()
        with self._turn:
            self._turn.notify_all()
        for thread in self._threads:
            thread.join(2 * TRY_SECONDS)

    def allow(self, n_spans: int) -> None:
        """So many spans may have been sent in all."""
        with self._turn:
            self._allowance = max(self._allowance, n_spans)
            self._turn.notify_all()

    @property
    def done(self) -> bool:
        """Everything was acknowledged."""
        return len(self.acked) >= self.n_spans

    def _draw(self) -> Request | None:
        with self._turn:
            while self._drawn >= self._allowance and not self._stopped.is_set():
                self._turn.wait(1)
            request = None if self._stopped.is_set() else next(self._requests, None)
            if request is not None:
                self._drawn += len(request[1])
            return request

    def _work(self, send: Callable[[bytes], bool]) -> None:
        while (request := self._draw()) is not None:
            body, keys = request
            try:
                while not send(body):
                    self.n_tries += 1
                    if self._stopped.wait(RETRY_SECONDS):
                        return
            except Exception as error:
                self.problem = error
                return
            with self._turn:
                self.acked.update(keys)


def _grpc_door(port: int) -> Callable[[bytes], bool]:
    options = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)]
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options)
    call = channel.unary_unary(METHOD)

    def send(body: bytes) -> bool:
        try:
            call(body, timeout=TRY_SECONDS)
        except grpc.RpcError as error:
            code = error.code()  # pyright: ignore[reportAttributeAccessIssue]
            if code in PERMANENT:
                raise Refused(str(code)) from None
            return False
        return True

    return send


def _http_door(port: int) -> Callable[[bytes], bool]:
    headers = {"Content-Type": "application/x-protobuf"}

    def send(body: bytes) -> bool:
        url = f"http://127.0.0.1:{port}/v1/traces"
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, body, headers), timeout=TRY_SECONDS
            ) as answer:
                return answer.status == 200
        except OSError as error:
            if getattr(error, "code", 0) in (400, 403, 404, 415):
                raise Refused(str(error)) from None
            return False
        except Exception:
            # A connection that is cut in the middle of an answer.
            return False

    return send
