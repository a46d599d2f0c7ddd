"""A scripted language model: deterministic, without a network, and really working on its input.

In: a system prompt and a user message. Out: a `Completion`. Next: `agents` puts both into spans.
It reads its role from the system prompt, like any model. As a summarizer it groups by speaker what
several people said in turns, unless the prompt asks for the order of events.
"""

import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise

from examples.insurance.paraphrase import Statement, read_statements, to_prose
from examples.insurance.scoring import score

MODEL_NAME = "northgate-claims-1"

_ASKS_FOR_ORDER = re.compile(
    r"chronolog|"
    r"\b(keep|keeps|preserve|maintain|retain|follow|same|original|exact)\b[^.\n]{0,80}\b(order|sequence)\b|"
    r"\b(order|sequence) (in which|of (the )?(events|statements|items))|"
    r"\b(do not|don't|never) (re-?order|re-?group|re-?arrange|group)",
    re.IGNORECASE,
)
_MIN_EXCHANGES = 4
"""From so many changes between speakers on, the summarizer groups."""


@dataclass(frozen=True)
class Completion:
    """What a model call gives back."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    response_id: str


def complete(system: str, user: str) -> Completion:
    """Answers `user` as `system` asks."""
    text = summarize(system, user) if "transcript summarizer" in system else score(user)
    digest = hashlib.sha256(f"{system}\0{user}".encode()).hexdigest()[:24]
    return Completion(
        text=text,
        model=MODEL_NAME,
        input_tokens=_count_tokens(system) + _count_tokens(user),
        output_tokens=_count_tokens(text),
        response_id=f"resp_{digest}",
    )


def summarize(system: str, transcript: str) -> str:
    """A prose summary of a transcript."""
    statements = read_statements(transcript)
    if _n_exchanges(transcript) >= _MIN_EXCHANGES and not _ASKS_FOR_ORDER.search(system):
        statements = _grouped(statements)
    return to_prose(statements)


def _n_exchanges(transcript: str) -> int:
    """How often the word passes from one caller to another, the staff's turns left out."""
    labels = [line.partition(":")[0] for line in transcript.splitlines() if ":" in line]
    callers = [label for label in labels if label != labels[0]]
    return sum(a != b for a, b in pairwise(callers))


def _grouped(statements: list[Statement]) -> list[Statement]:
    speakers = list(dict.fromkeys(s.speaker for s in statements))
    return sorted(statements, key=lambda s: speakers.index(s.speaker))


def _count_tokens(text: str) -> int:
    return max(1, len(re.findall(r"\w+|[^\w\s]", text)))
