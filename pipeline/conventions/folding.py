"""Folding: one call that several instrumentations traced is one step.

In: the tree of spans and their drafts. Out: the drafts without the copies. Next: `steps`.

A framework's span of a model call often holds the client library's span of the same call. Where a
step has one step below it and that is of its kind, the two are one: the outer one stands, and what
it lacks is taken from the inner one (whose span the texts then name). A "model call" that encloses
others besides is none: it becomes a workflow. An answer that arrives in a log record of its own, as
Logfire writes streams, belongs to the call before it; records of GenAI events were gathered before.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile

from pipeline.conventions import log_records
from pipeline.conventions.draft import Draft, merge
from pipeline.conventions.tree import SpanTree, span_ref
from pipeline.model.span import Span
from pipeline.model.step import Role, StepKind

_BY_NAME = (StepKind.TOOL, StepKind.AGENT)
_CALLS = (StepKind.LLM, StepKind.RETRIEVAL)


def fold(tree: SpanTree, drafts: Mapping[str, Draft]) -> dict[str, Draft]:
    """The drafts that stand."""
    kept = _with_late_answers(tree, log_records.gather(tree, drafts))
    _drop_bare_twins(tree, kept)
    below = _steps_below(tree, kept)
    for span in reversed(tree.downwards):
        ref = span_ref(span)
        if ref not in kept:
            continue
        inner = [s for s in below.get(ref, ()) if span_ref(s) in kept]
        if len(inner) == 1 and _are_twins(kept[ref], kept[span_ref(inner[0])]):
            twin = kept.pop(span_ref(inner[0]))
            kept[ref] = merge(kept[ref].kind, [kept[ref], twin])
            below[ref] = below.get(span_ref(inner[0]), [])
        elif kept[ref].kind in _CALLS and _encloses_calls(kept[ref].kind, ref, below, kept):
            kept[ref] = replace(kept[ref], kind=StepKind.WORKFLOW, name=span.name)
    _hand_on_inputs(below, kept)
    return kept


def parent_steps(tree: SpanTree, drafts: Mapping[str, Draft]) -> dict[str, Span]:
    """For each span the nearest ancestor that is a step."""
    steps = tree.inherit(lambda s: s if span_ref(s) in drafts else None)
    return {
        span_ref(s): steps[span_ref(above)]
        for s in tree.spans
        if (above := tree.parent(s)) is not None and span_ref(above) in steps
    }


def _steps_below(tree: SpanTree, drafts: Mapping[str, Draft]) -> dict[str, list[Span]]:
    below: dict[str, list[Span]] = {}
    parents = parent_steps(tree, drafts)
    for span in tree.spans:
        above = parents.get(span_ref(span))
        if above is not None and span_ref(span) in drafts:
            below.setdefault(span_ref(above), []).append(span)
    return below


def _hand_on_inputs(below: Mapping[str, list[Span]], kept: dict[str, Draft]) -> None:
    """A model call that failed may tell no input: that of an agent's first call is the agent's."""
    for ref, spans in below.items():
        agent = kept.get(ref)
        if agent is None or agent.kind is not StepKind.AGENT:
            continue
        calls = [r for s in spans if (r := span_ref(s)) in kept and kept[r].kind is StepKind.LLM]
        if calls and not _tells(kept[calls[0]]):
            asked = tuple(m for m in agent.inputs if m.role is not Role.ASSISTANT)
            kept[calls[0]] = replace(kept[calls[0]], inputs=asked, system=agent.system)


def _are_twins(outer: Draft, inner: Draft) -> bool:
    if outer.kind is not inner.kind:
        return False
    if outer.kind in _BY_NAME:
        names = {outer.agent, inner.agent} if outer.kind is StepKind.AGENT else set[str | None]()
        return len(names) == 1 if names else outer.name == inner.name
    return outer.kind in _CALLS


def _encloses_calls(
    kind: StepKind, ref: str, below: Mapping[str, list[Span]], kept: Mapping[str, Draft]
) -> bool:
    """A call of the same kind stands below, not through a tool: tools may call models themselves."""
    waiting = [span_ref(s) for s in below.get(ref, ())]
    while waiting:
        at = waiting.pop()
        if at not in kept or kept[at].kind is StepKind.TOOL:
            continue
        if kept[at].kind is kind:
            return True
        waiting += [span_ref(s) for s in below.get(at, ())]
    return False


def _with_late_answers(tree: SpanTree, drafts: Mapping[str, Draft]) -> dict[str, Draft]:
    """Give calls without an answer that of a moment's record beside them that tells their input."""
    kept = dict(drafts)
    open_calls: dict[tuple[str, str | None, tuple[str, ...]], str] = {}
    for span in tree.spans:
        ref = span_ref(span)
        draft = kept.get(ref)
        if draft is None or draft.kind is not StepKind.LLM:
            continue
        texts = [*draft.system, *(m.content for m in draft.inputs)]
        trace = span.trace_id if span.parent_id else ""
        said = (trace, span.parent_id, tuple(t.text for t in texts))
        if _is_moment(span) and said in open_calls:
            call = open_calls.pop(said)
            kept[call] = merge(StepKind.LLM, [kept[call], kept.pop(ref)])
        elif texts and not draft.outputs and not draft.tool_calls and not _is_moment(span):
            open_calls[said] = ref
    return kept


def _drop_bare_twins(tree: SpanTree, kept: dict[str, Draft]) -> None:
    """Two instrumentations side by side, one of which records no text: one call."""
    groups: dict[tuple[str, str | None], list[Span]] = {}
    for span in tree.spans:
        draft = kept.get(span_ref(span))
        if draft is not None and draft.kind is StepKind.LLM:
            groups.setdefault((span.trace_id, span.parent_id), []).append(span)
    for spans in groups.values():
        told = deque(s for s in spans if _tells(kept[span_ref(s)]))
        for bare in [s for s in spans if not _tells(kept[span_ref(s)])]:
            while told and told[0].end < bare.start:
                told.popleft()  # nor does it meet any later one
            at_once = takewhile(lambda s, end=bare.end: s.start <= end, told)
            twin = next((s for s in at_once if _side_by_side(s, bare)), None)
            if twin is not None:
                told.remove(twin)
                ref = span_ref(twin)
                kept[ref] = merge(StepKind.LLM, [kept[ref], kept.pop(span_ref(bare))])


def _tells(draft: Draft) -> bool:
    return bool(draft.inputs or draft.system or draft.outputs or draft.tool_calls)


def _side_by_side(one: Span, other: Span) -> bool:
    """Spans of two instrumentations at one time that do not name different answers."""
    answers = {s.attributes.get("gen_ai.response.id") for s in (one, other)} - {None}
    at_once = one.start <= other.end and other.start <= one.end
    return one.scope != other.scope and at_once and len(answers) < 2


def _is_moment(span: Span) -> bool:
    return span.start == span.end or span.attributes.get("logfire.span_type") == "log"
