"""Large requests: the same as `decode` finds, in parts, and what would take too much memory is rejected."""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter import decode_bounded as bounded
from exporter.decode import decode
from exporter.decode_bounded import TOO_MANY_FIELDS, decode_bounded
from exporter.otlp_fields import MAX_FIELDS
from exporter.readable import UNREADABLE
from exporter.span_checks import Checks
from pipeline.errors import BadRequest, LimitExceeded
from tests.unit.chunk_records import Record, records_of
from tests.unit.otlp import request, span
from tests.unit.oversized import (
    ATTRIBUTES,
    EVENTS,
    LINKS,
    MIB,
    array_of_empty,
    field,
    ids,
    of_spans,
    spans_of_empty,
    text,
)

LARGE_TEXT = "x" * (300 * 1024)


def by_id(records: list[Record]) -> dict[str, Record]:
    found = {record.span_id: record for record in records}
    assert len(found) == len(records)
    return found


def test_a_large_request_is_what_decode_makes_of_it() -> None:
    spans = [
        span(
            n, trace=f"{1 + n % 3:032x}", session__id=f"s{n % 3}", text=LARGE_TEXT if n % 2 else ""
        )
        for n in range(1, 30)
    ]
    spans.insert(7, span(0))
    body = request(*spans, kelet__project="shop").SerializeToString()
    body += request(span(100), kelet__project="other").SerializeToString()
    assert len(body) > bounded.WHOLE_BYTES + 2 * bounded.PART_BYTES
    whole = decode(body, project="p", scope="t")
    told: list[int] = []
    found = decode_bounded(body, project="p", scope="t", checks=Checks(admit=told.append))
    assert by_id(records_of(found.chunks)) == by_id(records_of(whole.chunks))
    assert (found.n_spans, found.rejected) == (whole.n_spans, whole.rejected)
    assert told == [31]


def test_one_span_may_be_larger_than_a_part() -> None:
    spans = [span(n, text="y" * size) for n, size in enumerate((9, 3 * MIB, 9, 9, MIB, 9), 1)]
    body = request(*spans).SerializeToString()
    found = decode_bounded(body, project="p")
    assert by_id(records_of(found.chunks)).keys() == {f"{n:016x}" for n in range(1, 7)}


@pytest.mark.parametrize(
    "body",
    [
        *(spans_of_empty(tag, 3 * MIB) for tag in (ATTRIBUTES, EVENTS, LINKS)),
        array_of_empty(3 * MIB),
        of_spans(ids(), resource=b"\x0a\x00" * MAX_FIELDS + b"\x0a\x00"),
        of_spans(ids(), scope=b"\x1a\x00" * MAX_FIELDS + b"\x1a\x00"),
    ],
    ids=["attributes", "events", "links", "array", "resource", "scope"],
)
def test_too_many_fields_cost_only_themselves(body: bytes) -> None:
    good = request(span(9)).SerializeToString()
    for whole in (body + good, good + body):
        found = decode_bounded(whole, project="p")
        assert dict(found.rejected) == {TOO_MANY_FIELDS: 1}
        assert [record.span_id for record in records_of(found.chunks)] == [f"{9:016x}"]


@pytest.mark.parametrize("size", [3 * MIB, 2000])
def test_a_large_attribute_of_a_resource_or_scope_costs_only_its_spans(size: int) -> None:
    large = text(b"k", b"x" * size)
    checks = Checks(max_attribute_bytes=1000)
    good = request(span(9)).SerializeToString()
    for bad in (
        of_spans(ids(), ids(2), resource=field(0x0A, large)),
        of_spans(ids(), ids(2), scope=field(0x1A, large)),
    ):
        found = decode_bounded(bad + good, project="p", checks=checks)
        assert dict(found.rejected) == {"an attribute above max_attribute_bytes = 1000": 2}
        assert [record.span_id for record in records_of(found.chunks)] == [f"{9:016x}"]


def test_many_small_attributes_of_a_resource_are_fine() -> None:
    pairs = b"".join(field(0x0A, text(b"%d" % n, b"x" * 90)) for n in range(2000))
    found = decode_bounded(of_spans(ids(), resource=pairs), project="p")
    assert (found.n_spans, dict(found.rejected)) == (1, {})


@pytest.mark.parametrize("more", [b"", field(0x22, b"")], ids=["usual", "unusual"])
def test_resources_and_scopes_are_counted_too(more: bytes) -> None:
    for body in (b"\x0a\x00" * 70_000, field(0x0A, b"\x12\x00" * 70_000)):
        unusual = more + body if more else body
        with pytest.raises(LimitExceeded, match="resources and scopes"):
            decode_bounded(unusual, project="p")


@pytest.mark.parametrize("n_traces", [600, 30_000])
def test_a_resource_of_many_traces_does_not_become_many_bytes(n_traces: int) -> None:
    """30,000 in one part; 600 large ones in several, none of which is too much alone."""
    padding = field(0x4A, text(b"p", b"y" * (10_000 if n_traces == 600 else 0)))
    spans = [ids(n, n) + padding for n in range(1, n_traces + 1)]
    body = of_spans(*spans, resource=field(0x0A, text(b"k", b"x" * 60_000)))
    with pytest.raises(LimitExceeded, match="once for each trace"):
        decode_bounded(body, project="p")
    assert decode_bounded(of_spans(*spans[:90]), project="p").n_spans == 90


def test_what_is_broken_in_any_part_harms_nothing_beside_it() -> None:
    spans = [ids(n, n) + field(0x4A, text(b"p", b"y" * 300_000)) for n in range(1, 20)]
    found = decode_bounded(of_spans(*spans, b"\x0a\xff"), project="p")
    assert (found.n_spans, found.rejected) == (19, {UNREADABLE: 1})
    with pytest.raises(BadRequest):
        decode_bounded(b"\x0a\xff" + b"x" * 3 * MIB, project="p")


@pytest.mark.parametrize("size", [9, 3 * MIB])
def test_a_span_that_cannot_be_read_is_rejected_alone(size: int) -> None:
    """Some encoders do not check texts, and a Collector passes them on."""
    spans = [span(1, text="y" * size), span(2, text="canary"), span(3), Span(name="no id")]
    body = request(*spans, service__name="shop").SerializeToString()
    admitted: list[int] = []
    checks = Checks(admit=admitted.append)
    broken = body.replace(b"canary", b"can\xff\xfey")
    found = decode_bounded(broken, project="p", checks=checks)
    assert by_id(records_of(found.chunks)).keys() == {f"{n:016x}" for n in (1, 3)}
    assert found.rejected == {UNREADABLE: 1, "an invalid trace id": 1}
    assert (found.n_spans, admitted) == (2, [4])


def test_of_a_resource_that_cannot_be_read_nothing_is_left() -> None:
    broken = request(span(1), span(2), service__name="canary").SerializeToString()
    broken = broken.replace(b"canary", b"can\xff\xfey")
    found = decode_bounded(broken + request(span(3)).SerializeToString(), project="p")
    assert by_id(records_of(found.chunks)).keys() == {f"{3:016x}"}
    assert found.rejected == {UNREADABLE: 2}
    with pytest.raises(BadRequest):
        decode_bounded(broken, project="p")
    no_id = request(Span(name="no id")).SerializeToString()
    assert decode_bounded(broken + no_id, project="p").rejected.total() == 3
