"""The words of a step, as sets that can be compared.

In: located messages. Out: tokens, shingles, terms. Next: `flow` and `terms`.
"""

import re
from collections.abc import Iterable, Sequence

from pipeline.model.evidence import Located
from pipeline.model.step import Message, Role, Step
from pipeline.text.words import NEGATIONS, STOP, STRICT_CONDITIONS

MAX_CHARS = 40_000
SHINGLE = 4
_TOKEN = re.compile(r"\w+")
_TERM = re.compile(r"[^\W\d_][^\W\d_'’-]*[^\W\d_]")
Shingle = tuple[str, ...]


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LOGIC = (
    NEGATIONS
    | STRICT_CONDITIONS
    | _listed("must may shall should before after all any each both")
    | _listed("muss darf soll sollte vor alle doit peut avant après tous debe puede antes")
)
"""Function words that change what a sentence says."""
_FILLING = _listed(
    "like well really actually maybe perhaps quite rather even still yet back much many lot let lets "
    "get gets got getting go goes going want wants know see look looks looking make makes made take "
    "give thing things way since because though although already now today got however therefore "
    "sure fine great good glad happy kindly kind regards dear sincerely welcome appreciate sorry help "
    "helps assist assistance anything something everything someone anyone another others around "
    "across within along per via among upon onto toward towards using used use every such"
)
"""Words of politeness and of grammar that `STOP` does not hold."""
_MIN_LETTERS = 3


def joined(parts: Iterable[Located]) -> str:
    """The parts as one text of at most `MAX_CHARS`, the beginning and the end kept."""
    text = "\n".join(part.text for part in parts)
    if len(text) <= MAX_CHARS:
        return text
    half = MAX_CHARS // 2
    return text[:half] + "\n" + text[-half:]


def incoming(messages: Sequence[Message]) -> tuple[Located, ...]:
    """What came in from others: everything but system prompts and the agent's own turns."""
    return tuple(m.content for m in messages if m.role not in (Role.SYSTEM, Role.ASSISTANT))


def outgoing(messages: Sequence[Message]) -> tuple[Located, ...]:
    """What went out."""
    return tuple(m.content for m in messages)


def written(step: Step) -> str:
    """All that a step wrote: its answer, and the arguments of its calls, which others may read."""
    arguments = (call.arguments for call in step.tool_calls if call.arguments)
    text = joined([*outgoing(step.outputs), *arguments])
    return text.replace("\\n", " \n")


def shingles(text: str) -> frozenset[Shingle]:
    """All runs of `SHINGLE` consecutive words, lower-cased; empty for shorter texts."""
    tokens = _TOKEN.findall(text.lower())
    return frozenset(tuple(tokens[i : i + SHINGLE]) for i in range(len(tokens) - SHINGLE + 1))


def terms(text: str) -> frozenset[str]:
    """The distinct lower-cased words that may stand for a cause; numbers are other traits' matter."""
    return frozenset(w for m in _TERM.finditer(text) if bears_meaning(w := m.group().lower()))


def bears_meaning(word: str) -> bool:
    """Content words, and the words of logic and duty; no other function words, no contractions."""
    if word in _LOGIC:
        return True
    told = len(word) >= _MIN_LETTERS and "'" not in word and "’" not in word
    return told and word not in STOP and word not in _FILLING
