"""Excerpts: verbatim pieces of a located text around what was found there.

In: a located text and a place in it. Out: a `Located` that is a substring of it, at most 300
characters. Next: detections carry them as passages.
"""

import re

from pipeline.model.evidence import Located

MAX_CHARS = 300
_BREAK = re.compile(r"(?<=[.!?])\s|\n")


def excerpt(located: Located, start: int, end: int, limit: int = MAX_CHARS) -> Located:
    """The sentence or line around [start, end), cut to the limit, without white space at its ends."""
    text = located.text
    start, end = max(0, start), min(len(text), max(end, start + 1))
    left = max((m.end() for m in _BREAK.finditer(text, max(0, start - limit), start)), default=None)
    begin = left if left is not None else max(0, start - limit // 3)
    right = _BREAK.search(text, end, min(len(text), end + limit))
    stop = right.start() if right else min(len(text), end + limit // 3)
    if start - begin > limit // 2:
        begin = start - limit // 2
    stop = min(stop, begin + limit)
    piece = text[begin:stop]
    return Located(text=piece.strip(), span_id=located.span_id, field=located.field)


def beginning(located: Located, limit: int = MAX_CHARS) -> Located:
    """The first characters of the text."""
    text = located.text.lstrip()[:limit].rstrip()
    return Located(text=text, span_id=located.span_id, field=located.field)
