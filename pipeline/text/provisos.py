"""Provisos: the part of a sentence that only sets a condition or an exception, and the part that is left.

In: an analysed text and one of its sentences. Out: `Proviso` with the stems of both parts. Next:
`polarity` looks whether an answer that kept the main part kept the proviso.
"""

import re
from dataclasses import dataclass

from pipeline.text.analysed import Analysed, Segment, segment_of

_MARKER = re.compile(
    r"\b(?:unless|provided|providing|(?:but |and )?only (?:if|when|after|once|where|in case|with)|if|"
    r"without (?:(?:the|any|prior|written|express|its|their|your|our)\s)*"
    r"(?:consent|approval|permission|agreement|notice|authori[sz]ation|receipt|proof)|"
    r"except|excluding|other than|as long as|so long as|subject to|in case|on (?:the )?condition that|"
    r"wenn|sofern|falls|es sei denn|außer|solange|vorausgesetzt|"
    r"sauf|à condition que|à moins que|salvo|excepto|siempre que|a menos que)\b",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"if (?:you (?:like|want|wish|prefer|could|can|would|don['’]t mind|please|need|have any)|i may|"
    r"(?:that|it|this)(?:['’]s| is| works| suits)|possible|so|not|any|anything|needed|necessary)\b",
    re.IGNORECASE,
)
_INDIRECT = re.compile(
    r"\b(?:ask\w*|wonder\w*|know\w*|see|check\w*|sure|tell|told|as|even|what)\s*"
    r"(?:me|us|him|her|them|out)?\s*\Z",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:condition\w*|provid\w+|proviso|except\w*|exclu\w*|subject to|depend\w*|contingent|as long as|"
    r"so long as|in case|assuming|barring|save for|else|without|requires?|required|must first|after|"
    r"other than|bedingung\w*|ausnahme\w*|ausgenommen|condition|exception|excepté|condición|excepción)\b",
    re.IGNORECASE,
)
_PAUSE = re.compile(r"[,:;]\s")


@dataclass(frozen=True)
class Proviso:
    """The stems of the main part, and those that only the proviso has, which stands at `start`.

    `is_idle` marks politeness ("if possible") and indirect questions, which set no condition.
    """

    main: frozenset[str]
    proviso: frozenset[str]
    start: int
    end: int
    is_idle: bool = False


def read_proviso(source: Analysed, sentence: Segment) -> Proviso | None:
    """The proviso of a sentence; None without one."""
    match = _MARKER.search(source.text, sentence.start, sentence.end)
    if match is None:
        return None
    start, end = match.start(), sentence.end
    before = source.text[sentence.start : start].rstrip(" -*•\t0123456789.)")
    pause = _PAUSE.search(source.text, match.end(), sentence.end)
    if pause and (not before or before.endswith((",", "("))):
        end = pause.start()
    main = frozenset[str]()
    for part in ((sentence.start, start), (end, sentence.end)):
        piece = segment_of(source.text, *part)
        main |= piece.stems if piece else main
    said = segment_of(source.text, match.end(), end)
    own = (said.stems if said else frozenset[str]()) - main
    idle = _POLITE.match(source.text, start) or _INDIRECT.search(before)
    return Proviso(main, own, start, end, is_idle=bool(idle))


def says_proviso(text: Analysed, segment: Segment) -> bool:
    """The sentence sets some condition or exception, in whatever words."""
    return segment.conditional or _SAID.search(text.text, segment.start, segment.end) is not None
