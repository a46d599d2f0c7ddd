"""Reads a fixture back: the spans of each session, as the store would give them.

In: `<name>.otlp.jsonl` and, where there is one, `<name>.logs.jsonl`. Out: session id -> spans. Next:
the tests read steps from them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from exporter.decode import SESSION_KEYS
from exporter.logs import read_logs
from exporter.otlp_json import read_request
from exporter.otlp_json_others import read_logs_request
from pipeline.model.span import Span
from pipeline.model.span_keys import SpanKeys
from pipeline.store.homes import resolve
from pipeline.store.span_codec import decode_span

FOLDER = Path(__file__).parent


def sessions_of(name: str) -> Mapping[str, Sequence[Span]]:
    """The spans of every session of a recording, by start."""
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in _spans(FOLDER / f"{name}.otlp.jsonl"):
        traces[span.trace_id].append(span)
    sessions: dict[str, list[Span]] = defaultdict(list)
    for spans in traces.values():
        homes = resolve([_keys(span) for span in spans])
        for span in spans:
            sessions[homes[span.span_id].session_id].append(span)
    return {
        s: sorted(of, key=lambda span: (span.start, span.span_id)) for s, of in sessions.items()
    }


def _spans(path: Path) -> Iterator[Span]:
    for request in _requests(path):
        for resource_spans in request.resource_spans:
            resource = resource_spans.resource.SerializeToString()
            for scope_spans in resource_spans.scope_spans:
                scope = scope_spans.scope.SerializeToString()
                for span in scope_spans.spans:
                    yield decode_span(span.SerializeToString(), resource, scope)


def _requests(path: Path) -> Iterator[ExportTraceServiceRequest]:
    for line in path.read_text().splitlines():
        read = read_request(line)
        assert not read.rejected, read.rejected
        yield read.request
    logged = path.with_name(path.name.replace(".otlp.", ".logs."))
    for line in logged.read_text().splitlines() if logged.exists() else ():
        said = read_logs_request(line)
        assert not said.rejected, said.rejected
        yield read_logs(said.request).request


def _keys(span: Span) -> SpanKeys:
    said = (span.attributes.get(key) for key in SESSION_KEYS)
    own = next((value for value in said if isinstance(value, str) and value), None)
    return SpanKeys(span.trace_id, span.span_id, span.parent_id, span.start, own, None, "default")
