"""What may come in at the doors: sound, odd, absurd and broken, as hypothesis strategies.

In: nothing. Out: `cases`, of `Case`s. Next: `tests/integration/test_fuzz.py` sends them to a real edge.
"""

import gzip
import json
import zlib
from itertools import count
from typing import Any, NamedTuple

from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.unit.otlp import any_value, attributes
from tests.unit.test_logs import logs, record

GRPC, PROTOBUF, JSON, SIGNAL = "grpc", "protobuf", "json", "signal"


class Case(NamedTuple):
    """A body for a door. `good` is a span in it that must be stored if the request is taken."""

    door: str
    kind: str
    body: bytes
    encoding: str = ""
    good: Span | None = None

    def __repr__(self) -> str:
        return f"Case({self.door}, {self.kind}, {len(self.body)} bytes, {self.encoding})"


WEIRD_NUMBERS = st.sampled_from([0, 1, 2**31, 2**63 - 1, 2**63, 2**64 - 1])
WEIRD_IDS = st.one_of(
    st.just(b""),
    st.just(bytes(16)),
    st.just(bytes(8)),
    st.binary(max_size=20),
    st.just(b"\xff" * 300),
)
IDS = st.integers(1, 5)
BINARY_DOORS = st.sampled_from([GRPC, PROTOBUF])
KINDS = st.sampled_from(["traces", "logs", "metrics"])
SESSION_KEYS = st.sampled_from(["session.id", "gen_ai.conversation.id", "kelet.project", "user.id"])
WEIRD_TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", " ", "\0", "a\0b", "../..", "%2F#", "\u202e", "🙂" * 9]),
    st.sampled_from([600, 100_000]).map(lambda n: "x" * n),
)


def _nested(depth: int) -> AnyValue:
    value = any_value("deep")
    for _ in range(depth):
        outer = AnyValue()
        outer.array_value.values.add().CopyFrom(value)
        value = outer
    return value


WEIRD_VALUES = st.one_of(
    WEIRD_TEXTS.map(any_value),
    st.booleans().map(any_value),
    st.integers(-(2**63), 2**63 - 1).map(any_value),
    st.floats(allow_nan=True, allow_infinity=True).map(any_value),
    st.binary(max_size=9).map(lambda raw: AnyValue(bytes_value=raw)),
    st.sampled_from([1, 20, 40]).map(_nested),
    st.just(AnyValue()),
)


_NUMBERS = count(2**100)


@st.composite
def good_spans(draw: st.DrawFn) -> Span:
    """A span that nothing is wrong with, whose ids no other case has."""
    draw(st.booleans())
    trace_id = next(_NUMBERS).to_bytes(16, "big")
    return Span(
        trace_id=trace_id,
        span_id=b"\x07" * 8,
        name="good",
        start_time_unix_nano=10**18,
        end_time_unix_nano=10**18 + 5,
        attributes=attributes({"session.id": f"good-{trace_id.hex()}"}),
    )


@st.composite
def odd_spans(draw: st.DrawFn) -> Span:
    """Ids, times, parents and attributes that nobody should send, or that are just unusual."""
    sane = draw(st.booleans())
    span = Span(
        trace_id=b"\x01" * 16 if sane else draw(WEIRD_IDS),
        span_id=draw(IDS).to_bytes(8, "big") if sane else draw(WEIRD_IDS),
        # Among five ids circles of parents are common, and spans that are their own parent.
        parent_span_id=draw(IDS).to_bytes(8, "big") if draw(st.booleans()) else draw(WEIRD_IDS),
        name=draw(WEIRD_TEXTS),
        start_time_unix_nano=draw(WEIRD_NUMBERS),
        end_time_unix_nano=draw(WEIRD_NUMBERS),
        dropped_attributes_count=draw(st.integers(0, 2**32 - 1)),
    )
    span.kind = draw(st.integers(-(2**31), 2**31 - 1))  # pyright: ignore[reportAttributeAccessIssue]
    for key in draw(st.lists(st.one_of(SESSION_KEYS, WEIRD_TEXTS), max_size=3)):
        span.attributes.add(key=key, value=draw(WEIRD_VALUES))
    if draw(st.integers(0, 30)) == 0:
        span.attributes.extend(attributes({f"a{n}": n for n in range(10_000)}))
    if draw(st.booleans()):
        span.events.add(name=draw(WEIRD_TEXTS), time_unix_nano=draw(WEIRD_NUMBERS))
    if draw(st.booleans()):
        span.links.add(trace_id=draw(WEIRD_IDS), span_id=draw(WEIRD_IDS))
    return span


