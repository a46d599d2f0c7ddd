"""Log records of GenAI events: what they tell belongs to the model call in which they were logged.

In: the tree of spans and their drafts. Out: the drafts with the records' texts in their calls. Next:
`folding`. `exporter.logs` made a span of each record, below the span that was current.

A record belongs to the model call that is its nearest step. Where it was logged beside the call it is
the one call there that was running. Where no call was traced its records make one, up to the answer.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush

from pipeline.conventions.draft import Draft, merge
from pipeline.conventions.genai import is_record, record_rank
from pipeline.conventions.tree import SpanTree, span_ref
from pipeline.model.evidence import Located
from pipeline.model.span import Span
from pipeline.model.step import Message, Role, StepKind

Told = dict[str, list[Span]]


def gather(tree: SpanTree, drafts: Mapping[str, Draft]) -> dict[str, Draft]:
    """The drafts of spans that are no records, with what the records tell of them."""
    records = sorted((s for s in tree.spans if is_record(s)), key=_order)
    if not records:
        return dict(drafts)
    said = {span_ref(s): drafts[span_ref(s)] for s in records if span_ref(s) in drafts}
    kept = {ref: draft for ref, draft in drafts.items() if ref not in said}
    told, loose = _told(tree, kept, [s for s in records if span_ref(s) in said])
    for ref, spans in told.items():
        kept[ref] = merge(kept[ref].kind, [kept[ref], _joined(kept[ref].kind, spans, said)])
    for spans in _calls(loose):
        kept[span_ref(spans[0])] = _joined(StepKind.LLM, spans, said)
    return kept


def _order(span: Span) -> tuple[int, int, str]:
    """Where the clock is too coarse, a call's messages come before its answer."""
    return span.start, record_rank(span), span.span_id


def _told(
    tree: SpanTree, kept: Mapping[str, Draft], records: Sequence[Span]
) -> tuple[Told, list[Span]]:
    """The records of each step, and those that have none."""
    beside: dict[tuple[str, str | None], _Running] = {}
    for span in tree.spans:
        draft = kept.get(span_ref(span))
        if draft is not None and draft.kind is StepKind.LLM:
            beside.setdefault((span.trace_id, span.parent_id), _Running()).add(span)
    steps = tree.inherit(lambda s: span_ref(s) if span_ref(s) in kept else None)
    told: Told = {}
    loose: list[Span] = []
    for span in records:
        calls = beside.get((span.trace_id, span.parent_id))
        running = calls.at(span.start) if calls and span.parent_id else ()
        ref = _step_of(span, steps.get(span_ref(span)), running, kept)
        if ref is None:
            loose.append(span)
        else:
            told.setdefault(ref, []).append(span)
    return told, loose


class _Running:
    """The calls of one place; asked in the order of time which of them were running."""

    def __init__(self) -> None:
        self._to_come: deque[Span] = deque()
        self._open: list[tuple[int, str, Span]] = []

    def add(self, call: Span) -> None:
        """One more, by start."""
        self._to_come.append(call)

    def at(self, moment: int) -> list[Span]:
        """Those that had begun by then and had not ended before."""
        while self._to_come and self._to_come[0].start <= moment:
            call = self._to_come.popleft()
            heappush(self._open, (call.end, span_ref(call), call))
        while self._open and self._open[0][0] < moment:
            heappop(self._open)
        return [call for _, _, call in self._open]


def _step_of(
    span: Span, above: str | None, running: Sequence[Span], kept: Mapping[str, Draft]
) -> str | None:
    """The step that a record tells of."""
    kind = kept[above].kind if above else None
    if kind is StepKind.LLM:
        return above
    if len(running) == 1:
        return span_ref(running[0])
    of_tool = record_rank(span) >= _ANSWERS and not running
    return above if kind is StepKind.TOOL and of_tool else None


_ANSWERS = 3
"""The rank from which on a record may be what a tool answered."""


def _calls(records: Sequence[Span]) -> list[list[Span]]:
    """Records of one place are one call up to its answers; what follows is the next."""
    places: dict[tuple[str, str | None], list[list[Span]]] = {}
    for span in records:
        calls = places.setdefault((span.trace_id, span.parent_id), [])
        if not calls or (_is_over(calls[-1]) and not span.name == calls[-1][-1].name == _CHOICE):
            calls.append([])
        calls[-1].append(span)
    return [call for calls in places.values() for call in calls]


_CHOICE = "gen_ai.choice"


def _is_over(records: Sequence[Span]) -> bool:
    return records[-1].name in (_CHOICE, "gen_ai.client.inference.operation.details")


def _joined(kind: StepKind, records: Sequence[Span], said: Mapping[str, Draft]) -> Draft:
    """What the records tell together. One that tells the whole call comes before single messages."""
    drafts = [said[span_ref(s)] for s in records]
    whole = [d for d, s in zip(drafts, records, strict=True) if record_rank(s) < 0]
    parts = [d for d, s in zip(drafts, records, strict=True) if record_rank(s) >= 0]
    inputs = tuple(m for d in parts for m in d.inputs)
    outputs = tuple(m for d in parts for m in d.outputs)
    if kind is StepKind.TOOL:
        results = tuple(m for m in inputs if m.role is Role.TOOL)
        inputs, outputs = (_as(Role.ASSISTANT, results) if outputs else ()), outputs or results
        outputs = _as(Role.TOOL, outputs)
    texts = {located.text: located for d in reversed(parts) for located in reversed(d.system)}
    system: tuple[Located, ...] = tuple(reversed(texts.values()))
    together = replace(
        merge(kind, parts) if parts else Draft(kind),
        inputs=inputs,
        outputs=outputs,
        system=system,
        tool_calls=tuple(c for d in parts for c in d.tool_calls) if kind is StepKind.LLM else (),
        finish_reasons=tuple(r for d in parts for r in d.finish_reasons),
    )
    return merge(kind, [*whole, together])


def _as(role: Role, messages: Iterable[Message]) -> tuple[Message, ...]:
    return tuple(m.model_copy(update={"role": role}) for m in messages)
