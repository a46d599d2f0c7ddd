"""Signs: whether a number is negative, in the forms of prose and of accounts.

In: a text and the place of a number in it. Out: the place with its sign, if it is negative. Next:
`items` reads numbers with it.

Besides a minus right before the number these are negative: a minus behind an amount (1,200.00-), a
minus that stands apart after a delimiter (`: - 1200`), an amount in brackets where a value is
expected ((1,200.00)), and DR or CR behind an amount; where a text has both, only DR. A bullet, a
range, a footnote or an aside in brackets is no sign.
"""

import re

_AMOUNT = re.compile(r"[.,]\d{1,2}\Z|[,.'’ ]\d{3}")
_BEHIND = re.compile(
    r"[-−](?![\w$€£¥(-])(?![ \t]*(?:\d|(?:and|or|to|und|oder|bis|et|ou|y|o)\b))(?=[\s;,|.\"')\]}]|\Z)"
)
_APART = re.compile(r"[:;|=\t]\s*[-−–] {1,2}\Z")
_VALUE = re.compile(
    r"(?:(?:^|\n|[;,|:=\t\"'>]|\s{2}|\b(?:is|was|are|were|be|of|at|to|by|from))\s*[$€£¥]?|[$€£¥])\(\s?\Z"
)
_SHORT_LINE = re.compile(r"(?:^|\n)(?:[^\W\d_][\w'&/-]*[ ]){1,3}\(\s?\Z")
_CLOSED = re.compile(r"\s?\)")
_LINE_END = re.compile(r"\s?\)[ \t]*(?:\n|\Z)")
_SIDE = re.compile(
    r"[ ]?(?P<side>DR|CR)\b(?!\.)|[ ](?P<mixed>[DC]r)\b\.?(?=[ \t]*(?:[\n;,|\"]|\Z))"
)
_DEBITS = re.compile(r"\d[ ]?(?:DR|Dr)\b")
_REACH = 40


def signed_place(
    text: str, start: int, end: int, digits: str, *, money: bool
) -> tuple[int, int] | None:
    """The number with its sign; None when nothing here makes it negative."""
    before = text[max(0, start - _REACH) : start]
    apart = _APART.search(before)
    if apart:
        return start - len(apart[0]) + 1, end
    if not (money or _AMOUNT.search(digits)):
        return None
    behind = _BEHIND.match(text, end) if _AMOUNT.search(digits) else None
    if behind:
        return start, behind.end()
    return _bracketed(text, before, start, end) or _sided(text, start, end)


def _bracketed(text: str, before: str, start: int, end: int) -> tuple[int, int] | None:
    closed = _CLOSED.match(text, end)
    if closed is None:
        return None
    whole = start <= _REACH or "\n" in before
    expected = _VALUE.search(before) or (
        whole and _SHORT_LINE.search(before) and _LINE_END.match(text, end)
    )
    return (before.rindex("(") + start - len(before), closed.end()) if expected else None


def _sided(text: str, start: int, end: int) -> tuple[int, int] | None:
    match = _SIDE.match(text, end)
    if match is None:
        return None
    is_credit = (match["side"] or match["mixed"]).upper() == "CR"
    if is_credit and _DEBITS.search(text):
        return None
    return start, match.end()
