"""Exchanges: the two sides of a handoff, from what was handed in to the answer that follows it.

In: an invocation. Out: its exchanges; a pipeline agent has one, a chat one per message it answers.
Next: the handoff detectors compare the sides of each and pool the counts.
"""

from dataclasses import dataclass
from functools import cached_property

from pipeline.conventions.invocations import Invocation, Turn
from pipeline.model.evidence import Located
from pipeline.model.step import Message, Role, Step
from pipeline.signals.detectors.run import is_error_text
from pipeline.text.analysed import Analysed, analyse
from pipeline.text.items import Item

_LABEL_WORDS = 12
_DOCUMENT_CHARS = 600


@dataclass(frozen=True)
class Side:
    """Located texts of one side."""

    texts: tuple[Located, ...]

    @cached_property
    def read(self) -> tuple[tuple[Located, Analysed], ...]:
        """Each text with its analysis."""
        return tuple((t, analyse(t.text)) for t in self.texts)

    @cached_property
    def items(self) -> tuple[tuple[Located, Item], ...]:
        """All items with the text they stand in."""
        return tuple((t, i) for t, a in self.read for i in a.items)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Keys of all numbers."""
        return self.keys("number")

    def keys(self, *kinds: str) -> frozenset[str]:
        """Keys of all items of these kinds."""
        return frozenset().union(
            *(a.keys.get(kind, frozenset()) for _, a in self.read for kind in kinds)
        )

    def has(self, key: str, *kinds: str) -> bool:
        """An item of one of these kinds has that key."""
        return any(key in a.keys.get(kind, ()) for _, a in self.read for kind in kinds)

    def says(self, word: str) -> bool:
        """The lower-case word stands there."""
        return any(word in a.bare_words for _, a in self.read)

    def holds(self, text: str) -> bool:
        """The lower-case text stands there, perhaps within a word."""
        return any(text in a.lower for _, a in self.read)

    @property
    def n_chars(self) -> int:
        """Length of all texts."""
        return sum(len(t.text) for t in self.texts)


@dataclass(frozen=True)
class Exchange:
    """What was handed in, what tools gave back, and the answer. `earlier` is all text before it."""

    given: Side
    results: Side
    answer: Side
    earlier: Side
    tools: tuple[Step, ...]
    is_chat: bool = False

    @cached_property
    def narrated(self) -> Side:
        """What the answer is expected to retell: in a chat only documents, not what the user says."""
        least = _DOCUMENT_CHARS if self.is_chat else 0
        texts = (t for t in self.source.texts if len(t.text) >= least)
        return Side(tuple(t for t in texts if not is_error_text(t.text)))

    @cached_property
    def source(self) -> Side:
        """Handed in and given back by tools."""
        return Side((*self.given.texts, *self.results.texts))

    @cached_property
    def is_label(self) -> bool:
        """A bare label (a class, a yes or no): a short answer that carries nothing of its source."""
        if sum(len(a.words) for _, a in self.answer.read) > _LABEL_WORDS:
            return False
        exact = self.answer.keys("id", "date", "time")
        return not exact and not self.answer.keys("number", "name") & self.source.keys(
            "number", "name"
        )


def read_exchanges(invocation: Invocation) -> tuple[Exchange, ...]:
    """The exchanges of an invocation that have both sides."""
    groups = _groups(invocation.turns)
    if not groups:
        return _single(invocation)
    starts = [g[0].start for g in groups[1:]]
    found: list[Exchange] = []
    earlier: list[Located] = list(invocation.system)
    for index, group in enumerate(groups):
        begin = group[0].start if index else 0
        end = starts[index] if index < len(starts) else None
        results = _between(invocation, group, begin, end)
        given = [m.content for t in group for m in t.inputs if m.role is Role.USER]
        answer = _answer(invocation, group, is_last=end is None)
        tools = tuple(
            s for s in invocation.tool_steps if begin <= s.start and (end is None or s.start < end)
        )
        if answer and (given or results):
            sides = (Side(tuple(given)), Side(tuple(results)), Side(answer), Side(tuple(earlier)))
            found.append(Exchange(*sides, tools, is_chat=len(groups) > 1))
        earlier += [*given, *results, *answer]
    return tuple(found)


def _single(invocation: Invocation) -> tuple[Exchange, ...]:
    answer = _spoken(invocation.outputs)
    given = tuple(m.content for m in invocation.inputs)
    results = tuple(m.content for m in invocation.tool_results)
    if not answer or not (given or results):
        return ()
    sides = (Side(given), Side(results), Side(answer), Side(invocation.system))
    return (Exchange(*sides, invocation.tool_steps),)


def _groups(turns: tuple[Turn, ...]) -> list[list[Turn]]:
    """A turn in which the user answers begins a new exchange."""
    groups: list[list[Turn]] = []
    for turn in turns:
        begins = turn.continues and any(m.role is Role.USER for m in turn.inputs)
        if begins or not groups:
            groups.append([turn])
        else:
            groups[-1].append(turn)
    return groups


def _between(
    invocation: Invocation, group: list[Turn], begin: int, end: int | None
) -> list[Located]:
    own = {t.span_id for t in group}
    starts = {s.span_id: s.start for s in invocation.tool_steps}
    return [
        m.content
        for m in invocation.tool_results
        if m.content.span_id in own
        or (
            m.content.span_id in starts
            and begin <= starts[m.content.span_id]
            and (end is None or starts[m.content.span_id] < end)
        )
    ]


def _answer(invocation: Invocation, group: list[Turn], *, is_last: bool) -> tuple[Located, ...]:
    if is_last and invocation.agent_step is not None and invocation.agent_step.outputs:
        return _spoken(invocation.outputs)
    for turn in reversed(group):
        spoken = _spoken(turn.outputs)
        if spoken:
            return spoken
    return ()


def _spoken(messages: tuple[Message, ...]) -> tuple[Located, ...]:
    return tuple(m.content for m in messages if m.content.text.strip())
