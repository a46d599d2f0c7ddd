"""Complaints: where a user corrects an agent, says again what he had said, or gives up.

In: invocations or steps. Out: each complaint; the moment of the first one; the steps before it.
Next: `symptoms` turns complaints into votes. Traits and terms are read from the steps before the
first complaint only: what is said and done from there on follows the failure that the complaint
votes on, so it is no evidence of a cause.

What a user says counts only where he answers an agent (the call goes on from an earlier one), so a
transcript that is merely handed in is never mistaken for a complaint.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.conventions.invocations import Invocation, Turn, read_invocations
from pipeline.model.evidence import Located
from pipeline.model.step import Message, Role, Step, StepKind
from pipeline.text.analysed import analyse
from pipeline.text.phrases import CORRECTS, GIVES_UP

_MAX_COMPLAINT = 700
_MIN_STEMS = 4
_ALIKE = 0.8
_MAX_EARLIER = 200
_PHRASES = (("symptom.user_corrects", CORRECTS), ("symptom.user_gives_up", GIVES_UP))


@dataclass(frozen=True)
class Complaint:
    """What a user complained with, in which turn; `answered` is what the agent had said before.

    `start` and `end` are the place of the phrase in the message, the whole of it for a repetition.
    """

    name: str
    invocation: Invocation
    turn: Turn
    message: Message
    answered: Located | None
    start: int
    end: int


def read_complaints(invocation: Invocation) -> Iterator[Complaint]:
    """The complaints of an invocation in the order they were made."""
    earlier: deque[frozenset[str]] = deque(maxlen=_MAX_EARLIER)
    answered: Located | None = None
    for turn in invocation.turns:
        for message in turn.inputs:
            if message.role is not Role.USER:
                continue
            if turn.continues and len(message.content.text) <= _MAX_COMPLAINT:
                for name, start, end in _said(message, earlier):
                    yield Complaint(name, invocation, turn, message, answered, start, end)
            earlier.append(analyse(message.content.text).stems)
        answered = turn.outputs[-1].content if turn.outputs else answered


def _said(message: Message, earlier: Iterable[frozenset[str]]) -> Iterator[tuple[str, int, int]]:
    text = message.content.text.replace("’", "'")
    for name, pattern in _PHRASES:
        match = pattern.search(text)
        if match:
            yield name, *match.span()
    stems = analyse(message.content.text).stems
    if len(stems) >= _MIN_STEMS and any(_jaccard(stems, e) >= _ALIKE for e in earlier):
        yield "symptom.user_repeats", 0, len(text)


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    union = len(one | other)
    return len(one & other) / union if union else 0.0


def before_complaint(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps before the first complaint; all of them where nobody complains.

    Of a step that was still running then (the agent span around a whole chat) only what it was
    given before the complaint is left: its answer, error and tokens came afterwards.
    """
    cut = _cut(steps)
    if cut is None:
        return tuple(steps)
    at, complaint = cut
    return tuple(_stopped(s, at, complaint) for s in steps if s.start < at)


def _cut(steps: Sequence[Step]) -> tuple[int, Message] | None:
    """When the turn with the first complaint began, and its message, if a model was called before."""
    found = [c for i in read_invocations(steps) for c in read_complaints(i)]
    first = min(found, key=lambda c: (c.turn.start, c.turn.span_id, c.name), default=None)
    if first is None:
        return None
    at = _turn_began(first.turn, steps)
    answered = any(s.kind is StepKind.LLM and s.start < at for s in steps)
    return (at, first.message) if answered else None


def _turn_began(turn: Turn, steps: Sequence[Step]) -> int:
    """The start of the outermost step around the call that began after the agent's last answer."""
    by_id = {s.span_id: s for s in steps}
    own = (s for s in steps if s.kind is StepKind.LLM and s.agent == turn.agent)
    answered = max((s.end for s in own if s.end <= turn.start), default=turn.start)
    began, seen = turn.start, {turn.span_id}
    around = by_id.get(by_id[turn.span_id].parent_span_id or "")
    while around is not None and around.start >= answered and around.span_id not in seen:
        seen.add(around.span_id)
        began = min(began, around.start)
        around = by_id.get(around.parent_span_id or "")
    return began


def _stopped(step: Step, at: int, complaint: Message) -> Step:
    if step.end <= at:
        return step
    said = [m.content.text for m in step.inputs]
    text = complaint.content.text
    n_before = said.index(text) if text in said else len(said)
    return step.model_copy(
        update={
            "end": at,
            "inputs": step.inputs[:n_before],
            "outputs": (),
            "outputs_recorded": False,
            "failed": False,
            "error": None,
            "input_tokens": None,
            "output_tokens": None,
        }
    )
