"""Polarity: negations and conditions that are missing where their sentence was kept.

In: an exchange. Out: dropped negations and conditions in the tallies. Next: `handoff`.

A sentence that the answer leaves out as a whole is no dropped negation. A negative word ("failed to",
"without", "uninsured") stands for a negation; any condition word stands for a condition.
"""

from collections.abc import Iterator, Mapping

from pipeline.model.evidence import Located
from pipeline.signals.detectors.exchanges import Exchange
from pipeline.signals.detectors.tally import Tally
from pipeline.signals.text.analysed import Analysed, Segment
from pipeline.signals.text.excerpts import excerpt
from pipeline.signals.text.words import STRICT_CONDITIONS

_MIN_SHARED = 3
_MIN_SHARE = 0.6
_MIN_SHORT = 2


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
        for place, answer, segment in _counterpart(clause, exchange):
            if _said_otherwise(clause, segment, source):
                continue
            tally.total += 1
            shown = _shown(located, clause, place, segment)
            if answer.says_no(segment):
                tally.keep(*shown)
            else:
                tally.miss(f'"{source.text[clause.start : clause.end].strip()[:60]}"', *shown)


def _conditions(located: Located, source: Analysed, exchange: Exchange, tally: Tally) -> None:
    for sentence in source.segments:
        said = source.text[sentence.start : sentence.end]
        if STRICT_CONDITIONS.isdisjoint(sentence.words) or said.rstrip().endswith("?"):
            continue
        for place, _, segment in _counterpart(sentence, exchange):
            tally.total += 1
            shown = _shown(located, sentence, place, segment)
            if segment.conditional:
                tally.keep(*shown)
            else:
                tally.miss(f'"{said.strip()[:60]}"', *shown)


def _counterpart(
    segment: Segment, exchange: Exchange
) -> Iterator[tuple[Located, Analysed, Segment]]:
    """The sentence of the answer that says most of this one, if there is any."""
    if len(segment.stems) < _MIN_SHORT:
        return
    needed = max(min(_MIN_SHARED, len(segment.stems)), _MIN_SHARE * len(segment.stems))
    best: tuple[int, Located, Analysed, Segment] | None = None
    for located, analysed in exchange.answer.read:
        for other in analysed.segments:
            shared = len(segment.stems & other.stems)
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
