"""Enrich: steps become detections, symptoms become synthetic votes.

In: the steps of one session and its spans. Out: `EnrichResult`, a pure function of both. Next:
`verdict` counts the votes, aggregation tests the traits.

Of several occurrences of one (agent, step, name) the worst is kept, since that is the trait's value
for the session. Symptoms are read from the whole session, traits only from what came before the
first complaint. Passages that do not stand word for word in a string of their span are dropped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from pipeline.conventions.authorship import read_authorship
from pipeline.conventions.invocations import Invocation, read_invocations
from pipeline.conventions.quotes import is_text, read_field
from pipeline.model.detection import Detection, DetectorRole
from pipeline.model.evidence import Located
from pipeline.model.session import EnrichResult
from pipeline.model.signal import SignalSource, Vote
from pipeline.model.span import Span
from pipeline.model.step import Step, StepKind
from pipeline.signals.detectors.config import read_config
from pipeline.signals.detectors.handoff import read_handoffs
from pipeline.signals.detectors.inputs import read_inputs
from pipeline.signals.detectors.run import read_run
from pipeline.signals.detectors.symptoms import is_root, read_symptoms
from pipeline.text.complaints import before_complaint


def enrich(steps: Sequence[Step], spans: Sequence[Span]) -> EnrichResult:
    """All detections of the session, the votes of its symptoms, and whether it came to an end."""
    invocations = read_invocations(steps)
    found = chain(read_symptoms(invocations, steps, spans), _traits(steps, invocations))
    detections = _verbatim(_worst(found), spans)
    return EnrichResult(
        detections=detections,
        votes=_votes(detections),
        completed=_completed(invocations, steps, spans),
    )


def _traits(steps: Sequence[Step], invocations: Sequence[Invocation]) -> Iterator[Detection]:
    """All that is only tested, read from what came before the first complaint.

    An invocation at a time: together they have hundreds of thousands in a long session.
    """
    before = before_complaint(steps)
    known = read_invocations(before) if len(before) < len(steps) else invocations
    yield from read_run(known, before)
    authorship = read_authorship(known)
    for one in known:
        yield from read_config([one])
        yield from read_inputs([one], authorship)
        yield from read_handoffs([one])


def _worst(found: Iterable[Detection]) -> tuple[Detection, ...]:
    """The worst occurrence of each (agent, step, name), sorted."""
    kept: dict[tuple[str, str, str], Detection] = {}
    for detection in found:
        key = (detection.agent, detection.step, detection.name)
        if key not in kept or _severity(detection) < _severity(kept[key]):
            kept[key] = detection
    return tuple(kept[key] for key in sorted(kept))


def _severity(detection: Detection) -> tuple[float, float, str]:
    """The smaller, the worse."""
    return -detection.value, -detection.confidence, detection.span_id


def _votes(detections: Sequence[Detection]) -> tuple[Vote, ...]:
    """One negative vote a symptom family, with the confidence of its surest detection."""
    weights: dict[str, float] = {}
    for detection in detections:
        if detection.role is not DetectorRole.TRAIT:
            weights[detection.family] = max(
                detection.confidence, weights.get(detection.family, 0.0)
            )
    return tuple(
        Vote(source=SignalSource.SYNTHETIC, negative=True, weight=w, name=family, family=family)
        for family, w in sorted(weights.items())
        if w > 0
    )


def _completed(
    invocations: Sequence[Invocation], steps: Sequence[Step], spans: Sequence[Span]
) -> bool:
    """Somebody said something, and every trace ended: its root came, or its last word is an answer.

    The second half is for parents that are never exported (a browser, a service that samples): such
    a trace is open only while its last invocation still owes an answer.
    """
    known = {(s.trace_id, s.span_id) for s in spans}
    ended = {s.trace_id for s in spans if is_root(s, known)}
    ended |= _answered_traces(invocations, {s.span_id: s.trace_id for s in spans})
    answered = any(m.content.text.strip() for i in invocations for m in i.outputs)
    unrecorded = not answered and not any(
        s.outputs_recorded for s in steps if s.kind is StepKind.LLM
    )
    spoke = answered or (unrecorded and any(s.output_tokens for s in steps))
    return spoke and all(s.trace_id in ended for s in spans)


def _answered_traces(
    invocations: Sequence[Invocation], trace_of: Mapping[str, str]
) -> set[str | None]:
    """Traces whose last invocation has an output."""
    last: dict[str | None, Invocation] = {}
    for invocation in sorted(invocations, key=lambda i: (i.end, i.span_id)):
        last[trace_of.get(invocation.span_id)] = invocation
    return {trace for trace, i in last.items() if any(m.content.text.strip() for m in i.outputs)}


def _verbatim(detections: Sequence[Detection], spans: Sequence[Span]) -> tuple[Detection, ...]:
    by_id: dict[str, list[Span]] = {}
    for span in spans:
        by_id.setdefault(span.span_id, []).append(span)
    return tuple(
        d.model_copy(update={"passages": kept})
        if len(kept := tuple(p for p in d.passages if _stands(p, by_id))) < len(d.passages)
        else d
        for d in detections
    )


def _stands(passage: Located, by_id: dict[str, list[Span]]) -> bool:
    for span in by_id.get(passage.span_id, ()):
        text = read_field(span, passage.field)
        if text is not None and passage.text in text and is_text(span, passage.field):
            return True
    return False
