"""Pure: secrets that are known by the name before them: `password=...`, `"api_key": "..."`.

In: the bytes of one text, or the key and the value of an attribute. Out: `RULE`, `is_secret_name`,
`is_secret_value`. Next: `exporter.redact_text` and `exporter.redact_wire`.

A name alone is weak evidence: prose says "password: please", schemas say `"password": "string"`, code
says `api_key=api_key`. So a value must look like one, the more so the weaker the name and the quoting.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from detect_secrets.filters.heuristic import is_templated_secret

from exporter.redact_rules import SECRETS, Found, Rule, compiled

KIND = "named_secret"
_PASSWORD = r"passwords?|passwd|passphrase|pwd"
_NAMES = (
    rf"{_PASSWORD}|client[_-]?secret|signing[_-]?secret|secret[_-]?(?:access[_-]?)?key|secret"
    r"|(?:api|access|account|private|encryption|signing|subscription)[_-]?key|api[_-]?secret"
    r"|(?:auth|access|refresh|session|bearer|id|api|bot|security)[_-]?token|authorization|authtoken"
)
_SCHEME = r"(?:(?:bearer|basic|token|apikey|digest)(?:\s|%20)+)?"
_ASSIGNED = compiled(
    rf"(?i)({_NAMES})(?:\\*[\"'`])?\s{{0,4}}(?:=>|:=|[:=]|\\u003[ad])((?:\s|\\+[nrt])*)"
    rf"(?:\[(?:\s|\\+[nrt])*)?(\\*[\"'`])?{_SCHEME}"
)
_HEAD = rf"(?i)(?:{_NAMES})(?:\\*[\"'`])?\s{{0,4}}(?:=>|:=|[:=]|\\u003[ad]|\x12)"
_WHOLE_NAME = re.compile(rf"(?i).*(?:{_NAMES})\Z".encode(), re.DOTALL)
_IS_PASSWORD = re.compile(rf"(?i).*(?:{_PASSWORD})\Z".encode(), re.DOTALL)
_IS_SCHEME = re.compile(rf"(?i){_SCHEME}".encode())
_BARE = re.compile(rb"[^\s\"'`\\,;&<>{}()\[\]|]{4,256}")
_PLACEHOLDER = re.compile(
    rb"(?i)(?:string|str|text|none|null|nil|true|false|required|optional|undefined|unknown|missing|invalid"
    rb"|expired|default|value|hidden|empty|redacted|secret|password|token|bearer|basic|n/a|[*x._#-]+|.*\bexample\b.*"
    rb"|.*(?:your[-_ ]|placeholder|\.\.\.|\*\*\*).*)\Z",
    re.DOTALL,
)
_MAX_QUOTED = 4096
_LONGEST_NAME = 64
"""A name stands at the end of a key, however long that is: what is replaced in a key makes it shorter."""


@lru_cache(4096)
def is_secret_name(key: bytes) -> bool:
    """Whether an attribute or a JSON key of this name holds a secret: `OPENAI_API_KEY`, `db.password`."""
    return bool(_WHOLE_NAME.match(key[-_LONGEST_NAME:]))


def is_secret_value(key: bytes, value: bytes, *, quoted: bool = True, spaced: bool = False) -> bool:
    """Whether the value looks like a secret, given its name and how it stands there."""
    scheme = _IS_SCHEME.match(value)
    core = value[scheme.end() :] if scheme else value
    if _no_secret(core) or core.lower() == key.lower():
        return False
    has_digit = any(48 <= byte <= 57 for byte in core)
    if _IS_PASSWORD.match(key):
        if quoted:
            return len(core) >= 4
        return len(core) >= 5 and (has_digit or not (spaced or b"." in core or b"_" in core))
    return len(core) >= 8 and has_digit and not core.isdigit()


def _no_secret(core: bytes) -> bool:
    if len(core) < 4 or b"[redacted:" in core or any(byte in b" \t\r\n" for byte in core):
        return True
    if core[:1] in b"$%/~<{" or b"://" in core or _PLACEHOLDER.match(core):
        return True
    return is_templated_secret(core.decode("latin-1"))


def _find(text: bytes) -> Iterator[Found]:
    done = 0
    for match in _ASSIGNED.finditer(text):
        if match.end() < done:
            continue
        name, gap, quote = match.group(1), match.group(2), match.group(3)
        start = match.end()
        end = _end_of_quoted(text, start, quote) if quote else _end_of_bare(text, start)
        value = text[start:end]
        if is_secret_value(name, value, quoted=bool(quote), spaced=bool(gap)):
            done = end
            yield Found(start, end, KIND)


def _end_of_quoted(text: bytes, start: int, quote: bytes) -> int:
    """Where a quote with as many backslashes as the opening one closes the value."""
    mark, depth = quote[-1:], len(quote) - 1
    at = start
    while (at := text.find(mark, at, start + _MAX_QUOTED)) >= 0:
        n_slashes = 0
        while at - n_slashes > start and text[at - n_slashes - 1 : at - n_slashes] == b"\\":
            n_slashes += 1
        if n_slashes <= depth:
            return at - n_slashes
        at += 1
    return _end_of_bare(text, start)


def _end_of_bare(text: bytes, start: int) -> int:
    bare = _BARE.match(text, start)
    if bare is None or text[bare.end() : bare.end() + 1] in (b"(", b"["):
        return start
    return start + len(bare.group().rstrip(b".!?:"))


RULE = Rule(SECRETS, (_HEAD.encode(),), _find)
"""`name = value` within a text; attributes are looked at by their key."""
