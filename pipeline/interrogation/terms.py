"""The terms of a step: what came from outside, what the step added, what it dropped.

In: steps. Out: `StepTerms`. Next: the contrast tests each term on each side.

An agent that works alone hands nothing on: its answer is no retelling, so it drops nothing.
An agent's invocation speaks for the agent; where a session shows no text on it, its model calls do.
What follows the first complaint is its consequence and enters no term.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Sequence
from functools import lru_cache

from pipeline.interrogation.texts import incoming, joined, outgoing, terms, written
from pipeline.model.detection import StepTerms
from pipeline.model.step import Message, Step, StepKind
from pipeline.text.complaints import before_complaint

MAX_TERMS = 250
MAX_WITHIN = 400
Writing = tuple[str, int, frozenset[str]]


def step_terms(steps: Sequence[Step]) -> tuple[StepTerms, ...]:
    """The terms of each agent's speaking steps, united over their occurrences."""
    ordered = sorted(steps, key=lambda s: (s.start, s.span_id))
    shown = {s.agent for s in ordered if s.kind is StepKind.AGENT and s.inputs and s.outputs}
    before = _before_complaint(ordered)
    speaking = [s for s in before if s.agent and s.kind in (StepKind.AGENT, StepKind.LLM)]
    written_by = ((s.agent, s.end, terms(written(s))) for s in speaking)
    writings = sorted(written_by, key=lambda w: w[1])
    groups: dict[tuple[str, str], list[Step]] = defaultdict(list)
    for step in speaking:
        if step.kind is StepKind.AGENT or step.agent not in shown:
            groups[step.agent, step.key].append(step)
    return tuple(_of_group(key, group, writings) for key, group in sorted(groups.items()))


def _before_complaint(steps: Sequence[Step]) -> list[Step]:
    """The steps before the first complaint; one around it says what its model calls had said."""
    spoke = {step.span_id for step in steps if step.outputs}
    before = before_complaint(steps)
    calls: dict[str, list[Step]] = defaultdict(list)
    for step in before:
        if step.kind is StepKind.LLM:
            calls[step.agent].append(step)
    return [
        step
        if step.outputs or step.span_id not in spoke
        else step.model_copy(update={"outputs": _said_within(step, calls[step.agent])})
        for step in before
    ]


def _said_within(step: Step, calls: Sequence[Step]) -> tuple[Message, ...]:
    """What the agent's calls within the step said, of very many the last."""
    first = bisect_left(calls, step.start, key=_start)
    own = calls[first : bisect_right(calls, step.end, key=_start)][-MAX_WITHIN:]
    return tuple(message for call in own for message in call.outputs)


def _start(step: Step) -> int:
    return step.start


class _Heard:
    """The terms that other agents had written when a step began; asked in the order of start."""

    def __init__(self, agent: str, writings: Sequence[Writing]) -> None:
        self._to_come = deque(w for w in writings if w[0] != agent)
        self._words: set[str] = set()

    def before(self, start: int) -> set[str]:
        """All that was written to the end by then."""
        while self._to_come and self._to_come[0][1] <= start:
            self._words |= self._to_come.popleft()[2]
        return self._words


def _of_group(
    key: tuple[str, str], group: Sequence[Step], writings: Sequence[Writing]
) -> StepTerms:
    hands_on = any(agent != key[0] for agent, _, _ in writings)
    external: set[str] = set()
    added: set[str] = set()
    dropped: set[str] = set()
    heard = _Heard(key[0], writings)
    for step in group:
        read = terms(joined(incoming(step.inputs)))
        said = terms(joined(outgoing(step.outputs)))
        external |= read - heard.before(step.start)
        added |= said - read - terms(joined(step.system))
        dropped |= (read - said) if said and hands_on else set()
    return StepTerms(
        agent=key[0],
        step=key[1],
        external=_bounded(external),
        added=_bounded(added),
        dropped=_bounded(dropped),
    )


@lru_cache(maxsize=100_000)
def _rank(term: str) -> bytes:
    return hashlib.blake2b(term.encode(), digest_size=8).digest()


def _bounded(words: set[str]) -> tuple[str, ...]:
    """At most `MAX_TERMS`: those with the smallest hashes, so that sessions keep the same ones."""
    kept = sorted(words, key=_rank)[:MAX_TERMS] if len(words) > MAX_TERMS else words
    return tuple(sorted(kept))
