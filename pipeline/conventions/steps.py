"""Steps: what the agents of a session did, whatever convention their spans follow.

In: the spans of one session, in any order. Out: steps, sorted by start and span id. Next:
`invocations`, the detectors, and interrogation.

Each convention reads a span on its own (`read(span) -> Draft | None`), the first that knows it wins.
A later convention is one more file and one more entry in `CONVENTIONS`.
"""

from collections.abc import Callable, Sequence

from pipeline.conventions import genai, temporal
from pipeline.conventions.agents import agents_of, span_ref
from pipeline.conventions.attempts import ONLY, Attempt, attempts_of
from pipeline.conventions.draft import Draft, error_of, step_key
from pipeline.conventions.tree import SpanTree
from pipeline.model.span import Span, SpanStatus
from pipeline.model.step import Step, StepKind

CONVENTIONS: tuple[Callable[[Span], Draft | None], ...] = (genai.read, temporal.read)


def read_steps(spans: Sequence[Span]) -> tuple[Step, ...]:
    """The steps of one session; losing attempts of retried activities are left out."""
    tree = SpanTree(spans)
    agents, attempts = agents_of(tree), attempts_of(tree)
    drafts = {span_ref(s): draft for s in tree.spans if (draft := _draft(s)) is not None}
    _drop_traced_starts(tree, drafts)
    steps: list[Step] = []
    for span in tree.spans:
        ref = span_ref(span)
        attempt = attempts.get(ref, ONLY)
        if ref in drafts and not attempt.lost:
            parent = _parent_step(tree, span, drafts)
            steps.append(_step(span, drafts[ref], agents[ref], attempt, parent))
    return tuple(steps)


def _draft(span: Span) -> Draft | None:
    for read in CONVENTIONS:
        draft = read(span)
        if draft is not None:
            return draft
    return None


def _drop_traced_starts(tree: SpanTree, drafts: dict[str, Draft]) -> None:
    """A workflow's start is no step of its own where the run itself was traced."""
    runs = {
        s.attributes.get("temporalWorkflowID")
        for s in tree.spans
        if s.name.startswith("RunWorkflow:")
    }
    for span in tree.spans:
        if temporal.is_start(span) and span.attributes.get("temporalWorkflowID") in runs:
            drafts.pop(span_ref(span), None)


def _parent_step(tree: SpanTree, span: Span, drafts: dict[str, Draft]) -> str | None:
    ancestors = list(tree.lineage(span))[1:]
    return next((a.span_id for a in ancestors if span_ref(a) in drafts), None)


def _step(span: Span, draft: Draft, agent: str, attempt: Attempt, parent: str | None) -> Step:
    name = agent if draft.kind is StepKind.AGENT else draft.name
    return Step(
        kind=draft.kind,
        key=step_key(draft.kind, name),
        name=name,
        agent=agent,
        span_id=span.span_id,
        parent_span_id=parent,
        start=span.start,
        end=span.end,
        inputs=draft.inputs,
        outputs=draft.outputs,
        system=draft.system,
        tool_calls=draft.tool_calls,
        model=draft.model,
        finish_reasons=draft.finish_reasons,
        failed=span.status is SpanStatus.ERROR,
        error=error_of(span),
        attempt=attempt.number,
        n_attempts=attempt.of,
        attempts_inferred=attempt.inferred,
        input_tokens=draft.input_tokens,
        output_tokens=draft.output_tokens,
        outputs_recorded=draft.outputs_recorded,
    )