@st.composite
def odd_requests(draw: st.DrawFn) -> tuple[ExportTraceServiceRequest, Span]:
    """Odd spans with a good one among them."""
    message = ExportTraceServiceRequest()
    good = draw(good_spans())
    for _ in range(draw(st.integers(0, 2))):
        _ = message.resource_spans.add().scope_spans.add()
    outer = message.resource_spans.add()
    if draw(st.booleans()):
        outer.resource.attributes.add(key=draw(SESSION_KEYS), value=draw(WEIRD_VALUES))
        outer.resource.attributes.extend(attributes({"kelet.project": "default"}))
        outer = message.resource_spans.add()
    inner = outer.scope_spans.add()
    spans = [*draw(st.lists(odd_spans(), max_size=4)), good]
    inner.spans.extend(draw(st.permutations(spans)))
    return message, good


@st.composite
def mutilated(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """Bytes flipped, cut off, put in or repeated."""
    body = bytearray(draw(bodies))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(body) - 1)))
        match draw(st.sampled_from(["flip", "cut", "insert", "repeat", "utf8"])):
            case "flip" if body:
                body[at] ^= draw(st.integers(1, 255))
            case "cut":
                del body[at:]
            case "insert":
                body[at:at] = draw(st.binary(max_size=9))
            case "repeat":
                body += body[at : at + 2000]
            case _:
                body[at:at] = b"\xff\xfe\xc3"
    return bytes(body)


def broken_utf8(body: bytes) -> bytes:
    """Strings of the same length that are no UTF-8: protobuf itself would not write them."""
    return body.replace(b"good-", b"goo\xff\xfe").replace(b"session.id", b"session.\xc3\x28")


