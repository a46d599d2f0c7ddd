"""The recorded traces of many frameworks, beside the repository.

In: `framework-traces.jsonl.gz` and `framework-otlp-requests.jsonl.gz`. Out: `Trace`s: the name of the
framework and its spans. Next: `fields` counts what is understood.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.otlp_json import read_request
from pipeline.model.span import Span, SpanEvent, SpanStatus
from pipeline.store.span_codec import decode_span

DATA = Path(__file__).parents[2].parent / "shared" / "data"


@dataclass(frozen=True)
class Trace:
    """One trace, or the spans of one recorded file."""

    framework: str
    file: str
    spans: tuple[Span, ...]


def traces() -> Iterator[Trace]:
    """All traces of both files."""
    with gzip.open(DATA / "framework-traces.jsonl.gz", "rt") as lines:
        for line in lines:
            data = json.loads(line)
            spans = tuple(_span(s) for s in data["spans"])
            yield Trace(data["framework"], data["file"], spans)
    with gzip.open(DATA / "framework-otlp-requests.jsonl.gz", "rt") as lines:
        for line in lines:
            data = json.loads(line)
            yield Trace(f"{data['framework']} (OTLP)", data["file"], _requested(data["requests"]))


def _span(data: dict[str, Any]) -> Span:
    return Span(
        trace_id=data["trace_id"],
        span_id=data["span_id"],
        parent_id=data.get("parent_id"),
        name=data["name"],
        kind=1,
        start=data["start_ns"] or 0,
        end=data["end_ns"] or 0,
        status=SpanStatus.ERROR if data["status"] == "ERROR" else SpanStatus.UNSET,
        status_message=data.get("status_message") or "",
        attributes=data["attributes"],
        events=tuple(
            SpanEvent(name=e["name"], time=0, attributes=e.get("attributes") or {})
            for e in data.get("events") or ()
        ),
        resource=data.get("resource") or {},
        scope=data.get("scope") or "",
    )


def _requested(requests: list[Any]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for request in requests:
        for outer in read_request(json.dumps(request)).request.resource_spans:
            resource = outer.resource.SerializeToString()
            for inner in outer.scope_spans:
                scope = inner.scope.SerializeToString()
                spans += [decode_span(s.SerializeToString(), resource, scope) for s in inner.spans]
    return tuple(spans)
