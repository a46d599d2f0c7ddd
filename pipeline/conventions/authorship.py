"""Authorship: which parts of what an agent was given were written by agents of the same session.

In: the invocations of a session. Out: per invocation its external input (verbatim runs of text that
no agent wrote) and the steps whose output it contains. Next: input detectors look at the external
part only, interrogation draws the data flow from `upstream`.

A sentence counts as written by an earlier answer (or by the arguments of an earlier tool call) when
it stands there, or when most of its three-word runs do. A user who answers an agent writes himself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.conventions.invocations import Invocation
from pipeline.model.evidence import Located
from pipeline.model.frozen import Frozen

_WORD = re.compile(r"\w+")
_SEGMENT = re.compile(r"[^\n.!?]+(?:[.!?]+(?=\s|\Z|[\"'}\]])|[.!?]|\n|\Z)\s*")
_RUN = 3
_SHARE = 0.6


class Authorship(Frozen):
    """Where an invocation's input comes from; `upstream` holds `agent|step`, sorted."""

    external: tuple[Located, ...] = ()
    upstream: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Author:
    agent: str
    step: str
    span_id: str
    end: int
    words: str
    runs: frozenset[tuple[str, ...]]
    n_words: int


def read_authorship(invocations: Sequence[Invocation]) -> dict[str, Authorship]:
    """The authorship of each invocation's input, by the invocation's span id."""
    authors = [a for i in invocations for a in _authors(i)]
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
    return [_author(invocation, text, end) for text, end in sorted(distinct.items())]


def _author(invocation: Invocation, text: str, end: int) -> _Author:
    words = _words(text)
    return _Author(
        agent=invocation.agent,
        step=invocation.step,
        span_id=invocation.span_id,
        end=end,
        words=f" {' '.join(words)} ",
        runs=_runs(words),
        n_words=len(words),
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(text.replace("\\n", " \n").lower())


def _runs(words: list[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(zip(*(words[i:] for i in range(_RUN)), strict=False))


def _authorship(invocation: Invocation, authors: list[_Author]) -> Authorship:
    earlier = [a for a in authors if a.span_id != invocation.span_id]
    external: list[Located] = []
    upstream: set[str] = set()
    for message in invocation.inputs:
        start = _given_at(invocation, message.content)
        known = [a for a in earlier if a.end <= start]
        if known:
            external += _external(message.content, known, invocation.agent, upstream)
        elif message.content.text.strip():
            external.append(message.content)
    return Authorship(external=tuple(external), upstream=tuple(sorted(upstream)))


def _given_at(invocation: Invocation, content: Located) -> int:
    turn = next((t for t in invocation.turns if t.span_id == content.span_id), None)
    return turn.start if turn else invocation.start


def _external(
    content: Located, authors: list[_Author], agent: str, upstream: set[str]
) -> list[Located]:
    """Maximal verbatim runs of sentences that no agent wrote."""
    runs: list[list[int]] = []
    for match in _SEGMENT.finditer(content.text):
        words = _words(match[0])
        writers = [a for a in authors if words and _wrote(a, words, agent)]
        upstream.update(f"{a.agent}|{a.step}" for a in writers)
        if writers or all(w.isdecimal() and len(w) <= 2 for w in words):  # "1." of a list
            continue
        if runs and runs[-1][1] == match.start():
            runs[-1][1] = match.end()
        else:
            runs.append([match.start(), match.end()])
    pieces = (content.text[start:end].strip() for start, end in runs)
    return [Located(text=p, span_id=content.span_id, field=content.field) for p in pieces if p]


def _wrote(author: _Author, words: list[str], agent: str) -> bool:
    own = author.agent == agent
    if len(words) >= _RUN + (2 if own else 0):
        runs = _runs(words)
        if runs and sum(r in author.runs for r in runs) >= _SHARE * len(runs):
            return True
    if own:
        return False
    said = " ".join(words)
    if len(said) > 2 and f" {said} " in author.words:
        return True
    is_label = author.n_words <= 3 and author.n_words * 4 >= len(words)
    return is_label and len(author.words) > 4 and author.words in f" {said} "
