"""How a detection is made: name, family and role in one place.

In: what a detector found. Out: `Detection`. Next: `enrich` collects them.
"""

from collections.abc import Iterable

from pipeline.model.detection import Detection, DetectorRole
from pipeline.model.evidence import Located

MAX_PASSAGES = 6


def trait(
    name: str,
    where: tuple[str, str, str],
    value: float,
    *,
    confidence: float = 1.0,
    detail: str = "",
    passages: Iterable[Located] = (),
) -> Detection:
    """A trait at `where` = (agent, step key, span id)."""
    return _made(name, DetectorRole.TRAIT, where, value, confidence, detail, passages)


def symptom(
    name: str,
    where: tuple[str, str, str],
    *,
    confidence: float,
    detail: str,
    passages: Iterable[Located] = (),
    role: DetectorRole = DetectorRole.SYMPTOM,
) -> Detection:
    """A symptom: it votes with its confidence; its family is its own full name."""
    return _made(name, role, where, 1.0, confidence, detail, passages)


def _made(
    name: str,
    role: DetectorRole,
    where: tuple[str, str, str],
    value: float,
    confidence: float,
    detail: str,
    passages: Iterable[Located],
) -> Detection:
    agent, step, span_id = where
    return Detection(
        name=name,
        family=name.partition(".")[0] if role is DetectorRole.TRAIT else name,
        role=role,
        agent=agent,
        step=step,
        span_id=span_id,
        value=round(float(value), 6),
        confidence=round(min(1.0, max(0.0, confidence)), 4),
        detail=detail,
        passages=tuple(p for p in passages if p.text)[:MAX_PASSAGES],
    )
