"""The tree of a session's spans: parents and ancestors, whatever order the spans came in.

In: spans, perhaps of several traces. Out: `SpanTree`. Next: `agents`, `attempts` and `steps` climb it.
"""

from collections.abc import Iterator, Sequence

from pipeline.model.span import Span


class SpanTree:
    """Spans by (trace, span id), sorted by start and span id. A cycle ends the climb."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = tuple(sorted(spans, key=lambda s: (s.start, s.span_id, s.trace_id)))
        self._by_id = {(s.trace_id, s.span_id): s for s in self.spans}

    def parent(self, span: Span) -> Span | None:
        """The parent span, None at a root or when it was not received."""
        return self._by_id.get((span.trace_id, span.parent_id)) if span.parent_id else None

    def lineage(self, span: Span) -> Iterator[Span]:
        """The span itself, then its ancestors, nearest first."""
        seen: set[str] = set()
        current: Span | None = span
        while current is not None and current.span_id not in seen:
            seen.add(current.span_id)
            yield current
            current = self.parent(current)
