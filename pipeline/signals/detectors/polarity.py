"""Polarity: negations and conditions that are missing where their sentence was kept.

In: an exchange. Out: dropped negations and conditions in the tallies. Next: `handoff`.

A sentence that the answer leaves out as a whole is no dropped negation. A negative word ("failed to",
"without", "uninsured") stands for a negation, unless it is what the source negates ("do not
cancel"); any condition word stands for a condition. A sentence with a condition or an exception is
kept where its main part is, so a dropped one is seen however long it was; set apart in a sentence of
its own it is not dropped.
"""

from collections.abc import Iterator, Mapping

from pipeline.model.evidence import Located
from pipeline.signals.detectors.exchanges import Exchange
from pipeline.signals.detectors.tally import Tally
from pipeline.text.analysed import Analysed, Segment
from pipeline.text.excerpts import excerpt
from pipeline.text.provisos import Proviso, read_proviso, says_proviso
from pipeline.text.words import STRICT_CONDITIONS

_MIN_SHARED = 3
_MIN_SHARE = 0.6
_MIN_SHORT = 2
_SHORT = 3
_QUOTED = 60


def count_polarity(exchange: Exchange, tallies: Mapping[str, Tally]) -> None:
    """Add what this exchange dropped."""
    for located, analysed in exchange.narrated.read:
        if analysed.is_json:
            continue
        _negations(located, analysed, exchange, tallies["handoff.negations"])
        _conditions(located, analysed, exchange, tallies["handoff.conditions"])


def _negations(located: Located, source: Analysed, exchange: Exchange, tally: Tally) -> None:
    for clause in source.clauses:
        if not clause.negated:
            continue
        for place, answer, segment in _counterpart(clause.stems, exchange):
            if _said_otherwise(clause, segment, source):
                continue
            tally.total += 1
            shown = _shown(located, clause, place, segment)
            if answer.says_no(segment, besides=clause.stems):
                tally.keep(*shown)
            else:
                tally.miss(f'"{source.text[clause.start : clause.end].strip()[:60]}"', *shown)


def _conditions(located: Located, source: Analysed, exchange: Exchange, tally: Tally) -> None:
    for sentence in source.segments:
        said = source.text[sentence.start : sentence.end]
        if said.rstrip().endswith("?"):
            continue
        proviso = read_proviso(source, sentence)
        if proviso.is_idle if proviso else STRICT_CONDITIONS.isdisjoint(sentence.words):
            continue
        for place, answer, segment in _kept_main(sentence, proviso, source, exchange):
            tally.total += 1
            shown = _shown(located, sentence, place, segment)
            if says_proviso(answer, segment) or _says_apart(proviso, segment, exchange):
                tally.keep(*shown)
            else:
                tally.miss(f'"{_quoted(source, sentence, proviso)}"', *shown)


def _kept_main(
    sentence: Segment, proviso: Proviso | None, source: Analysed, exchange: Exchange
) -> Iterator[tuple[Located, Analysed, Segment]]:
    """Where the answer says the sentence, or at least its main part."""
    whole = list(_counterpart(sentence.stems, exchange))
    if whole or proviso is None:
        yield from whole
        return
    for place, answer, segment in _counterpart(proviso.main, exchange):
        shared = len(proviso.main & segment.stems)
        elsewhere = (o for o in source.segments if o != sentence)
        if not any(len(o.stems & segment.stems) >= shared for o in elsewhere):
            yield place, answer, segment


def _says_apart(proviso: Proviso | None, segment: Segment, exchange: Exchange) -> bool:
    """Another sentence of the answer sets the condition."""
    if proviso is None:
        return False
    return any(
        other is not segment
        and says_proviso(answer, other)
        and 3 * len(proviso.proviso & other.stems) >= max(1, len(proviso.proviso))
        for _, answer in exchange.answer.read
        for other in answer.segments
    )


def _quoted(source: Analysed, sentence: Segment, proviso: Proviso | None) -> str:
    """The proviso where it stands apart from the rest, else the sentence."""
    said = source.text[sentence.start : sentence.end].strip()
    if proviso is None or len(said) <= _QUOTED:
        return said[:_QUOTED]
    return source.text[proviso.start : proviso.end].strip()[:_QUOTED]


def _counterpart(
    stems: frozenset[str], exchange: Exchange
) -> Iterator[tuple[Located, Analysed, Segment]]:
    """The sentence of the answer that says most of this one, if there is any."""
    if len(stems) < _MIN_SHORT:
        return
    least = _MIN_SHORT if len(stems) <= _SHORT else _MIN_SHARED
    needed = max(least, _MIN_SHARE * len(stems))
    best: tuple[int, Located, Analysed, Segment] | None = None
    for located, analysed in exchange.answer.read:
        for other in analysed.segments:
            shared = len(stems & other.stems)
            if shared >= needed and (best is None or shared > best[0]):
                best = shared, located, analysed, other
    if best is not None:
        yield best[1:]


def _said_otherwise(clause: Segment, segment: Segment, source: Analysed) -> bool:
    """The source says as much of it elsewhere without a negation."""
    shared = len(clause.stems & segment.stems)
    return any(
        not other.negated and len(other.stems & segment.stems) >= shared for other in source.clauses
    )


def _shown(
    located: Located, one: Segment, place: Located, other: Segment
) -> tuple[Located, Located]:
    return excerpt(located, one.start, one.end), excerpt(place, other.start, other.end)
