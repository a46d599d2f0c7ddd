"""Authorship: which parts of what an agent was given were written by agents of the same session.

In: the invocations of a session. Out: per invocation its external input (verbatim runs of text that
no agent wrote) and the steps whose output it contains. Next: input detectors look at the external
part only, interrogation draws the data flow from `upstream`.

A sentence counts as written by an earlier answer (or by the arguments of an earlier tool call) when
it stands there, or when most of its three-word runs do. A user who answers an agent writes himself.

Of a long session only what was written last before is looked at, through an index of its words:
comparing every input with every answer would take a day, and all of them at hand a gigabyte.
"""

import re
from bisect import bisect
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import ceil

from pipeline.conventions.invocations import Invocation
from pipeline.model.evidence import Located
from pipeline.model.frozen import Frozen

_WORD = re.compile(r"\w+")
_SEGMENT = re.compile(r"[^\n.!?]+(?:[.!?]+(?=\s|\Z|[\"'}\]])|[.!?]|\n|\Z)\s*")
_RUN = 3
_SHARE = 0.6
_LABEL = 3
_BLOCK = 1_000
Run = tuple[str, ...]


class Authorship(Frozen):
    """Where an invocation's input comes from; `upstream` holds `agent|step`, sorted."""

    external: tuple[Located, ...] = ()
    upstream: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Author:
    """One text of an agent, by the end of what wrote it."""

    agent: str
    step: str
    span_id: str
    end: int
    text: str

    @cached_property
    def words(self) -> str:
        """The words with a blank on each side."""
        return f" {' '.join(_words(self.text))} "

    @cached_property
    def runs(self) -> frozenset[Run]:
        """All runs of words."""
        return _runs(_words(self.text))

    @cached_property
    def n_words(self) -> int:
        """How many they are."""
        return len(_words(self.text))


class _Block:
    """Some authors, and which of them may have written a sentence."""

    def __init__(self, authors: Sequence[_Author]) -> None:
        self.authors = authors
        self._places: dict[str | Run, list[int]] = {}
        for n, author in enumerate(authors):
            words = _words(author.text)
            labels = [author.words] if len(words) <= _LABEL else []
            for key in {*words, *author.runs, *labels}:
                self._places.setdefault(key, []).append(n)

    def candidates(self, words: Sequence[str], runs: frozenset[Run]) -> list[_Author]:
        """All who may pass `_wrote`.

        Who wrote a good part of the runs wrote one of the rarest, whatever else he left out; who
        wrote words too few for a run wrote the rarest of them; the rest are labels.
        """
        said: Collection[str | Run] = runs or set(words)
        n_missing = len(runs) - ceil(_SHARE * len(runs))
        rarest = sorted(said, key=lambda key: len(self._places.get(key, ())))
        keys = set(rarest[: n_missing + 1])
        for length in range(1, _LABEL + 1):
            keys.update(
                f" {' '.join(words[i : i + length])} " for i in range(len(words) - length + 1)
            )
        found = {n for key in keys for n in self._places.get(key, ())}
        return [self.authors[n] for n in sorted(found)]


class _Authors:
    """The authors of a session by time, in blocks of which the latest before a moment are asked."""

    def __init__(self, authors: Sequence[_Author]) -> None:
        self._authors = sorted(authors, key=lambda a: a.end)
        self._ends = [a.end for a in self._authors]
        self._block = lru_cache(maxsize=2)(self._make_block)

    def _make_block(self, number: int) -> _Block:
        """With copies, so that the runs of words go with the block."""
        return _Block([replace(a) for a in self._authors[number * _BLOCK : (number + 1) * _BLOCK]])

    def before(self, moment: int) -> list[_Block]:
        """The block that holds the last author to have ended by then, and the one before it."""
        last = bisect(self._ends, moment) - 1
        return [self._block(n) for n in (last // _BLOCK - 1, last // _BLOCK) if n >= 0]


def read_authorship(invocations: Sequence[Invocation]) -> dict[str, Authorship]:
    """The authorship of each invocation's input, by the invocation's span id."""
    authors = _Authors([a for i in invocations for a in _authors(i)])
    return {i.span_id: _authorship(i, authors) for i in invocations}


def _authors(invocation: Invocation) -> list[_Author]:
    texts: list[tuple[str, int]] = []
    for turn in invocation.turns:
        texts += [(m.content.text, turn.end) for m in turn.outputs]
        texts += [(c.arguments.text, turn.end) for c in turn.tool_calls if c.arguments]
    agent_step = invocation.agent_step
    if agent_step is not None:
        texts += [(m.content.text, agent_step.end) for m in agent_step.outputs]
    distinct = {text: end for text, end in sorted(texts, key=lambda t: -t[1]) if text.strip()}
    name = (invocation.agent, invocation.step, invocation.span_id)
    return [_Author(*name, end, text) for text, end in sorted(distinct.items())]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.replace("\\n", " \n").lower())


def _runs(words: Sequence[str]) -> frozenset[Run]:
    return frozenset(zip(*(words[i:] for i in range(_RUN)), strict=False))


def _authorship(invocation: Invocation, authors: _Authors) -> Authorship:
    external: list[Located] = []
    upstream: set[str] = set()
    starts = {turn.span_id: turn.start for turn in invocation.turns}
    for message in invocation.inputs:
        start = starts.get(message.content.span_id, invocation.start)
        blocks = authors.before(start)
        if blocks:
            asked = _Asked(invocation, start, blocks)
            external += _external(message.content, asked, upstream)
        elif message.content.text.strip():
            external.append(message.content)
    return Authorship(external=tuple(external), upstream=tuple(sorted(upstream)))


@dataclass(frozen=True)
class _Asked:
    """Who may have written what an invocation was given at that moment."""

    invocation: Invocation
    start: int
    blocks: Sequence[_Block]

    def writers(self, words: Sequence[str]) -> list[_Author]:
        """The earlier authors of others' invocations that wrote the words."""
        runs = _runs(words)
        return [
            author
            for block in self.blocks
            for author in block.candidates(words, runs)
            if author.end <= self.start
            and author.span_id != self.invocation.span_id
            and _wrote(author, words, runs, self.invocation.agent)
        ]


def _external(content: Located, asked: _Asked, upstream: set[str]) -> list[Located]:
    """Maximal verbatim runs of sentences that no agent wrote."""
    runs: list[list[int]] = []
    for match in _SEGMENT.finditer(content.text):
        words = _words(match[0])
        writers = asked.writers(words) if words else []
        upstream.update(f"{a.agent}|{a.step}" for a in writers)
        if writers or all(w.isdecimal() and len(w) <= 2 for w in words):  # "1." of a list
            continue
        if runs and runs[-1][1] == match.start():
            runs[-1][1] = match.end()
        else:
            runs.append([match.start(), match.end()])
    pieces = (content.text[start:end].strip() for start, end in runs)
    return [Located(text=p, span_id=content.span_id, field=content.field) for p in pieces if p]


def _wrote(author: _Author, words: Sequence[str], runs: frozenset[Run], agent: str) -> bool:
    own = author.agent == agent
    if (
        len(words) >= _RUN + (2 if own else 0)
        and runs
        and sum(r in author.runs for r in runs) >= _SHARE * len(runs)
    ):
        return True
    if own:
        return False
    said = " ".join(words)
    if len(said) > 2 and f" {said} " in author.words:
        return True
    is_label = author.n_words <= _LABEL and author.n_words * 4 >= len(words)
    return is_label and len(author.words) > 4 and author.words in f" {said} "
