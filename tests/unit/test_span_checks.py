"""Spans of another project and spans that are too large cost only themselves."""

from datetime import timedelta

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.decode import decode
from exporter.span_checks import FOREIGN_PROJECT, Checks
from pipeline.errors import Overloaded
from tests.unit.otlp import attributes, request, span

LIMITED = Checks(max_attribute_bytes=1000)


def rejected(*spans: Span, checks: Checks, project: str = "shop") -> dict[str, int]:
    body = request(*spans).SerializeToString()
    return dict(decode(body, project=project, checks=checks).rejected)


def test_spans_of_another_project_are_rejected() -> None:
    checks = Checks(projects=frozenset({"shop"}))
    given = (span(1), span(2, kelet__project="other"), span(3, kelet__project="shop"))
    assert rejected(*given, checks=checks) == {FOREIGN_PROJECT: 1}
    assert rejected(*given, checks=checks, project="other") == {FOREIGN_PROJECT: 2}
    assert rejected(*given, checks=Checks()) == {}


def test_a_large_attribute_is_rejected_wherever_it_hides() -> None:
    hidden = span(2)
    hidden.events.add(name="e", attributes=attributes({"text": "x" * 1001}))
    linked = span(3)
    linked.links.add(attributes=attributes({"text": "x" * 1001}))
    many = span(4)
    many.attributes.extend(attributes({f"a{n}": "x" * 100 for n in range(30)}))
    found = rejected(span(1, text="x" * 1001), hidden, linked, many, checks=LIMITED)
    assert found == {"an attribute above max_attribute_bytes = 1000": 3}


def test_how_many_spans_there_are_is_known_before_any_is_looked_at() -> None:
    told: list[int] = []

    def refuse(n_spans: int) -> None:
        told.append(n_spans)
        raise Overloaded("full", timedelta(seconds=1))

    body = request(span(1), span(0), span(2)).SerializeToString()
    with pytest.raises(Overloaded):
        decode(body, project="p", checks=Checks(admit=refuse))
    assert told == [3]
