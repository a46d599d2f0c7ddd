"""Exchanges: the two sides of a handoff, from what was handed in to the answer that follows it.

In: an invocation. Out: its exchanges; a pipeline agent has one, a chat one per message it answers.
Next: the handoff detectors compare the sides of each and pool the counts.
"""

from bisect import bisect
from collections import deque
from collections.abc import Iterator, Sequence
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
_MAX_TEXTS = 400
_MAX_EARLIER = 200
"""Fewer than `analyse` remembers, so that the next exchange finds them read."""


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

    @cached_property
    def values(self) -> tuple[float, ...]:
        """The distinct values of all numbers, in the order in which they stand."""
        return tuple(dict.fromkeys(i.value for _, i in self.items if i.kind == "number"))

    def keys(self, *kinds: str) -> frozenset[str]:
        """Keys of all items of these kinds."""
        return frozenset().union(*(self._by_kind.get(kind, set[str]()) for kind in kinds))

    def has(self, key: str, *kinds: str) -> bool:
        """An item of one of these kinds has that key."""
        return any(key in self._by_kind.get(kind, ()) for kind in kinds)

    def says(self, word: str) -> bool:
        """The lower-case word stands there."""
        return word in self._bare_words

    @cached_property
    def _by_kind(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for _, analysed in self.read:
            for kind, keys in analysed.keys.items():
                found.setdefault(kind, set()).update(keys)
        return found

    @cached_property
    def _bare_words(self) -> frozenset[str]:
        return frozenset().union(*(a.bare_words for _, a in self.read))

    def holds(self, text: str) -> bool:
        """The lower-case text stands there, perhaps within a word."""
        return any(text in a.lower for _, a in self.read)

    @property
    def n_chars(self) -> int:
        """Length of all texts."""
        return sum(len(t.text) for t in self.texts)


@dataclass(frozen=True)
class Exchange:
    """What was handed in, what tools gave back, and the answer. `earlier` is all text before it.

    `is_cut`: there was more of it than is compared, so nobody can say what stands nowhere.
    """

    given: Side
    results: Side
    answer: Side
    earlier: Side
    tools: tuple[Step, ...]
    is_chat: bool = False
    is_cut: bool = False

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


def read_exchanges(invocation: Invocation) -> Iterator[Exchange]:
    """The exchanges of an invocation that have both sides, one at a time: each holds a lot."""
    groups = _groups(invocation.turns)
    if not groups:
        yield from _single(invocation)
        return
    results_of, tools_of = (
        _results_by_group(invocation, groups),
        _tools_by_group(invocation, groups),
    )
    earlier: deque[Located] = deque(maxlen=_MAX_EARLIER)
    n_earlier = 0
    for index, group in enumerate(groups):
        results = results_of.get(index, [])
        given = [m.content for t in group for m in t.inputs if m.role is Role.USER]
        answer = _answer(invocation, group, is_last=index == len(groups) - 1)
        if answer and (given or results):
            before = (*invocation.system, *earlier)
            sides = (_side(given), _side(results), Side(answer), Side(before))
            is_cut = max(len(given), len(results)) > _MAX_TEXTS or n_earlier > _MAX_EARLIER
            tools = tuple(tools_of.get(index, ()))
            yield Exchange(*sides, tools, is_chat=len(groups) > 1, is_cut=is_cut)
        earlier.extend((*given, *results, *answer))
        n_earlier += len(given) + len(results) + len(answer)


def _side(texts: Sequence[Located]) -> Side:
    """All texts, of very many the first and the last: comparing costs time and room for each."""
    if len(texts) <= _MAX_TEXTS:
        return Side(tuple(texts))
    return Side((*texts[: _MAX_TEXTS // 2], *texts[-_MAX_TEXTS // 2 :]))


def _single(invocation: Invocation) -> Iterator[Exchange]:
    answer = _spoken(invocation.outputs)
    given = tuple(m.content for m in invocation.inputs)
    results = tuple(m.content for m in invocation.tool_results)
    if not answer or not (given or results):
        return
    sides = (_side(given), _side(results), Side(answer), Side(invocation.system))
    is_cut = max(len(given), len(results)) > _MAX_TEXTS
    yield Exchange(*sides, invocation.tool_steps, is_cut=is_cut)


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


def _results_by_group(
    invocation: Invocation, groups: Sequence[list[Turn]]
) -> dict[int, list[Located]]:
    """What tools gave back: where a turn read it, else while which exchange the tool began."""
    places = _tool_places(invocation, groups)
    places |= {turn.span_id: index for index, group in enumerate(groups) for turn in group}
    found: dict[int, list[Located]] = {}
    for message in invocation.tool_results:
        index = places.get(message.content.span_id)
        if index is not None:
            found.setdefault(index, []).append(message.content)
    return found


def _tools_by_group(invocation: Invocation, groups: Sequence[list[Turn]]) -> dict[int, list[Step]]:
    places = _tool_places(invocation, groups)
    found: dict[int, list[Step]] = {}
    for step in invocation.tool_steps:
        found.setdefault(places[step.span_id], []).append(step)
    return found


def _tool_places(invocation: Invocation, groups: Sequence[list[Turn]]) -> dict[str, int]:
    """The exchange that had begun last when each tool began; the first for what came before."""
    starts = [group[0].start for group in groups]
    return {s.span_id: max(0, bisect(starts, s.start) - 1) for s in invocation.tool_steps}


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
