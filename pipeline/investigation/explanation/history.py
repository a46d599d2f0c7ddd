"""Pure: what Temporal did in a session, read from the stored spans.

In: the spans of a session. Out: one line a workflow and a line an activity attempt, those that lost
included. Next: `desk` hands it out.

Only what spans carry: type, attempt, outcome, times. The history itself lies in the user's own Temporal
service, which this one has no access to.
"""

from collections.abc import Iterable, Sequence

from pipeline.conventions.temporal import acting_type, attempt_of, claim, is_start
from pipeline.model.span import Span, SpanStatus
from pipeline.model.step import StepKind

MAX_MESSAGE = 300
NONE = "no span of this session says anything about a Temporal workflow"


def temporal_history(spans: Sequence[Span]) -> str:
    """Workflows, activities and attempts in their order."""
    lines = list(_lines(sorted(spans, key=lambda s: (s.start, s.span_id))))
    return "\n".join(lines) or NONE


def _lines(spans: Sequence[Span]) -> Iterable[str]:
    begin = spans[0].start if spans else 0
    by_id = {span.span_id: span for span in spans}
    for span in spans:
        claimed, attempt = claim(span), attempt_of(span)
        within = by_id.get(span.parent_id or "")
        if attempt is not None and within is not None and attempt_of(within) == attempt:
            continue
        if claimed is None and attempt is None:
            continue
        kind = "activity" if attempt is not None else _kind(span)
        number = f", attempt {attempt.number}" if attempt and attempt.number is not None else ""
        at, took = (span.start - begin) / 1e9, (span.end - span.start) / 1e9
        outcome = _failure(span) if span.status is SpanStatus.ERROR else "completed"
        yield f"+{at:.3f} s {kind} {acting_type(span) or span.name}{number}: {outcome} ({took:.3f} s)"


def _kind(span: Span) -> str:
    if is_start(span):
        return "start of workflow"
    claimed = claim(span)
    return "activity" if claimed is not None and claimed.kind is StepKind.ACTIVITY else "workflow"


def _failure(span: Span) -> str:
    kind = span.attributes.get("exception.type") or span.attributes.get("error.type")
    said = [str(part) for part in (kind, span.status_message) if part]
    return f"failed {' '.join(said)[:MAX_MESSAGE]}".strip()
