"""Steps: what the agents of a session did, whatever convention their spans follow.

In: the spans of one session, in any order. Out: steps, sorted by start and span id. Next:
`invocations`, the detectors, and interrogation.

`registry` reads each span on its own by all conventions; here the tree of spans makes one step of
what was traced twice, names the agents, and leaves losing attempts out.
"""

from collections.abc import Sequence

from pipeline.conventions import temporal
from pipeline.conventions.agents import agents_of
from pipeline.conventions.attempts import ONLY, Attempt, attempts_of
from pipeline.conventions.draft import Draft, error_of, step_key
from pipeline.conventions.folding import fold, parent_steps
from pipeline.conventions.messages import MAX_MESSAGES, check_messages
from pipeline.conventions.registry import read_draft
from pipeline.conventions.tree import SpanTree, span_ref
from pipeline.errors import LimitExceeded
from pipeline.model.span import Span, SpanStatus
from pipeline.model.step import Step, StepKind


def read_steps(spans: Sequence[Span], max_messages: int = MAX_MESSAGES) -> tuple[Step, ...]:
    """The steps of one session; losing attempts of retried activities are left out."""
    tree = SpanTree(spans)
    read = _read(tree, max_messages)
    agents, attempts = agents_of(tree, read), attempts_of(tree)
    _drop_traced_starts(tree, read)
    drafts = fold(tree, read)
    parents = parent_steps(tree, drafts)
    steps: list[Step] = []
    for span in tree.spans:
        ref = span_ref(span)
        attempt = attempts.get(ref, ONLY)
        if ref in drafts and not attempt.lost:
            above = parents.get(ref)
            parent = above.span_id if above else None
            steps.append(_step(span, drafts[ref], agents[ref], attempt, parent))
    return tuple(steps)


def read_again(spans: Sequence[Span]) -> tuple[Step, ...]:
    """The same of a session that was analysed before; none where it says too much by now: its next analysis
    skips it as `too_large`, and part of it would say what is not so."""
    try:
        return read_steps(spans)
    except LimitExceeded:
        return ()


def _read(tree: SpanTree, max_messages: int) -> dict[str, Draft]:
    """What each span says by itself; `LimitExceeded` where together they say too much."""
    found: dict[str, Draft] = {}
    n_messages = 0
    for span in tree.spans:
        draft = read_draft(span)
        if draft is not None:
            found[span_ref(span)] = draft
            n_messages += len(draft.inputs) + len(draft.outputs)
            n_messages += len(draft.system) + len(draft.tool_calls)
            check_messages(n_messages, max_messages)
    return found


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
        failed=span.status is SpanStatus.ERROR or draft.failed,
        error=error_of(span) or draft.error,
        attempt=attempt.number,
        n_attempts=attempt.of,
        attempts_inferred=attempt.inferred,
        input_tokens=draft.input_tokens,
        output_tokens=draft.output_tokens,
        outputs_recorded=draft.outputs_recorded,
    )
