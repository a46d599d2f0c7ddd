"""Quotes: chosen from the rows, read back from the spans, true to the byte or left out.

In: a contrast, session rows, the spans of the sessions to read. Out: verified `Evidence` from
failing and from healthy sessions. Next: the finding.

A failing session is quoted with what the blamed step was given, what it made of it, and what the
last agent said; healthy ones with the same step's output.
"""

from collections.abc import Iterable, Mapping, Sequence

from pipeline.conventions.quotes import read_field
from pipeline.conventions.steps import read_again
from pipeline.investigation.result import ContrastResult, FeatureResult
from pipeline.investigation.wording import tried
from pipeline.model.detection import Detection
from pipeline.model.evidence import Evidence, Located
from pipeline.model.session import SessionRow, StepOutline
from pipeline.model.span import Span
from pipeline.model.step import Step
from pipeline.traits import TERM, Tier, conditions_of

MAX_FAILING = 3
MAX_HEALTHY = 2
MAX_PASSAGES = 4
MAX_A_SESSION = MAX_PASSAGES + 1
MAX_QUOTE = 400
AROUND = 120
Spans = Mapping[str, Sequence[Span]]


def verify(evidence: Evidence, spans: Iterable[Span]) -> Evidence:
    """The same evidence, `verified` when the quote stands at its field of its span."""
    stands = any(
        evidence.quote and evidence.quote in (read_field(span, evidence.field) or "")
        for span in spans
        if span.span_id == evidence.span_id
    )
    return evidence.model_copy(update={"verified": stands})


def sessions_to_quote(result: ContrastResult, rows: Sequence[SessionRow]) -> tuple[str, ...]:
    """Failing sessions with the most telling passages, then healthy ones."""
    failing = [row.session_id for row in _telling(result, rows)]
    return (*failing, *result.healthy_ids[:MAX_HEALTHY])


def collect(
    result: ContrastResult, rows: Sequence[SessionRow], spans: Spans
) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """Verified quotes of failing and of healthy sessions."""
    by_id = {row.session_id: row for row in rows}
    failing = [
        quote
        for row in _telling(result, rows)
        for quote in _verified(row, _failing_places(result, row, spans), spans)
    ]
    healthy = [
        quote
        for session_id in result.healthy_ids[:MAX_HEALTHY]
        if session_id in by_id
        for quote in _verified(by_id[session_id], _healthy_places(result, by_id[session_id]), spans)
    ]
    return tuple(failing), tuple(healthy)


def telling_detail(result: ContrastResult, rows: Sequence[SessionRow]) -> str:
    """The detail of the blamed feature in the most telling failing session."""
    for row in _telling(result, rows):
        for detection in _detections(result, row):
            if detection.detail and detection.family != "config":
                return detection.detail.rstrip(".")
    return ""


def _telling(result: ContrastResult, rows: Sequence[SessionRow]) -> list[SessionRow]:
    chosen = set(result.failing_ids)
    found = [row for row in rows if row.session_id in chosen]

    def key(row: SessionRow) -> tuple[bool, int, float, str]:
        shown = _detections(result, row)
        quotable = sum(len(d.passages) for d in shown)
        worst = max((d.value for d in shown), default=0.0)
        return (not row.verdict.confirmed, -min(2, quotable), -worst, row.session_id)

    return sorted(found, key=key)[:MAX_FAILING]


def _detections(result: ContrastResult, row: SessionRow) -> list[Detection]:
    """Detections of the blamed feature, then of the agent's other separating hard traits."""
    if result.blamed is None:
        return []
    others = [r for r in result.rivals if _belongs(r, result.blamed)]
    named = [*_named(result.blamed), *((r.agent, r.step, r.feature) for r in others)]
    order = {name: i for i, name in reversed([*enumerate(named)])}
    shown = [d for d in row.enrich.detections if (d.agent, d.step, d.name) in order and d.value > 0]
    return sorted(shown, key=lambda d: order[d.agent, d.step, d.name])


