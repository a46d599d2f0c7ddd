"""Analysed texts: a text read once, kept by its content, since conversations repeat themselves.

In: a text. Out: `Analysed`: its items, sentences and words. Next: detectors compare two of them.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pipeline.text.items import Item, read_items
from pipeline.text.words import CONDITIONS, GERMAN, NEGATIONS, NEGATIVE, STOP

MAX_CHARS = 60_000
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d[\w.,:-]*\w|\d")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"'”)*]*\s+(?=[^\s])|\s*\n\s*|;\s+")
_JSON_END = re.compile(rf"{_SENTENCE_END.pattern}|(?<=[\"\]}}])\s*,\s*")
_CLAUSE_END = re.compile(
    r"[,:;.!?]\s+|\s+(?:but|however|although|though|whereas|while|aber|jedoch|mais|pero)\s+",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_APOSTROPHE = str.maketrans("’", "'")
_LABEL = re.compile(r"[ \t>*_\-\[]*(?P<label>[^\W\d_][\w .'-]{0,30}?)[\]*_ ]*:[* ]")


@dataclass(frozen=True)
class Segment:
    """A sentence or line: its place and the stems of its content words."""

    start: int
    end: int
    stems: frozenset[str]
    words: frozenset[str]

    @property
    def negated(self) -> bool:
        """It says no in some word."""
        return not NEGATIONS.isdisjoint(self.words)

    @property
    def conditional(self) -> bool:
        """It says if in some word."""
        return not CONDITIONS.isdisjoint(self.words)


class Analysed:
    """A text with its items, sentences and words; everything is computed when first asked for."""

    def __init__(self, text: str) -> None:
        self.raw = text
        self.is_json = text.lstrip()[:1] in ("{", "[")
        self.text = _unescaped(text) if self.is_json and "\\" in text else text

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Lower-case words and number tokens in order."""
        return tuple(w.lower().translate(_APOSTROPHE) for w in WORD.findall(self.text))

    @cached_property
    def word_set(self) -> frozenset[str]:
        """Its distinct words."""
        return frozenset(self.words)

    @cached_property
    def lower(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    @cached_property
    def bare_words(self) -> frozenset[str]:
        """Its distinct words without a possessive s."""
        return frozenset(w.removesuffix("'s") for w in self.word_set)

    @cached_property
    def keys(self) -> dict[str, frozenset[str]]:
        """Keys of its items by kind."""
        kinds: dict[str, set[str]] = {}
        for item in self.items:
            kinds.setdefault(item.kind, set()).add(item.key)
        return {kind: frozenset(keys) for kind, keys in kinds.items()}

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Dates, times, ids, numbers and names in order."""
        return read_items(self.text, german=self.is_german)

    @cached_property
    def is_german(self) -> bool:
        """German capitalises every noun, so single capitals are no names there."""
        return sum(w in GERMAN for w in self.words[:400]) * 12 > min(400, len(self.words))

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """Sentences and lines."""
        return _segments(self.text, _JSON_END if self.is_json else _SENTENCE_END)

    @cached_property
    def clauses(self) -> tuple[Segment, ...]:
        """Parts of sentences between commas and contrasting words."""
        parts = (
            _segments(self.text, _CLAUSE_END, segment.start, segment.end)
            for segment in self.segments
        )
        return tuple(clause for clauses in parts for clause in clauses)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of its content words."""
        return frozenset(stem(w) for w in self.words if w not in STOP and len(w) > 2)

    def says_no(self, segment: Segment, besides: frozenset[str] = frozenset()) -> bool:
        """Negated outright or by a negative word whose stem is not among `besides`."""
        found = NEGATIVE.finditer(self.text, segment.start, segment.end)
        return segment.negated or any(
            besides.isdisjoint(stem(w.lower()) for w in WORD.findall(match[0])) for match in found
        )


def analyse(text: str) -> Analysed:
    """The analysed text; equal texts are read once. Of a text only its first 60,000 characters are compared."""
    return _analyse(text[:MAX_CHARS])


@lru_cache(maxsize=384)
def _analyse(text: str) -> Analysed:
    return Analysed(text)


def stem(word: str) -> str:
    """The beginning of a word, enough to match its forms within one document."""
    if len(word) > 4 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return word[:5] if len(word) <= 7 else word[:6]


def leading_label(line: str) -> str | None:
    """The label before a colon at the beginning of a line (`Customer: ...`), lower-case."""
    match = _LABEL.match(line)
    return match["label"].lower() if match and len(match["label"].split()) <= 3 else None


def _segments(
    text: str, ends: re.Pattern[str], start: int = 0, stop: int | None = None
) -> tuple[Segment, ...]:
    stop = len(text) if stop is None else stop
    found: list[Segment] = []
    at = start
    for match in ends.finditer(text, start, stop):
        _keep(text, at, match.start(), found)
        at = match.end()
    _keep(text, at, stop, found)
    return tuple(found)


def _keep(text: str, start: int, end: int, into: list[Segment]) -> None:
    segment = segment_of(text, start, end)
    if segment is not None:
        into.append(segment)


def segment_of(text: str, start: int, end: int) -> Segment | None:
    """The segment at that place, if there is any word in it."""
    said = [w.lower().translate(_APOSTROPHE) for w in WORD.findall(text, start, end)]
    if not said:
        return None
    stems = frozenset(stem(w) for w in said if w not in STOP and w not in NEGATIONS and len(w) > 2)
    return Segment(start, end, stems, frozenset(said))


def _unescaped(text: str) -> str:
    """JSON escapes resolved in place: every character keeps its position."""

    def resolve(match: re.Match[str]) -> str:
        if match[1]:
            char = chr(int(match[1], 16))
            return char + " " * 5 if char.isprintable() else " " * 6
        return {"n": " \n", "t": " \t", "r": "  "}.get(match[2], " " + match[2])

    return _ESCAPE.sub(resolve, text)
