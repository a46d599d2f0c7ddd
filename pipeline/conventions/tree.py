"""The tree of a session's spans: parents and ancestors, whatever order the spans came in.

In: spans, perhaps of several traces. Out: `SpanTree`. Next: `agents`, `attempts` and `steps` climb it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from pipeline.model.span import Span

T = TypeVar("T")


def span_ref(span: Span) -> str:
    """A span's name within a session of several traces."""
    return f"{span.trace_id}:{span.span_id}"


class SpanTree:
    """Spans by (trace, span id), sorted by start and span id. A cycle is cut at its first span.

    What an ancestor says is handed down from parent to child, once a span: a chain of many thousand
    spans costs no more than as many roots.
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = tuple(sorted(spans, key=lambda s: (s.start, s.span_id, s.trace_id)))
        by_id = {(s.trace_id, s.span_id): s for s in self.spans}
        self._parents = {
            span_ref(s): by_id[s.trace_id, s.parent_id]
            for s in self.spans
            if s.parent_id and (s.trace_id, s.parent_id) in by_id
        }
        self.downwards = self._parents_first()

    def parent(self, span: Span) -> Span | None:
        """The parent span, None at a root or when it was not received."""
        return self._parents.get(span_ref(span))

    def lineage(self, span: Span) -> Iterator[Span]:
        """The span itself, then its ancestors, nearest first."""
        current: Span | None = span
        while current is not None:
            yield current
            current = self.parent(current)

    def inherit(self, own: Callable[[Span], T | None]) -> dict[str, T]:
        """For each span what it says itself, else what its nearest ancestor says."""
        found: dict[str, T] = {}
        for span in self.downwards:
            ref, above = span_ref(span), self.parent(span)
            value = own(span)
            if value is None and above is not None:
                value = found.get(span_ref(above))
            if value is not None:
                found[ref] = value
        return found

    def _parents_first(self) -> tuple[Span, ...]:
        """Every span after its parent. The first span of a cycle loses its parent."""
        ordered: list[Span] = []
        placed: set[str] = set()
        for span in self.spans:
            for each in reversed(self._climb(span, placed)):
                placed.add(span_ref(each))
                ordered.append(each)
        return tuple(ordered)

    def _climb(self, span: Span, placed: set[str]) -> list[Span]:
        """The span and its ancestors that are not placed yet."""
        climbed: dict[str, Span] = {}
        current: Span | None = span
        while current is not None and (ref := span_ref(current)) not in placed:
            if ref in climbed:
                cycle = list(climbed.values())[list(climbed).index(ref) :]
                first = min(cycle, key=lambda s: (s.start, s.span_id))
                del self._parents[span_ref(first)]
                return self._climb(span, placed)
            climbed[ref] = current
            current = self.parent(current)
        return list(climbed.values())
