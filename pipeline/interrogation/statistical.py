"""The interrogator that needs no model: templates over detections.

In: steps, detections and spans of one session. Out: `InterrogateResult`. Next: aggregation decides
which candidates are unusual. Pure, blind to the verdict, independent of the order of its input.
"""

import hashlib
from collections.abc import Sequence

from pipeline.conventions.session_facts import read_metadata, read_user
from pipeline.interrogation.flow import outline
from pipeline.interrogation.terms import step_terms
from pipeline.model.detection import Detection, DetectorRole
from pipeline.model.evidence import Located
from pipeline.model.session import Candidate, InterrogateResult, PromptSeen
from pipeline.model.span import Span
from pipeline.model.step import Role, Step, StepKind
from pipeline.traits import sentence

PROMPT_CHARS = 160


class StatisticalInterrogator:
    """One candidate for each trait that a step shows."""

    name = "statistical"
    version = "1"

    def interrogate(
        self, steps: Sequence[Step], detections: Sequence[Detection], spans: Sequence[Span]
    ) -> InterrogateResult:
        """Interrogate one session."""
        ordered = sorted(steps, key=lambda s: (s.start, s.span_id))
        return InterrogateResult(
            outline=outline(ordered),
            candidates=candidates(detections),
            terms=step_terms(ordered),
            prompts=prompts(ordered),
            user=read_user(spans),
            metadata=read_metadata(spans),
            first_user_message=first_user_message(ordered),
            started_at=ordered[0].start if ordered else 0,
        )


def candidates(detections: Sequence[Detection]) -> tuple[Candidate, ...]:
    """One sentence for each (agent, step, trait) with a value; symptoms alone make none."""
    shown = {
        (d.agent, d.step, d.name)
        for d in detections
        if d.value != 0 and d.role is not DetectorRole.SYMPTOM
    }
    return tuple(
        Candidate(agent=agent, step=step, sentence=sentence(agent, trait), traits=(trait,))
        for agent, step, trait in sorted(shown)
    )


def prompts(steps: Sequence[Step]) -> tuple[PromptSeen, ...]:
    """Each agent's distinct system prompts with the first place where each stands."""
    seen: dict[tuple[str, str], PromptSeen] = {}
    for step in steps:
        if not step.agent or step.kind not in (StepKind.AGENT, StepKind.LLM):
            continue
        for part in step.system:
            digest = hashlib.sha256(part.text.encode("utf-8", "replace")).hexdigest()
            start = Located(text=part.text[:PROMPT_CHARS], span_id=part.span_id, field=part.field)
            seen.setdefault(
                (step.agent, digest),
                PromptSeen(agent=step.agent, digest=digest, span_id=part.span_id, content=start),
            )
    return tuple(prompt for _, prompt in sorted(seen.items()))


def first_user_message(steps: Sequence[Step]) -> str | None:
    """sha256 (hex) of the first user message, case and white space evened out."""
    for step in steps:
        for message in step.inputs:
            text = " ".join(message.content.text.casefold().split())
            if message.role is Role.USER and text:
                return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return None
