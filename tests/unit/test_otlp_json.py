"""OTLP/JSON in every spelling that exporters use, and requests cut to size."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from exporter.otlp_json import read_request
from exporter.otlp_split import split_request
from pipeline.errors import BadRequest
from tests.unit.otlp import TRACE, request, span

DATA = Path(__file__).parents[2] / "../shared/data"
CANARY = "canary-7c1e"


def one_span(**fields: Any) -> str:
    """A line with one span; fields replace or extend a good one."""
    good = {
        "traceId": TRACE,
        "spanId": "00f067aa0ba902b7",
        "name": "chat",
        "kind": 3,
        "startTimeUnixNano": "1767225600800000000",
        "endTimeUnixNano": 1767225601700000000,
    }
    return line_of(good | fields)


def line_of(*spans: Any) -> str:
    """A line with these spans."""
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})


def only_span(line: str) -> Any:
    """The single span of a line that is read without complaint."""
    read = read_request(line)
    assert read.rejected == ()
    return read.request.resource_spans[0].scope_spans[0].spans[0]


def test_hex_numbers_as_strings_and_enums_as_numbers() -> None:
    found = only_span(one_span(flags=257))
    assert found.trace_id.hex() == TRACE
    assert found.span_id.hex() == "00f067aa0ba902b7"
    assert found.start_time_unix_nano == 1767225600800000000
    assert found.end_time_unix_nano == 1767225601700000000
    assert (found.kind, found.flags) == (3, 257)


def test_base64_ids_and_enums_as_names() -> None:
    raw = base64.b64encode(bytes.fromhex(TRACE)).decode()
    found = only_span(
        one_span(
            traceId=raw,
            spanId=base64.b64encode(bytes(range(8))).decode(),
            parentSpanId="",
            kind="SPAN_KIND_CLIENT",
            status={"code": "STATUS_CODE_ERROR", "message": "no"},
            links=[{"traceId": raw, "spanId": "00f067aa0ba902b7"}],
        )
    )
    assert found.trace_id.hex() == TRACE
    assert found.span_id == bytes(range(8))
    assert found.parent_span_id == b""
    assert (found.kind, found.status.code) == (3, 2)
    assert found.links[0].span_id.hex() == "00f067aa0ba902b7"


def test_unknown_fields_are_ignored_and_attributes_of_every_kind_read() -> None:
    values: list[dict[str, Any]] = [
        {"stringValue": "a"},
        {"intValue": "7"},
        {"intValue": 7},
        {"doubleValue": 0.5},
        {"boolValue": True},
        {"arrayValue": {"values": [{"stringValue": "b"}]}},
        {"kvlistValue": {"values": [{"key": "k", "value": {"intValue": "1"}}]}},
        {"bytesValue": "AAE="},
        {},
    ]
    attributes = [{"key": str(i), "value": v, "extra": 1} for i, v in enumerate(values)]
    found = only_span(one_span(attributes=attributes, somethingNew={"deep": [1]}))
    assert [a.value.WhichOneof("value") for a in found.attributes] == [
        "string_value",
        "int_value",
        "int_value",
        "double_value",
        "bool_value",
        "array_value",
        "kvlist_value",
        "bytes_value",
        None,
    ]


def test_snake_case_is_read_too() -> None:
    line = json.dumps(
        {
            "resource_spans": [
                {"scope_spans": [{"spans": [{"trace_id": TRACE, "span_id": "00f067aa0ba902b7"}]}]}
            ]
        }
    )
    assert only_span(line).trace_id.hex() == TRACE


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"traceId": CANARY}, "traceId is neither"),
        ({"spanId": 5}, "spanId is neither"),
        ({"startTimeUnixNano": CANARY}, "startTimeUnixNano has a value that does not fit"),
        (
            {"attributes": [{"key": "a", "value": {"intValue": CANARY}}]},
            "attributes.value.intValue has a value that does not fit",
        ),
        ({"links": [CANARY]}, "links[0] is not a JSON object"),
        ({CANARY + "\ud800": 1}, "has a name that is no text"),
        ({"kind": CANARY + "\ud800"}, "has a name that is no text"),
        ({"name": CANARY + "\ud800"}, "name has a value that does not fit"),
    ],
)
def test_a_bad_span_costs_only_itself(fields: dict[str, Any], reason: str) -> None:
    bad = json.loads(one_span(**fields))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    good = json.loads(one_span())["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    read = read_request(line_of(good, bad, good))
    assert len(read.request.resource_spans[0].scope_spans[0].spans) == 2
    (told,) = read.rejected
    assert told.startswith("resourceSpans[0].scopeSpans[0].spans[1]")
    assert reason in told
    assert CANARY not in told, "trace text has no place in messages"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON: "),
        (f'{{"a": {CANARY}}}', "not JSON: "),
        ("[1]", "not a JSON object"),
        ("{}", "has no resourceSpans"),
        ('{"resourceLogs": []}', "holds resourceLogs, not traces"),
        ('{"resourceSpans": {}}', "resourceSpans is not a JSON array"),
        ('{"resourceSpans": [1]}', "resourceSpans[0] is not a JSON object"),
        ("[" * 100_000, "nested too deep"),
        (b'{"a": "\xff"}', "not UTF-8"),
    ],
)
def test_what_is_no_request(line: str | bytes, reason: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_request(line)
    assert reason in str(caught.value)
    assert CANARY not in str(caught.value)


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.integers(1, 2**64 - 1), st.integers(0, 2**63), st.text(max_size=5)),
        min_size=1,
        max_size=4,
    )
)
def test_what_protobuf_writes_is_read_back(spans: list[tuple[int, int, str]]) -> None:
    original = request(*(span(i, start=at, end=at, text=text) for i, at, text in spans), name="x")
    plain = MessageToDict(original)
    for at, (span_id, *_) in enumerate(spans):
        target = plain["resourceSpans"][0]["scopeSpans"][0]["spans"][at]
        target["traceId"], target["spanId"] = TRACE, f"{span_id:016x}"
    assert read_request(json.dumps(plain)).request == original


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not here")
def test_recorded_requests_with_base64_ids() -> None:
    with gzip.open(DATA / "framework-otlp-requests.jsonl.gz", "rt") as lines:
        recorded = [json.loads(line) for line in lines]
    for entry in recorded:
        for given_request in entry["requests"]:
            read = read_request(json.dumps(given_request))
            assert read.rejected == (), entry["file"]
            for group in read.request.resource_spans:
                for scope in group.scope_spans:
                    assert all(len(s.trace_id) == 16 for s in scope.spans), entry["file"]
                    assert all(len(s.span_id) == 8 for s in scope.spans), entry["file"]


def test_split_keeps_every_span_in_order_and_below_the_limit() -> None:
    whole = request(*(span(i, text="x" * 100 * i) for i in range(1, 30)), service__name="a")
    whole.MergeFrom(request(*(span(i) for i in range(30, 60)), service__name="b"))
    parts = list(split_request(whole, 5000))
    assert len(parts) > 5
    assert all(part.ByteSize() <= 5000 for part in parts)
    assert flat(parts) == flat([whole])
    assert list(split_request(whole)) == [whole]


def test_a_span_beyond_the_limit_travels_alone() -> None:
    whole = request(span(1), span(2, text="x" * 9000), span(3))
    parts = list(split_request(whole, 5000))
    assert [len(flat([part])) for part in parts] == [1, 1, 1]


def flat(parts: list[ExportTraceServiceRequest]) -> list[tuple[str, bytes]]:
    """Every span with its resource, in order."""
    return [
        (str(group.resource), one.SerializeToString())
        for part in parts
        for group in part.resource_spans
        for scope in group.scope_spans
        for one in scope.spans
    ]
