"""Symptoms: what the user, the last answer, or the root span says of a session. They vote.

In: invocations with their complaints, and spans. Out: `symptom.*` detections on the step whose
answer is complained about. Next: `enrich` turns each family into one synthetic vote.
"""

from collections.abc import Iterator, Sequence

from pipeline.conventions.agents import agents_of
from pipeline.conventions.invocations import Invocation
from pipeline.conventions.tree import SpanTree, span_ref
from pipeline.model.detection import Detection, DetectorRole
from pipeline.model.evidence import Located
from pipeline.model.span import Span, SpanStatus
from pipeline.model.step import Step, StepKind
from pipeline.signals.detectors.made import symptom
from pipeline.text.complaints import read_complaints
from pipeline.text.excerpts import beginning, excerpt
from pipeline.text.phrases import REFUSES

_ENTRY_KINDS = (2, 5)
_WORDS = {
    "symptom.user_corrects": (0.6, "the user corrects the answer"),
    "symptom.user_gives_up": (0.7, "the user gives up"),
    "symptom.user_repeats": (0.4, "the user says again what he had said before"),
}


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
    for complaint in read_complaints(invocation):
        confidence, words = _WORDS[complaint.name]
        text = complaint.message.content
        if complaint.name == "symptom.user_repeats":
            shown = [beginning(text)]
        else:
            phrase = text.text.replace("’", "'")[complaint.start : complaint.end]
            words = f'{words}: "{phrase.strip()[:80]}"'
            answered = [beginning(complaint.answered)] if complaint.answered else []
            shown = [excerpt(text, complaint.start, complaint.end), *answered]
        yield symptom(
            complaint.name,
            (invocation.agent, invocation.step, complaint.turn.span_id),
            confidence=confidence,
            detail=words,
            passages=shown,
        )


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
