"""Pure: one text in, the same text with every secret replaced by `[redacted:<kind>]` out.

In: bytes of a text, rules. Out: `TextRedactor`. Next: `exporter.redact_wire` applies it to each text of
a request, `exporter.redact` to signals.

Laws: the same text gives the same bytes; a second run changes nothing, because replacing is repeated
until nothing is found and never looks across a replacement; text that was JSON stays JSON.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

import hyperscan

from exporter.redact_named import KIND as NAMED
from exporter.redact_named import RULE as NAMED_RULE
from exporter.redact_named import is_secret_name, is_secret_value
from exporter.redact_rules import CUSTOM, Found, Rule, compiled, trimmed

MARK = re.compile(rb"\[redacted:[a-z][a-z0-9_-]{0,31}(?::[0-9a-f]{8})?\]")

Mark = Callable[[str, bytes], bytes]
"""What stands in the place of a secret, from its kind and the secret."""


def plain_mark(kind: str, _secret: bytes) -> bytes:
    """The same for all secrets of a kind."""
    return f"[redacted:{kind}]".encode()


def telling_mark(kind: str, secret: bytes) -> bytes:
    """Different secrets stay different: for ids, by which things are told apart."""
    return f"[redacted:{kind}:{sha256(secret).hexdigest()[:8]}]".encode()


class Scanner:
    """Which rules may find something in raw bytes: one pass at memory speed, no object a text."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.always = tuple(index for index, rule in enumerate(rules) if rule.anywhere)
        # Patterns of users are of RE2's syntax, in which alone they were checked.
        self._own = [
            (index, compiled(rule.heads[0].decode(), utf8=True))
            for index, rule in enumerate(rules)
            if rule.family == CUSTOM and not rule.anywhere
        ]
        heads = [
            (index, head)
            for index, rule in enumerate(rules)
            if rule.family != CUSTOM
            for head in rule.heads
        ]
        self._rule_of = [index for index, _ in heads]
        self._local = threading.local()
        self._database: Any = None
        if heads:
            self._database = hyperscan.Database()
            self._database.compile(
                expressions=[head for _, head in heads],
                ids=list(range(len(heads))),
                elements=len(heads),
                flags=[hyperscan.HS_FLAG_SINGLEMATCH] * len(heads),
            )

    def hits(self, raw: bytes) -> bool:
        """Whether any rule may find something."""
        if self.always or any(own.search(raw) for _, own in self._own):
            return bool(raw)
        try:
            self._scan(raw, lambda *_: True)
        except hyperscan.ScanTerminated:
            return True
        return False

    def rules(self, raw: bytes) -> list[int]:
        """The rules that may find something, in their order."""
        found = {*self.always, *(index for index, own in self._own if own.search(raw))}

        def note(expression: int, *_: Any) -> None:
            found.add(self._rule_of[expression])

        self._scan(raw, note)
        return sorted(found)

    def _scan(self, raw: bytes, note: Callable[..., bool | None]) -> None:
        if self._database is None:
            return
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:  # the engine's working memory, which threads must not share
            scratch = self._local.scratch = hyperscan.Scratch(self._database)
        self._database.scan(raw, match_event_handler=note, scratch=scratch)


@cache
def scanner_of(rules: tuple[Rule, ...]) -> Scanner:
    """One for the same rules: it takes long to compile, and megabytes."""
    return Scanner(rules)


class TextRedactor:
    """Applies rules to texts. Counts go into the Counter that the caller hands in."""

    def __init__(self, rules: Sequence[Rule], mark: Mark = plain_mark) -> None:
        self._rules = tuple(rules)
        self._mark = mark
        self._names = NAMED_RULE in self._rules
        self.scanner = scanner_of(self._rules)

    def text(self, text: bytes, counts: Counter[str]) -> bytes:
        """The text without what the rules find; the same object if they find nothing."""
        if not self.scanner.hits(text):
            return text
        noted: Counter[str] = Counter()
        out = self._until_clean(text, noted)
        if out is text:
            return text
        document = _json(text)
        if document is not None and _json(out) is None:
            noted.clear()
            out = self._document(document, noted)
            if not noted:
                return text
        counts += noted
        return out

    def _document(self, document: Any, counts: Counter[str]) -> bytes:
        """Replaced text by text, where replacing within the written form would break it."""
        out = json.dumps(self.value(document, counts)).encode()
        noted: Counter[str] = Counter()
        again = self._until_clean(out, noted)
        if again is out or _json(again) is None:
            return out
        counts += noted
        return again

    def named(self, key: bytes, value: bytes, counts: Counter[str]) -> bytes:
        """A text that stands under a name: the name may say that it is a secret."""
        if self._names and is_secret_name(key) and is_secret_value(key, value):
            counts[NAMED] += 1
            return self._mark(NAMED, value)
        return self.text(value, counts)

    def value(self, value: Any, counts: Counter[str], key: str = "") -> Any:
        """Any JSON value, text by text, keys too; a number that is found becomes a text."""
        match value:
            case str():
                return self._string(key, value, counts)
            case dict():
                return {
                    self._string("", name, counts): self.value(item, counts, name)
                    for name, item in value.items()
                }
            case list():
                return [self.value(item, counts, key) for item in value]
            case bool() | None:
                return value
            case _:
                told = json.dumps(value)
                out = self._string(key, told, counts)
                return value if out == told else out

    def _string(self, key: str, text: str, counts: Counter[str]) -> str:
        raw = text.encode("utf-8", "surrogatepass")
        out = self.named(key.encode("utf-8", "surrogatepass"), raw, counts)
        return text if out is raw else out.decode("utf-8", "surrogatepass")

    def _until_clean(self, text: bytes, counts: Counter[str]) -> bytes:
        while True:
            pieces: list[bytes] = []
            changed = False
            for piece, is_mark in _pieces(text):
                new = piece if is_mark else self._once(piece, counts)
                changed = changed or new is not piece
                pieces.append(new)
            if not changed:
                return text
            text = b"".join(pieces)

    def _once(self, text: bytes, counts: Counter[str]) -> bytes:
        rules = self.scanner.rules(text)
        found = [place for index in rules for place in self._rules[index].find(text)]
        places = _merged([place for place in (trimmed(text, f) for f in found) if place])
        if not places:
            return text
        out: list[bytes] = []
        last = 0
        for start, end, kind in places:
            out += (text[last:start], self._mark(kind, text[start:end]))
            last = end
            counts[kind] += 1
        out.append(text[last:])
        return b"".join(out)


def _pieces(text: bytes) -> Iterator[tuple[bytes, bool]]:
    last = 0
    for mark in MARK.finditer(text):
        if mark.start() > last:
            yield text[last : mark.start()], False
        yield mark.group(), True
        last = mark.end()
    if last < len(text):
        yield text[last:], False


def _merged(found: Sequence[Found]) -> list[Found]:
    """Places that overlap or touch become one, of the kind that begins first, then of the first rule."""
    places: list[Found] = []
    for place in sorted(found, key=lambda f: (f.start, -f.end)):
        if places and place.start <= places[-1].end:
            last = places[-1]
            places[-1] = last._replace(end=max(last.end, place.end))
        else:
            places.append(place)
    return places


def _json(text: bytes) -> Any:
    """The document or None; a bare word or number is no document."""
    if text.lstrip()[:1] not in (b"{", b"[", b'"'):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
