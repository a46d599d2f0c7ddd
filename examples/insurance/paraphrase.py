"""Turns what people say on the telephone into reported prose.

In: a transcript of `Label: words` lines. Out: `Statement`s, and a summary made of them.
Next: `model` decides in which order they stand.
"""

import hashlib
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """One thing that somebody reported, in the third person."""

    speaker: str
    text: str


_LEADING = re.compile(
    r"^(um|uh|well|so|i mean|you know|and|then|after that|a bit later|next thing|hello|oh|no|yes|mm)\b[,\s]*",
    re.IGNORECASE,
)
_SMALL_TALK = re.compile(
    r"^(thanks|thank you|okay|right|exactly|hello|that's right|that is what i remember|no, no|go on|"
    r"he told you|it was awful|good morning)",
    re.IGNORECASE,
)
_THIRD_PERSON = (
    (r"\bI'm\b", "they are"),
    (r"\bI was\b", "they were"),
    (r"\bI am\b", "they are"),
    (r"\b(I|we)\b", "they"),
    (r"\b(me|us)\b", "them"),
    (r"\b(my|our)\b", "their"),
    (r"\byou\b", "the insurer"),
)
_PLAINER = (
    (r"\bcame pouring\b", "poured"),
    (r"\bripped\b", "tore"),
    (r"\bpacked up\b", "failed"),
    (r"\bcut out\b", "stopped"),
    (r"\bsomebody\b", "someone"),
    (r"\bmassive\b", "loud"),
    (r"\bstone cold\b", "cold"),
    (r"\blads\b", "young men"),
    (r"\bkids\b", "children"),
    (r"\b(rang|phoned)\b", "called"),
    (r"\blike mad\b", "loudly"),
    (r"\bsomething like\b", "about"),
    (r"\b(around|maybe)\b(?= \d)", "about"),
    (r"\bgave way\b", "failed"),
    (r"\bwent black\b", "stopped working"),
    (r"\bput out\b", "placed"),
    (r"\bwent missing\b", "were missing"),
    (r"\bquit\b", "stopped"),
    (r"\ba bit of\b", "some"),
    (r", quite hard\b", ""),
)
_NAME_LIKE = re.compile(r"(I|[A-Z]\w+ [A-Z]\w+)\b")
_TRAILING_DETAIL = re.compile(
    r"(, (?:with|number|about|a strip|it was|in it)|\babout \d+ \w+\b).*$"
)


def read_statements(transcript: str) -> list[Statement]:
    """What the callers reported, in the order of the transcript. Whoever answers the phone is staff."""
    turns = [line.partition(": ") for line in transcript.splitlines() if ": " in line]
    staff = turns[0][0] if turns else ""
    return [
        Statement(speaker, text)
        for speaker, _, words in turns
        if speaker != staff
        for sentence in re.split(r"(?<=[.!?])\s+", words)
        if (text := _reported(sentence))
    ]


def to_prose(statements: list[Statement]) -> str:
    """One paragraph for each run of sentences by the same speaker."""
    paragraphs: list[list[str]] = []
    previous = None
    for i, statement in enumerate(statements):
        if statement.speaker != previous:
            paragraphs.append([])
            lead = f"{_named(statement.speaker)} {_verb(statement, i)} that {statement.text}."
        else:
            lead = statement.text[0].upper() + statement.text[1:] + "."
        paragraphs[-1].append(lead)
        previous = statement.speaker
    return "\n".join(" ".join(sentences) for sentences in paragraphs)


def _reported(sentence: str) -> str:
    """The sentence in reported speech, or nothing where it is small talk or a question."""
    text = sentence.strip().rstrip(".!")
    while (shorter := _LEADING.sub("", text)) != text:
        text = shorter
    if text.endswith("?") or len(text.split()) < 3 or _SMALL_TALK.search(text):
        return ""
    for pattern, plain in (*_PLAINER, *_THIRD_PERSON):
        text = re.sub(pattern, plain, text, flags=re.IGNORECASE)
    if _chance(sentence) < 0.08:
        text = _TRAILING_DETAIL.sub("", text)
    return _lowered(text.strip(" ,"))


def _lowered(text: str) -> str:
    """The first letter small, unless a name begins here."""
    return text if _NAME_LIKE.match(text) else text[:1].lower() + text[1:]


def _named(speaker: str) -> str:
    role = speaker in {"Caller", "Husband", "Wife", "Son", "Daughter", "Neighbour", "Partner"}
    return f"The {speaker.lower()}" if role else speaker


def _verb(statement: Statement, position: int) -> str:
    verbs = ("reports", "says", "adds", "states") if position else ("reports",)
    return verbs[int(_chance(statement.text) * len(verbs))]


def _chance(text: str) -> float:
    """A number in [0, 1) that depends on the text alone: the model's mood, but repeatable."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32
