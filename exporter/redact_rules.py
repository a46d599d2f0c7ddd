"""Pure: what a redaction rule is, and where a found secret may begin and end in escaped text.

In: nothing. Out: `RedactSettings`, `Rule`, `Found`, `compiled`, `alone`, `trimmed`. Next: `redact_secrets`,
`redact_named` and `redact_personal` are made of rules, `redact_text` runs them.

Patterns run on bytes and on RE2, whose time is linear in the text whatever the pattern: text of a
trace is chosen by strangers.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import re2

from pipeline.config import Config
from pipeline.errors import BadRequest

SECRETS, EMAILS, PHONES, CARDS = "secrets", "emails", "phones", "cards"
FAMILIES = (SECRETS, EMAILS, PHONES, CARDS)
CUSTOM = "custom"

MAX_MEMORY = 16 << 20
"""What RE2 may use for one pattern, in bytes."""

_WORD = re.compile(rb"[0-9A-Za-z_]")
_ESCAPE = re.compile(rb"[nrtbf/]|u[0-9a-fA-F]{4}")


@dataclass(frozen=True)
class RedactSettings:
    """What to look for."""

    families: frozenset[str] = frozenset({SECRETS})
    patterns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name -> pattern in RE2's syntax."""
    phone_region: str | None = None
    """Two letters of a country, for telephone numbers without `+`."""

    def __post_init__(self) -> None:
        unknown = sorted(self.families - frozenset(FAMILIES))
        if unknown:
            raise BadRequest(f"redact: {unknown[0]!r} is none of {', '.join(FAMILIES)}, none")

    @classmethod
    def of(cls, config: Config) -> "RedactSettings":
        """What a user set."""
        families = {name.strip() for name in config.redact.split(",")} - {"none"}
        return cls(frozenset(families), config.redact_patterns, config.redact_phone_region)


class Found(NamedTuple):
    """One thing to replace."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Rule:
    """`heads` are found by the scan of raw bytes wherever `find` finds something, and rarely elsewhere.

    They hold no assertion (`^`, `\\b`), because raw bytes have other neighbours than a text has.
    """

    family: str
    heads: tuple[bytes, ...]
    find: Callable[[bytes], Iterable[Found]]
    anywhere: bool = False
    """Has no head: every text must be looked at."""


@cache
def compiled(pattern: str, *, utf8: bool = False) -> Any:
    """A pattern for bytes; raises `re2.error`."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.UTF8 if utf8 else re2.Options.Encoding.LATIN1
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    return re2.compile(pattern.encode(), options)


def matches(pattern: str, group: int = 0) -> Callable[[bytes], Iterator[tuple[int, int]]]:
    """A finder of the places of one group of a pattern."""
    matcher = compiled(pattern)

    def find(text: bytes) -> Iterator[tuple[int, int]]:
        for match in matcher.finditer(text):
            yield match.span(group)

    return find


def alone(text: bytes, start: int, end: int) -> bool:
    """Whether the place is not the middle of a longer word; `\\n` before it is no letter n."""
    if _WORD.match(text, end) and _WORD.match(text, end - 1):
        return False
    cut = start > 0 and _WORD.match(text, start - 1) and _WORD.match(text, start)
    return not cut or after_escape(text, start)


def after_escape(text: bytes, start: int) -> bool:
    """Whether the bytes before `start` are an escape of JSON, such as `\\n` or `\\u003d`."""
    two = start >= 2 and text[start - 2 : start - 1] == b"\\"
    six = start >= 6 and text[start - 6 : start - 4] == b"\\u"
    return (two and bool(_ESCAPE.match(text, start - 1))) or (
        six and bool(_ESCAPE.match(text, start - 5))
    )


def trimmed(text: bytes, found: Found) -> Found | None:
    """The place without halves of escapes at its ends, so that JSON stays JSON; None if nothing is left."""
    start, end, kind = found
    if start and text[start - 1 : start] == b"\\":
        escape = _ESCAPE.match(text, start)
        start = escape.end() if escape else start
    while end > start and text[end - 1 : end] == b"\\":
        end -= 1
    return Found(start, end, kind) if end > start else None
