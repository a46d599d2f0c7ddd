"""Load for the ingest benchmarks: OTLP requests of realistic GenAI spans, made from a seed.

In: how many spans. Out: serialized `ExportTraceServiceRequest`s. Next: `bench.ingest` sends them.
"""

import json
import random
from collections.abc import Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

SPANS_A_REQUEST = 512
SPANS_A_SESSION = 16
WORDS = ("order", "claim", "agent", "refund", "policy", "flight", "user", "booking", "price")


def requests(n_requests: int, seed: int = 7) -> Iterator[bytes]:
    """Requests of 512 spans of about 2.7 KB, 32 sessions a request, every id unique."""
    luck = random.Random(seed)
    for index in range(n_requests):
        yield _request(luck, seed, index).SerializeToString()


def _request(luck: random.Random, seed: int, index: int) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.append(_attribute("service.name", "bench"))
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "bench"
    for first in range(0, SPANS_A_REQUEST, SPANS_A_SESSION):
        trace_id, parent = luck.randbytes(16), b""
        for position in range(SPANS_A_SESSION):
            span = scope_spans.spans.add()
            span.trace_id, span.span_id, span.parent_span_id = trace_id, luck.randbytes(8), parent
            parent = parent or span.span_id
            span.name = "chat bench"
            span.start_time_unix_nano = 1_767_225_600_000_000_000 + position * 1_000_000
            span.end_time_unix_nano = span.start_time_unix_nano + 900_000
            session = f"bench-{seed}-{index:06d}-{first}"
            span.attributes.extend(_attributes(luck, session))
    return request


def _attributes(luck: random.Random, session: str) -> Iterator[KeyValue]:
    yield _attribute("gen_ai.conversation.id", session)
    yield _attribute("gen_ai.agent.name", "bench-agent")
    yield _attribute("gen_ai.operation.name", "chat")
    yield _attribute("gen_ai.request.model", "bench-model")
    yield _attribute("gen_ai.input.messages", _messages(luck, "user", 1200))
    yield _attribute("gen_ai.output.messages", _messages(luck, "assistant", 1000))


def _messages(luck: random.Random, role: str, n_bytes: int) -> str:
    text = " ".join(luck.choices(WORDS, k=n_bytes // 6))
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def _attribute(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))
