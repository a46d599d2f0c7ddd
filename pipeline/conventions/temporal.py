"""Temporal's own spans: activities and workflows become steps, retried activities are told apart.

In: a span. Out: its draft; the type of the activity or workflow it stands for; the identity of the
activity and the attempt's number. Next: `attempts` keeps the winning attempt of each activity.
"""

from dataclasses import dataclass

from pipeline.conventions.draft import Claim, Convention, Draft, count_of, text_of
from pipeline.model.span import Span
from pipeline.model.step import StepKind

_RUNS = {"RunActivity": StepKind.ACTIVITY, "RunWorkflow": StepKind.WORKFLOW}
_STARTS = ("StartWorkflow", "StartChildWorkflow")


@dataclass(frozen=True)
class AttemptOf:
    """Which activity an attempt belongs to, and its number if the span says so."""

    activity: tuple[str, ...]
    number: int | None
    identified: bool


def claim(span: Span) -> Claim | None:
    """An activity, a workflow, or the start of a workflow."""
    verb, _, name = span.name.partition(":")
    if not name or not _is_temporal(span):
        return None
    if verb in _RUNS:
        return Claim(_RUNS[verb])
    return Claim(StepKind.WORKFLOW) if verb in _STARTS else None


def _read(span: Span, kind: StepKind) -> Draft | None:
    return Draft(kind=kind, name=span.name.partition(":")[2]) if claim(span) else None


CONVENTION = Convention("Temporal", claim, _read)


def is_start(span: Span) -> bool:
    """True for the client's side of a workflow, which is no step where the run itself was traced."""
    return span.name.partition(":")[0] in _STARTS and _is_temporal(span)


def acting_type(span: Span) -> str | None:
    """The activity's or workflow's type that acts in this span, else None."""
    if claim(span) is not None and not is_start(span):
        return span.name.partition(":")[2]
    return text_of(span, "temporal.activity_type")


def attempt_of(span: Span) -> AttemptOf | None:
    """The activity attempt that this span runs, None where it runs none."""
    runs = span.name.startswith("RunActivity:") and _is_temporal(span)
    number = count_of(span, "temporal.attempt")
    if not runs and number is None:
        return None
    activity_id = text_of(span, "temporalActivityID", "temporal.activity_id")
    if activity_id is not None:
        run = text_of(span, "temporalRunID") or ""
        workflow = text_of(span, "temporalWorkflowID") or ""
        return AttemptOf((workflow, run, activity_id), number, True)
    kind = text_of(span, "temporal.activity_type") or span.name
    return AttemptOf((span.trace_id, span.parent_id or "", kind), number, False)


def _is_temporal(span: Span) -> bool:
    keys = span.attributes
    return (
        any(k.startswith("temporal") for k in keys)
        or "temporal" in span.scope.lower()
        or span.name.startswith(("RunActivity:", "RunWorkflow:"))
    )