JSON_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        WEIRD_TEXTS,
        st.sampled_from(["NaN", "-1", "1e999", "0af7651916cd43dd8448eb211c80319c", "\ud800"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["traceId", "spanId", "parentSpanId", "attributes", "key", "value", "stringValue",
                 "intValue", "doubleValue", "bytesValue", "arrayValue", "values", "kvlistValue",
                 "status", "code", "events", "links", "name", "kind", "startTimeUnixNano",
                 "endTimeUnixNano", "flags", "novel"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@st.composite
def odd_json(draw: st.DrawFn) -> tuple[bytes, Span | None]:
    """Wrong types at any level; a good span beside them where the levels above are sound."""
    good = draw(good_spans())
    sound = {
        "traceId": good.trace_id.hex(),
        "spanId": good.span_id.hex(),
        "name": "good",
        "startTimeUnixNano": str(good.start_time_unix_nano),
        "endTimeUnixNano": good.end_time_unix_nano,
        "attributes": [
            {"key": "session.id", "value": {"stringValue": good.attributes[0].value.string_value}}
        ],
    }
    level = draw(st.sampled_from(["span", "field", "scope", "group", "request", "whole"]))
    odd = draw(JSON_VALUES)
    spans: list[Any] = [sound]
    match level:
        case "span":
            spans.append(odd)
        case "field":
            key = draw(
                st.sampled_from([*sound, "parentSpanId", "kind", "status", "events", "links"])
            )
            spans.append(sound | {key: odd})
        case _:
            pass
    scope: dict[str, Any] = {"spans": spans}
    scopes: list[Any] = [scope, odd] if level == "scope" else [scope]
    groups: list[Any] = [{"scopeSpans": scopes}, *([odd] if level == "group" else [])]
    whole: Any = {"resourceSpans": groups} | ({"novel": odd} if level == "request" else {})
    text = json.dumps(odd if level == "whole" else whole)
    return text.encode(), good if level in ("span", "request") else None


def _absurd_json() -> tuple[bytes, ...]:
    nested = b'{"arrayValue":{"values":['
    attribute = b'{"key":"k","value":' + nested * 200 + b"{}" + b"]}}" * 200 + b"}"
    return (
        b"[" * 100_000,
        b'{"resourceSpans":' * 5_000,
        b'{"resourceSpans":[{"resource":{"attributes":[' + attribute + b"]}}]}",
        b"1" * 10_000,
        b'{"resourceSpans": 1' + b"0" * 5_000 + b"}",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"",
        b"null",
    )


def _field(tag: int, inner: bytes) -> bytes:
    """A length-delimited protobuf field, written by hand: the library would refuse these."""
    length, size = bytearray(), len(inner)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([tag, *length, size]) + inner


def deep_protobuf(depth: int) -> bytes:
    """A span whose attribute is an array in an array in an array ..."""
    value = b""
    for _ in range(depth):
        value = _field(0x2A, _field(0x0A, value))
    span = _field(0x4A, _field(0x0A, b"k") + _field(0x12, value))
    ids = _field(0x0A, b"\x02" * 16) + _field(0x12, b"\x02" * 8)
    return _field(0x0A, _field(0x12, _field(0x12, ids + span)))


ABSURD_JSON = _absurd_json()
DEEP_JSON = st.integers(0, len(ABSURD_JSON) - 1).map(ABSURD_JSON.__getitem__)
DEEP_PROTOBUF = st.sampled_from([10, 44, 45, 46, 47, 48, 49, 50, 200, 20_000]).map(deep_protobuf)
ODD_ANSWERS = st.one_of(
    st.just('{"content": [1, {"type": "text", "text": "\\ud800"}]}'),
    st.just(9999).map(lambda n: "[" * n),
)


@st.composite
def odd_logs(draw: st.DrawFn) -> bytes:
    """Records of events that are read, with what nobody should say."""
    names = ("user_prompt", "api_response_body", "tool_result", "api_error", "novel")
    text = draw(st.one_of(WEIRD_TEXTS, ODD_ANSWERS))
    told = record(
        draw(st.sampled_from(names)), draw(WEIRD_NUMBERS), prompt=text, body=text, tool_name=text
    )
    told.attributes.add(key=draw(st.sampled_from(["duration_ms", "success", "prompt.id"])))
    told.attributes[-1].value.CopyFrom(draw(WEIRD_VALUES))
    return logs(told).SerializeToString()


@st.composite
def with_good_ones(draw: st.DrawFn) -> Case:
    """Requests that are sound as a whole."""
    if draw(st.booleans()):
        message, good = draw(odd_requests())
        return Case(draw(BINARY_DOORS), "traces", message.SerializeToString(), good=good)
    body, found = draw(odd_json())
    return Case(JSON, "traces", body, good=found)


def _packed(case: Case, encoding: str) -> Case:
    if case.door == GRPC:
        return case  # there the transport packs
    match encoding:
        case "gzip":
            return case._replace(body=gzip.compress(case.body, 1), encoding="gzip")
        case "deflate":
            return case._replace(body=zlib.compress(case.body, 1), encoding="deflate")
        case "":
            return case
        case _:
            return case._replace(encoding=encoding.removeprefix("lie-"), good=None)


SOUND_BODIES = odd_requests().map(lambda made: made[0].SerializeToString())


def _case(door: str, kind: str, body: bytes) -> Case:
    return Case(door, kind, body)


def _as_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


BROKEN = st.one_of(
    st.builds(_case, BINARY_DOORS, KINDS, mutilated(SOUND_BODIES)),
    st.builds(_case, BINARY_DOORS, KINDS, SOUND_BODIES.map(broken_utf8)),
    st.builds(_case, BINARY_DOORS, KINDS, st.binary(max_size=200)),
    st.builds(_case, BINARY_DOORS, st.just("traces"), DEEP_PROTOBUF),
    st.builds(_case, BINARY_DOORS, st.just("logs"), odd_logs()),
    st.builds(_case, st.just(JSON), KINDS, mutilated(odd_json().map(lambda made: made[0]))),
    st.builds(_case, st.just(JSON), KINDS, DEEP_JSON),
    st.builds(_case, st.just(SIGNAL), st.just("signal"), JSON_VALUES.map(_as_bytes)),
    st.builds(_case, st.just(SIGNAL), st.just("signal"), DEEP_JSON),
)

cases: st.SearchStrategy[Case] = st.builds(
    _packed,
    st.one_of(with_good_ones(), BROKEN),
    st.sampled_from(["", "", "", "gzip", "deflate", "lie-gzip", "lie-deflate", "lie-br"]),
)
