"""The words of a step, as sets that can be compared.

In: located messages. Out: tokens, shingles, terms. Next: `flow` and `terms`.
"""

import re
from collections.abc import Iterable, Sequence

from pipeline.model.evidence import Located
from pipeline.model.step import Message, Role, Step

MAX_CHARS = 40_000
SHINGLE = 4
_TOKEN = re.compile(r"\w+")
_TERM = re.compile(r"[^\W\d_][^\W\d_'’-]*[^\W\d_]")
Shingle = tuple[str, ...]


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
    """The distinct lower-cased words of at least two letters; numbers are other traits' matter."""
    return frozenset(match.group().lower() for match in _TERM.finditer(text))
