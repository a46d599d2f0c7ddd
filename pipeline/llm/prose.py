"""Pure: what a model's sentences may say outside of its quotes, whatever it was talked into.

In: a sentence, and everything that the model could read. Out: why the sentence does not stand. Next:
the checks of the engines that ask models.

A model that obeys what a trace told it to write repeats the trace, denies the failure, or adds links
and characters that nobody sees. None of it needs judgement to be refused.
"""

import re
import unicodedata
from collections.abc import Iterable

RUN = 5
"""Words in a row that nobody writes twice by chance."""

_LINK = re.compile(
    r"\]\s*\(|\]\s*:|[a-z][a-z0-9+.-]*://|www\.|mailto:|javascript:|<\s*[a-z/!]|\bdata:|!\[|"
    r"\b[a-z0-9-]+\.(?:com|net|org|io|dev|example|invalid|test|xyz|ru|cn|info|biz|co)\b",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:no|without|zero|not an?|not any|isn't an?) (?:\w+ )?"
    r"(?:issues?|problems?|faults?|bugs?|failures?|defects?)\b|"
    r"\bnothing (?:is |was |went )?(?:wrong|to (?:report|see|fix))|\bfalse (?:positive|alarm)|"
    r"\b(?:works?|worked|working|behaves?|behaved) (?:as (?:intended|expected|designed)|correctly|fine|well)|"
    r"\b(?:is|are|was|were) (?:all )?(?:fine|correct|healthy|innocent|flawless|perfect|ok|okay|resolved)\b|"
    r"\bnot (?:to blame|at fault|guilty|the cause|responsible)|\b(?:ignore|disregard|dismiss)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\b(?:dozens?|hundreds?|thousands?|millions?|out of ten)\b", re.IGNORECASE)
_ALL = re.compile(
    r"\b(?:always|invariably|without exception|in each|(?:every|all)(?: \w+)? "
    r"(?:sessions?|cases?|runs?|times?|conversations?))\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_NOT_PRINTED = dict.fromkeys(map(ord, "\n\t\r"), " ")
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"), "")
"""Some scripts and pictures are written with them."""


class Heard:
    """Everything that a model could read of the sessions, to tell whether it repeats it."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = "\0".join("".join(words(text)) for text in dict.fromkeys(texts))

    def repeats(self, sentence: str) -> bool:
        """Whether five words in a row, or a shorter sentence whole, stand in what was read."""
        said = words(sentence)
        n = min(RUN, len(said))
        runs = ("".join(said[i : i + n]) for i in range(len(said) - n + 1))
        return bool(said) and any(run in self._text for run in runs)


def words(text: str) -> list[str]:
    """The words of a text, without case, marks and tricks of writing."""
    return _WORD.findall(plain(text).lower())


def has_link(text: str) -> bool:
    """Anything that a page would show as a link or load."""
    return _LINK.search(plain(text)) is not None


def is_odd(text: str) -> bool:
    """Characters that are not seen, or that turn the order of others round."""
    return any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Cn") for c in text)


def quote_is_seen(quote: str) -> bool:
    """Whether all of a quote can be shown: no link, nothing unseen but breaks and joiners."""
    return not (has_link(quote) or is_odd(quote.translate(_NOT_PRINTED).translate(_JOINERS)))


def denies(text: str) -> bool:
    """Whether it says that there is nothing to explain, in a sentence or a name-with-hyphens."""
    return any(_DENIAL.search(form) for form in (plain(text), " ".join(words(text))))


def claims_all(sentence: str) -> bool:
    """Whether it speaks of every session."""
    return _ALL.search(plain(sentence)) is not None


def counts_in_words(sentence: str) -> bool:
    """Numbers that cannot be looked up."""
    return _COUNTED.search(plain(sentence)) is not None


def after_name(sentence: str, name: str) -> list[str] | None:
    """The words behind the name that a sentence begins with; None where it begins with another."""
    said, named = words(sentence), words(name)
    at = next((i for i in (0, 1) if said[i : i + len(named)] == named), None)
    if at is None or (at == 1 and said[0] != "the"):
        return None
    return said[at + len(named) :]


def sentence_faults(sentence: str, heard: Heard) -> Iterable[str]:
    """What is refused in every sentence."""
    if has_link(sentence):
        yield "links are not allowed"
    if is_odd(sentence):
        yield "only characters that can be seen are allowed, on one line"
    if denies(sentence):
        yield "a denial explains nothing: the failure is given"
    if heard.repeats(sentence):
        yield "it repeats what a session says: use your own words, and quotes for theirs"


def plain(text: str) -> str:
    """Compatible letters and digits as plain ones; what is not seen is gone."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(c for c in normal if unicodedata.category(c) != "Cf")
