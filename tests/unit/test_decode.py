"""Decode: bytes in, records and counted rejections out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.baggage import parse_baggage, request_project
from exporter.decode import (
    MAX_ID_CHARS,
    MAX_TIME,
    SESSION_KEYS,
    Decoded,
    decode,
    describe_rejected,
)
from pipeline.errors import BadRequest
from pipeline.store.chunk_keys import unpack_keys
from tests.unit.chunk_records import Record, records_of
from tests.unit.otlp import Scalar, attributes, request, span


def read(*spans: Span, project: str = "default", **resource: Scalar) -> Decoded:
    return decode(request(*spans, **resource).SerializeToString(), project=project)


def only(decoded: Decoded) -> Record:
    assert not decoded.rejected
    (record,) = records_of(decoded.chunks)
    return record


def reasons(decoded: Decoded) -> list[str]:
    assert decoded.chunks == ()
    return list(decoded.rejected)


def test_a_record_keeps_what_was_sent() -> None:
    sent = span(7, parent=3, start=5, end=9, session__id="s", gen_ai__input="text")
    record = only(read(sent, service__name="shop"))
    assert (record.span_id, record.parent_id) == ("0000000000000007", "0000000000000003")
    assert record.trace_id == sent.trace_id.hex()
    assert (record.start, record.end, record.scope) == (5, 9, "")
    assert Span.FromString(record.body) == sent
    resource = Resource.FromString(record.resource)
    assert resource.attributes[0].value.string_value == "shop"
    assert InstrumentationScope.FromString(record.scope_info).name == "test"


def test_fields_may_come_in_any_order() -> None:
    """A parent behind the times was overlooked."""
    whole = span(7, parent=3)
    parent, rest = (
        Span(parent_span_id=whole.parent_span_id),
        Span.FromString(whole.SerializeToString()),
    )
    rest.ClearField("parent_span_id")
    body = request(whole).SerializeToString()
    one, other = whole.SerializeToString(), rest.SerializeToString() + parent.SerializeToString()
    (chunk,) = decode(body.replace(one, other), project="p").chunks
    assert unpack_keys(chunk.keys).parents == [whole.parent_span_id]


def test_an_empty_request_is_fine() -> None:
    assert decode(b"", project="p") == ((), 0, {})
    assert read() == ((), 0, {})


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b'{"resourceSpans": []}', b"\x0a\x05ab"])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest, match="ExportTraceServiceRequest"):
        decode(body, project="p")


def test_text_that_is_not_utf8_is_refused() -> None:
    body = request(span(name_="canary")).SerializeToString().replace(b"canary", b"can\xff\xfey")
    with pytest.raises(BadRequest):
        decode(body, project="p")


@pytest.mark.parametrize("n_first", range(len(SESSION_KEYS)))
def test_the_first_session_key_of_the_list_wins(n_first: int) -> None:
    given = {key: f"id of {key}" for key in reversed(SESSION_KEYS[n_first:])}
    sent = span()
    sent.attributes.extend(attributes(dict(given)))
    assert only(read(sent)).own_session == f"id of {SESSION_KEYS[n_first]}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("chat-1", "chat-1"),
        (" padded ", " padded "),
        ("", None),
        ("   ", None),
        ("[Scrubbed due to 'session']", None),
        (42, "42"),
        (42.0, "42"),
        (0.5, "0.5"),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
    ],
)
def test_a_session_id_is_a_string_or_a_number(value: Scalar, expected: str | None) -> None:
    assert only(read(span(session__id=value))).own_session == expected


def test_a_blank_id_makes_way_for_the_next_key() -> None:
    assert only(read(span(gen_ai__conversation__id=" ", session_id="s"))).own_session == "s"
    scrubbed = span(gen_ai__conversation__id="[Scrubbed due to 'session']", session_id="s")
    assert only(read(scrubbed)).own_session == "s"


def test_projects_by_precedence() -> None:
    resourceful = only(read(span(kelet__project="own"), kelet__project="res", project="req"))
    assert (resourceful.own_project, resourceful.fallback_project) == ("own", "res")
    assert only(read(span(), kelet__project="", project="req")).fallback_project == "req"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"trace_id": b""}, "an invalid trace id"),
        ({"trace_id": bytes(16)}, "an invalid trace id"),
        ({"trace_id": b"x" * 15}, "an invalid trace id"),
        ({"trace_id": b"x" * 17}, "an invalid trace id"),
        ({"span_id": b""}, "an invalid span id"),
        ({"span_id": bytes(8)}, "an invalid span id"),
        ({"span_id": b"x" * 9}, "an invalid span id"),
        ({"parent_span_id": b"x"}, "an invalid parent span id"),
        ({"start_time_unix_nano": 2**64 - 1}, "a time beyond the year 2262"),
        ({"end_time_unix_nano": MAX_TIME + 1}, "a time beyond the year 2262"),
    ],
)
def test_a_bad_span_is_rejected_alone(change: dict[str, bytes | int], reason: str) -> None:
    bad = span(2)
    for name, value in change.items():
        setattr(bad, name, value)
    decoded = read(span(1), bad, span(3))
    assert [record.span_id[-1] for record in records_of(decoded.chunks)] == ["1", "3"]
    assert decoded.rejected == {reason: 1}


def test_ids_have_a_limit_in_characters() -> None:
    assert only(read(span(session__id="ü" * MAX_ID_CHARS))).own_session == "ü" * MAX_ID_CHARS
    long = "ü" * (MAX_ID_CHARS + 1)
    assert reasons(read(span(session__id=long))) == ["a session id longer than 512 characters"]
    assert reasons(read(span(kelet__project=long))) == ["a project longer than 512 characters"]
    assert reasons(read(span(), project=long)) == ["a project longer than 512 characters"]
    assert reasons(read(span(session__id="a\0b"))) == ["a NUL character in the session id"]


def test_a_root_may_spell_its_missing_parent_with_zeros() -> None:
    assert only(read(span(parent=0))).parent_id is None


def test_a_span_ends_no_earlier_than_it_starts() -> None:
    assert only(read(span(start=100, end=0))).end == 100
    assert only(read(span(start=0, end=0))).start == 0


def test_the_reasons_are_told_with_counts() -> None:
    decoded = read(span(0), span(0), span(1, session__id="canary" * 100))
    assert describe_rejected(decoded.rejected) == (
        "rejected spans: 2 with an invalid span id; 1 with a session id longer than 512 characters"
    )


@given(st.binary(max_size=200))
def test_no_bytes_crash_it(body: bytes) -> None:
    try:
        decoded = decode(body, project="p")
    except BadRequest:
        return
    n_spans = sum(
        len(scope_spans.spans)
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope_spans in resource_spans.scope_spans
    )
    assert decoded.n_spans + decoded.rejected.total() == n_spans


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**64 - 1)), max_size=6))
def test_every_span_is_kept_or_counted(given_spans: list[tuple[int, int]]) -> None:
    decoded = read(*(span(span_id, start=start) for span_id, start in given_spans))
    assert decoded.n_spans + decoded.rejected.total() == len(given_spans)


def test_baggage_as_w3c_writes_it() -> None:
    header = "kelet.project = my%20shop ;prop=1;x, broken, =x, user=%C3%BC,kelet.project=b%2Cc"
    assert parse_baggage(header) == {"kelet.project": "b,c", "user": "ü"}
    assert parse_baggage("") == {}


def test_project_of_a_request() -> None:
    named = ("x-kelet-project", "named")
    carried = ("Baggage", "a=1,kelet.project=carried")
    assert request_project([], "default") == "default"
    assert request_project([named], "default") == "named"
    assert request_project([named, carried], "default") == "carried"
    assert request_project([named, ("baggage", "kelet.project=")], "default") == "named"
    assert request_project([("x-kelet-project", " ")], "default") == "default"
    assert request_project([("x-kelet-project", b"\xff")], "default") == "default"


@pytest.mark.parametrize(
    ("workflow_id", "depth", "stored"),
    [
        ("session/shop/0123", 1, True),
        ("session/kelet-sidecar/0123#enrich", 1, False),
        ("agent/kelet-sidecar/enrich_session", 1, False),
        ("agent/shop/enrich_session", 2, False),
        ("issue/shop%2Fkelet-sidecar/c/1", 1, True),
        ("chat-7", 0, True),
    ],
)
def test_the_sidecar_does_not_watch_itself_watching(
    workflow_id: str, depth: int, stored: bool
) -> None:
    sent = span(1, temporalWorkflowID=workflow_id, kelet__depth=depth)
    decoded = read(sent, project="kelet-sidecar")
    assert decoded.n_spans == stored
    assert stored or reasons(decoded) == ["a workflow that analyses the sidecar's own sessions"]
    by_resource = read(sent, kelet__project="kelet-sidecar")
    assert by_resource.n_spans == stored
    assert read(sent, project="shop").n_spans == 1, "other projects are the users' own"
