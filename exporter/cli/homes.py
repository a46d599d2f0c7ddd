"""Which project the sessions and traces of an import belong to, by the receiver's own pure rule.

In: the requests that were sent. Out: `Homes`. Next: `import_signals` finds the project of a signal.
"""

from collections.abc import Iterable
from itertools import groupby

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from exporter.decode import decode
from pipeline.model.span_keys import SpanKeys
from pipeline.store.chunk_keys import span_keys, unpack_keys
from pipeline.store.homes import resolve


class Homes:
    """Remembers only ids; the answer is worked out when it is asked for the first time."""

    def __init__(self, fallback_project: str) -> None:
        self._fallback = fallback_project
        self._keys: dict[tuple[str, str], SpanKeys] = {}
        self._projects: dict[str, set[str]] | None = None

    def note(self, request: ExportTraceServiceRequest) -> None:
        """Remember the spans of a request."""
        self._projects = None
        for chunk in decode(request.SerializeToString(), project=self._fallback).chunks:
            for keys in span_keys(chunk.trace_id, unpack_keys(chunk.keys)):
                self._keys[keys.trace_id, keys.span_id] = keys

    def projects(self, session_id: str | None, trace_id: str | None) -> frozenset[str]:
        """Projects of the session's spans, else of the trace's."""
        if self._projects is None:
            self._projects = self._resolved()
        by_session = self._projects.get(_session(session_id)) if session_id else None
        by_trace = self._projects.get(_trace(trace_id)) if trace_id else None
        return frozenset(by_session or by_trace or ())

    def _resolved(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        ordered = sorted(self._keys.values(), key=lambda k: k.trace_id)
        for trace_id, keys in groupby(ordered, key=lambda k: k.trace_id):
            self._add(found, trace_id, list(keys))
        return found

    def _add(self, found: dict[str, set[str]], trace_id: str, keys: list[SpanKeys]) -> None:
        homes: Iterable[tuple[str, str]] = resolve(keys).values()
        for project, session_id in homes:
            found.setdefault(_session(session_id), set()).add(project)
            found.setdefault(_trace(trace_id), set()).add(project)


def _session(session_id: str) -> str:
    return f"session {session_id}"


def _trace(trace_id: str) -> str:
    return f"trace {trace_id.lower()}"