def _named(blamed: FeatureResult) -> Sequence[tuple[str, str, str]]:
    """The traits that the blamed feature is made of: itself, or the conditions of a rule."""
    if not tried(blamed).is_rule:
        return [(blamed.agent, blamed.step, blamed.feature)]
    conditions = conditions_of(blamed.feature)
    return [(blamed.agent, c.step, c.trait) for c in conditions if not c.below]


def _belongs(rival: FeatureResult, blamed: FeatureResult) -> bool:
    return rival.agent == blamed.agent and tried(rival).meaning.tier is Tier.HARD


def _failing_places(result: ContrastResult, row: SessionRow, spans: Spans) -> Iterable[Located]:
    passages = [place for d in _detections(result, row)[:2] for place in _passages(d)]
    yield from passages[:MAX_PASSAGES]
    if result.blamed is not None and len(passages) < MAX_PASSAGES:
        yield from _around_term(result.blamed, row, spans)
        yield from _samples(row, result.blamed.agent, result.blamed.step)
    yield from _said(row, result.surfaced_agent)


def _passages(detection: Detection) -> Sequence[Located]:
    """A pair of input and output; of a changed order both items, in both orders."""
    if detection.name == "handoff.order" and len(detection.passages) >= MAX_PASSAGES:
        first, answer_first, second, answer_second = detection.passages[:MAX_PASSAGES]
        return (first, second, answer_first, answer_second)
    return detection.passages[:2]


def _healthy_places(result: ContrastResult, row: SessionRow) -> Iterable[Located]:
    if result.blamed is not None:
        yield from _samples(row, result.blamed.agent, result.blamed.step)
    yield from _said(row, result.surfaced_agent)


def _samples(row: SessionRow, agent: str, step: str) -> Iterable[Located]:
    outlines = [o for o in row.interrogate.outline if o.agent == agent]
    for o in sorted(outlines, key=lambda o: (o.step != step, o.order, o.step))[:1]:
        yield from (place for place in (o.sample_in, o.sample_out) if place is not None)


def _said(row: SessionRow, agent: str) -> Iterable[Located]:
    def key(o: StepOutline) -> tuple[int, str]:
        return (-o.order, o.step)

    spoke = [o for o in row.interrogate.outline if o.agent == agent and o.sample_out]
    for o in sorted(spoke, key=key)[:1]:
        if o.sample_out is not None:
            yield o.sample_out


def _around_term(blamed: FeatureResult, row: SessionRow, spans: Spans) -> Iterable[Located]:
    """For a term: the words around it, where the step read or wrote it."""
    for agent, key, name in _named(blamed):
        if name.startswith(TERM):
            _, side, term = name.split(":", 2)
            steps = read_again(spans.get(row.session_id, ()))
            yield from _first_around(
                [s for s in steps if (s.agent, s.key) == (agent, key)], side, term
            )


def _first_around(steps: Sequence[Step], side: str, term: str) -> Iterable[Located]:
    for step in steps:
        for message in step.outputs if side == "added" else step.inputs:
            at = message.content.text.lower().find(term)
            if at >= 0:
                text = message.content.text[max(0, at - AROUND) : at + len(term) + AROUND]
                yield message.content.model_copy(update={"text": text.strip()})
                return


def _verified(row: SessionRow, places: Iterable[Located], spans: Spans) -> Iterable[Evidence]:
    """Each place once, those that stand, a few a session."""
    kept: list[Evidence] = []
    for place in places:
        quote = place.text[:MAX_QUOTE].strip()
        claim = Evidence(
            session_id=row.session_id, span_id=place.span_id, field=place.field, quote=quote
        )
        checked = verify(claim, spans.get(row.session_id, ()))
        same = any(quote in k.quote or k.quote in quote for k in kept)
        if checked.verified and not same:
            kept.append(checked)
    return kept[:MAX_A_SESSION]
