"""Pure: what an explanation may say of its cause. The contrast's row holds it.

In: a sentence, a line or tags, and the row. Out: why they do not stand. Next: `check`.

A model that was talked into something blames somebody else, says nothing of what separates, or claims
more sessions than there are.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from pipeline.investigation.explanation.table import Row
from pipeline.llm.prose import after_name, claims_all, counts_in_words, plain, words

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SHARE = re.compile(r"(\d+)\s*(?:/|of|out\s+of)\s*(?:the\s+|all\s+)?(\d+)", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:%|percent|per\s+cent)", re.IGNORECASE)
_COMMON = frozenset(
    {
        *("this", "that", "with", "from", "into", "them", "their", "they", "than", "then", "which"),
        *("while", "what", "where", "when", "most", "many", "much", "some", "another", "same"),
        *("input", "output", "gets", "given", "gives", "write", "writes", "call", "calls", "does"),
        *("particular", "whole", "have", "holds", "hold", "over", "needs", "take", "takes", "long"),
        *("make", "makes"),
    }
)
_NOT = frozenset({"not", "no", "never", "without", "cannot", "doesn", "didn", "isn", "nor"})
_NEVER_TAGS = frozenset(
    {"no", "not", "non", "false", "ok", "fine", "resolved", "dismissed", "ignore"}
)


def number_faults(sentence: str, known: str, rows: Sequence[Row]) -> Iterable[str]:
    """Numbers must stand in `known`; shares must be those of the table."""
    text = plain(sentence)
    invented = sorted(set(_NUMBER.findall(text)) - set(_NUMBER.findall(plain(known))))
    if invented:
        yield f"{', '.join(invented)} is neither in the contrast table nor in a quote"
    rates = [rate for row in rows for rate in (row.feature.failing, row.feature.healthy)]
    shares = {(str(rate.k), str(rate.n)) for rate in rates}
    for share in _SHARE.findall(text):
        if share not in shares and " of ".join(share) not in known:
            yield f"{' of '.join(share)} is not a share of the table"
    percents = {f"{100 * rate.k / rate.n:.0f}" for rate in rates if rate.n}
    if any(p not in percents for p in _PERCENT.findall(text)):
        yield "a percentage is not one of the table"
    if counts_in_words(text):
        yield "say numbers as the table does, in digits"


def cause_faults(sentence: str, row: Row) -> Iterable[str]:
    """The root cause must say what its row says, of the agent of its row, of no more sessions."""
    said = words(sentence)
    if after_name(sentence, row.feature.agent) is None:
        yield "root_cause must begin with the agent of its row"
    keys = {_stem(word) for word in row.keywords() if len(word) > 3 and word not in _COMMON}
    stems = [_stem(word) for word in said]
    if not keys & set(stems):
        yield "root_cause must say what its row says, with at least one of the row's own words"
    if any(a in _NOT and b in keys for a, b in pairwise(stems)):
        yield "root_cause must not deny what its row says"
    if claims_all(sentence) and row.feature.failing.k < row.feature.failing.n:
        yield "root_cause claims more sessions than its row has"


def said_of(sentence: str, row: Row) -> bool:
    """Whether a line for the prompt is about what the row says."""
    keys = {_stem(word) for word in row.remedy_words() if len(word) > 3 and word not in _COMMON}
    return bool(keys & {_stem(word) for word in words(sentence)})


def tags_of(tags: Iterable[str], sentences: Iterable[str], row: Row) -> tuple[str, ...]:
    """Tags made of words that the account and its row use."""
    said = [word for sentence in sentences for word in words(sentence)] + list(row.keywords())
    known = {word[:4] for word in said}
    return tuple(
        tag
        for tag in tags
        if all(part[:4] in known and part not in _NEVER_TAGS for part in tag.split("-") if part)
    )


def _stem(word: str) -> str:
    return word[:5]
