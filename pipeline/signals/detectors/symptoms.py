"""Symptoms: what the user, the last answer, or the root span says of a session. They vote.

In: invocations and spans. Out: `symptom.*` detections on the step whose answer is complained about.
Next: `enrich` turns each family into one synthetic vote.

What a user says counts only where he answers an agent (the call goes on from an earlier one), so a
transcript that is merely handed in is never mistaken for a complaint.
"""

from collections.abc import Iterator, Sequence

from pipeline.conventions.agents import agents_of, span_ref
from pipeline.conventions.invocations import Invocation, Turn
from pipeline.conventions.tree import SpanTree
from pipeline.model.detection import Detection, DetectorRole
from pipeline.model.evidence import Located
from pipeline.model.span import Span, SpanStatus
from pipeline.model.step import Message, Role, Step, StepKind
from pipeline.signals.detectors.made import symptom
from pipeline.signals.text.analysed import analyse
from pipeline.signals.text.excerpts import beginning, excerpt
from pipeline.signals.text.phrases import CORRECTS, GIVES_UP, REFUSES

_MAX_COMPLAINT = 700
_ENTRY_KINDS = (2, 5)


def read_symptoms(
    invocations: Sequence[Invocation], steps: Sequence[Step], spans: Sequence[Span]
) -> list[Detection]:
    """All symptoms of the session."""
    found = [d for i in invocations for d in _user(i)]
    found += [d for i in invocations for d in _refusal(i)]
    found += _empty_output(invocations)
    found += _failed_session(steps, spans)
    return found


def _user(invocation: Invocation) -> Iterator[Detection]:
    earlier: list[frozenset[str]] = []
    answered: Located | None = None
    for turn in invocation.turns:
        for message in turn.inputs:
            if message.role is not Role.USER:
                continue
            if turn.continues and len(message.content.text) <= _MAX_COMPLAINT:
                yield from _complaint(invocation, turn, message, answered)
                yield from _repetition(invocation, turn, message, earlier)
            earlier.append(_said(message))
        answered = turn.outputs[-1].content if turn.outputs else answered


def _complaint(
    invocation: Invocation, turn: Turn, message: Message, answered: Located | None
) -> Iterator[Detection]:
    text = message.content.text.replace("’", "'")
    for name, pattern, confidence, words in (
        ("symptom.user_corrects", CORRECTS, 0.6, "the user corrects the answer"),
        ("symptom.user_gives_up", GIVES_UP, 0.7, "the user gives up"),
    ):
        match = pattern.search(text)
        if match:
            said = excerpt(message.content, *match.span())
            yield symptom(
                name,
                (invocation.agent, invocation.step, turn.span_id),
                confidence=confidence,
                detail=f'{words}: "{match[0].strip()[:80]}"',
                passages=[said, *([beginning(answered)] if answered else [])],
            )


def _repetition(
    invocation: Invocation, turn: Turn, message: Message, earlier: list[frozenset[str]]
) -> Iterator[Detection]:
    said = _said(message)
    if len(said) < 4:
        return
    likeness = max((_jaccard(said, other) for other in earlier), default=0.0)
    if likeness >= 0.8:
        yield symptom(
            "symptom.user_repeats",
            (invocation.agent, invocation.step, turn.span_id),
            confidence=0.4,
            detail="the user says again what he had said before",
            passages=[beginning(message.content)],
        )


def _said(message: Message) -> frozenset[str]:
    return analyse(message.content.text).stems


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    union = len(one | other)
    return len(one & other) / union if union else 0.0


def _refusal(invocation: Invocation) -> Iterator[Detection]:
    for message in invocation.outputs:
        text = message.content.text.replace("’", "'")
        match = REFUSES.search(text[:400])
        if match and len(text) <= 1500:
            yield symptom(
                "symptom.refusal",
                (invocation.agent, invocation.step, invocation.span_id),
                confidence=0.5,
                detail=f'the last answer refuses: "{match[0].strip()[:80]}"',
                passages=[excerpt(message.content, *match.span())],
                role=DetectorRole.BOTH,
            )
            return


def _empty_output(invocations: Sequence[Invocation]) -> Iterator[Detection]:
    """The session's last invocation says something, and that is nothing."""
    last = max(invocations, key=lambda i: (i.end, i.start, i.span_id), default=None)
    if last is None:
        return
    face = next((s for s in last.steps if s.span_id == last.span_id), None)
    model = last.llm_steps[-1] if last.llm_steps else None
    speaking = [s for s in (model, face) if s is not None and s.outputs_recorded]
    silent = [s for s in speaking if not _speaks(s)]
    if silent and len(silent) == len(speaking):
        yield symptom(
            "symptom.empty_output",
            (last.agent, last.step, silent[0].span_id),
            confidence=0.8,
            detail="the last answer of the session is empty",
            passages=[beginning(m.content) for m in last.inputs[-1:]],
        )


def _speaks(step: Step) -> bool:
    return bool(step.tool_calls) or any(m.content.text.strip() for m in step.outputs)


def _failed_session(steps: Sequence[Step], spans: Sequence[Span]) -> Iterator[Detection]:
    """The session's last root span ended with an error."""
    root = last_root(spans)
    if root is None or root.status is not SpanStatus.ERROR:
        return
    failed = [s for s in steps if s.failed and s.kind is not StepKind.WORKFLOW]
    to_blame = max(failed, key=lambda s: (s.start, s.span_id), default=None)
    agent = to_blame.agent if to_blame else agents_of(SpanTree(spans))[span_ref(root)]
    error = to_blame.error if to_blame else None
    said = root.status_message
    yield symptom(
        "symptom.failed_session",
        (agent, to_blame.key if to_blame else "workflow:session", root.span_id),
        confidence=0.9,
        detail="the session's root span ended with an error",
        passages=[
            *([beginning(error)] if error else []),
            *(
                [beginning(Located(text=said, span_id=root.span_id, field="status.message"))]
                if said
                else []
            ),
        ],
    )


def last_root(spans: Sequence[Span]) -> Span | None:
    """The root that started last: without a parent, or an entry whose caller was not traced here."""
    known = {(s.trace_id, s.span_id) for s in spans}
    roots = [s for s in spans if is_root(s, known)]
    return max(roots, key=lambda s: (s.start, s.span_id), default=None)


def is_root(span: Span, known: set[tuple[str, str]]) -> bool:
    """No parent, or a server or consumer span whose parent was not received."""
    if span.parent_id is None:
        return True
    return span.kind in _ENTRY_KINDS and (span.trace_id, span.parent_id) not in known
