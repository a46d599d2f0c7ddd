"""Pure: e-mail addresses, telephone and card numbers, and the user's own patterns.

In: the bytes of one text. Out: `personal_rules`, `custom_rules`. Next: `exporter.redact_text`.

Numbers are judged by what numbering plans allow (phonenumbers) and by their check digit (Luhn): order
numbers, times and ids of the same length stay. National telephone numbers need a region, and a
separator to tell them from ids.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import phonenumbers
import re2

from exporter.redact_rules import (
    CARDS,
    CUSTOM,
    EMAILS,
    PHONES,
    Found,
    Rule,
    alone,
    compiled,
    matches,
)
from pipeline.errors import BadRequest

MAX_PATTERNS = 50
MAX_PATTERN_CHARS = 1000

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
_ASSERTION = re.compile(r"[\^$]|\\[bBAzZ]")
_EMAIL = matches(
    r"[0-9A-Za-z.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[0-9A-Za-z][0-9A-Za-z-]{0,62}\.)+[A-Za-z]{2,24}"
)
_EMAIL_HEAD = rb"[0-9A-Za-z.!#$%&'*+/=?^_`{|}~-]@[0-9A-Za-z][0-9A-Za-z.-]*\.[A-Za-z]{2}"
_DIGITS = matches(r"[+(0-9][0-9()+:./ -]{5,80}[0-9]")
_PHONE_HEADS = (rb"\+[ (]?[0-9][0-9()./ -]{5}", rb"[0-9][)./ -]{1,2}[0-9()./ -]{3}")
"""International; with a region also national ones, which are more often something else."""
_PHONE = re.compile(r"\+[ (]?[0-9][0-9()./ -]{5}|(?!\+).*[0-9][)./ -]{1,2}[0-9()./ -]{3}")
_CARD = matches(r"[0-9](?:[ -]?[0-9]){12,18}")
_CARD_HEAD = rb"[0-9](?:[ -]?[0-9]){12}"
_CARD_LENGTHS = (
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"3(?:0[0-5]|[689])"), (14, 16, 19)),
    (re.compile(r"6(?:011|4[4-9]|5)|62|35(?:2[89]|[3-8])"), (16, 17, 18, 19)),
)


def personal_rules(families: frozenset[str], region: str | None) -> tuple[Rule, ...]:
    """The rules of the families that are asked for."""
    known = {EMAILS: _emails(), PHONES: _phones(region), CARDS: _cards()}
    return tuple(rule for family, rule in known.items() if family in families)


def custom_rules(patterns: Mapping[str, str]) -> tuple[Rule, ...]:
    """The user's own, in RE2's syntax; raises `BadRequest` naming the pattern and the fault."""
    if len(patterns) > MAX_PATTERNS:
        raise BadRequest(f"redact_patterns: more than {MAX_PATTERNS} patterns")
    return tuple(_custom(name, pattern) for name, pattern in sorted(patterns.items()))


def _custom(name: str, pattern: str) -> Rule:
    where = f"redact_patterns.{name[:32]}"
    if not _NAME.match(name):
        raise BadRequest(f"{where}: a name is up to 32 of a-z, 0-9, _ and -, a letter first")
    if len(pattern) > MAX_PATTERN_CHARS:
        raise BadRequest(f"{where}: longer than {MAX_PATTERN_CHARS} characters")
    try:
        matcher = compiled(pattern, utf8=True)
    except re2.error as error:
        told = error.args[0] if error.args else "?"
        told = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
        raise BadRequest(f"{where}: not a pattern of RE2 (no lookaround): {told}") from None
    if matcher.search(b"") is not None:
        raise BadRequest(f"{where}: matches the empty text")

    def find(text: bytes) -> Iterator[Found]:
        for match in matcher.finditer(text):
            start, end = match.span()
            if end > start:
                yield Found(start, end, name)

    return Rule(CUSTOM, (pattern.encode(),), find, anywhere=bool(_ASSERTION.search(pattern)))


def _emails() -> Rule:
    def find(text: bytes) -> Iterator[Found]:
        for start, end in _EMAIL(text):
            first = start
            while text[first : first + 1] in (b".", b"'", b"/", b"=", b"-", b"?", b"&"):
                first += 1
            if text[first : first + 1] != b"@":
                yield Found(first, end, "email")

    return Rule(EMAILS, (_EMAIL_HEAD,), find)


def _phones(region: str | None) -> Rule:
    def find(text: bytes) -> Iterator[Found]:
        for first, last in _DIGITS(text):
            for start, end in _numbers(text[first:last].decode(), region):
                if alone(text, first + start, first + end):
                    yield Found(first + start, first + end, "phone")

    return Rule(PHONES, _PHONE_HEADS if region else _PHONE_HEADS[:1], find)


@lru_cache(4096)
def _numbers(digits: str, region: str | None) -> tuple[tuple[int, int], ...]:
    """The places of telephone numbers; without a region only international ones are known."""
    found = phonenumbers.PhoneNumberMatcher(digits, region)
    places = ((number.start, number.end, number.raw_string) for number in found)
    return tuple((start, end) for start, end, text in places if _PHONE.match(text))


def _cards() -> Rule:
    def find(text: bytes) -> Iterator[Found]:
        for start, end in _CARD(text):
            digits = re.sub(r"[ -]", "", text[start:end].decode())
            fraction = start and text[start - 1 : start] in (b".", b"-")
            if alone(text, start, end) and not fraction and _is_card(digits):
                yield Found(start, end, "card")

    return Rule(CARDS, (_CARD_HEAD,), find)


def _is_card(digits: str) -> bool:
    if not any(prefix.match(digits) and len(digits) in n for prefix, n in _CARD_LENGTHS):
        return False
    if len(set(digits)) == 1:
        return False
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    total = sum(int(digit) for digit in digits[-1::-2]) + sum(n // 10 + n % 10 for n in doubled)
    return total % 10 == 0
