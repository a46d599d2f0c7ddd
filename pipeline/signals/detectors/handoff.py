"""Handoff traits: what an invocation lost, changed or added between its input and its answer.

In: invocations. Out: `handoff.*` detections, values in [0, 1], 0 = intact; they never vote. Next:
`enrich`.

The counts of all exchanges of an invocation are pooled. Where there was nothing to compare, there is
no detection (which a test reads as 0). An answer that is a bare label is not asked for coverage.
"""

from collections.abc import Iterator, Sequence

from pipeline.conventions.invocations import Invocation
from pipeline.model.detection import Detection
from pipeline.signals.detectors.additions import count_additions, count_hidden_errors
from pipeline.signals.detectors.changes import count_changes
from pipeline.signals.detectors.coverage import count_coverage
from pipeline.signals.detectors.exchanges import Exchange, read_exchanges
from pipeline.signals.detectors.made import trait
from pipeline.signals.detectors.order import OrderCount
from pipeline.signals.detectors.polarity import count_polarity
from pipeline.signals.detectors.tally import Tally

_UNSURE = 0.1


def read_handoffs(invocations: Sequence[Invocation]) -> list[Detection]:
    """The handoff traits of every invocation."""
    return [d for i in invocations for d in _handoff(i)]


def _tallies() -> dict[str, Tally]:
    tallies = (
        Tally("handoff.numbers", "{bad} of {total} numbers of the input are missing"),
        Tally("handoff.dates", "{bad} of {total} dates and times of the input are missing"),
        Tally("handoff.names", "{bad} of {total} names of the input are missing"),
        Tally(
            "handoff.identifiers",
            "{bad} of {total} identifiers of the input are missing or altered",
        ),
        Tally("handoff.numbers_changed", "{bad} numbers were changed", by_count=True),
        Tally("handoff.signs", "{bad} of {total} negative numbers lost their sign"),
        Tally("handoff.units", "{bad} of {total} units were changed", by_count=True),
        Tally("handoff.negations", "{bad} of {total} negations were dropped"),
        Tally("handoff.conditions", "{bad} of {total} conditions were dropped"),
        Tally("handoff.hidden_error", "{bad} of {total} failed tools are not mentioned"),
        Tally("handoff.additions", "{bad} of {total} exact items of the answer have no source"),
    )
    return {t.name: t for t in tallies}


def _handoff(invocation: Invocation) -> Iterator[Detection]:
    exchanges = read_exchanges(invocation)
    if not exchanges:
        return
    where = (invocation.agent, invocation.step, invocation.span_id)
    tallies, order = _tallies(), OrderCount()
    for exchange in exchanges:
        order.add(exchange)
        count_coverage(exchange, tallies)
        count_changes(exchange, tallies)
        count_polarity(exchange, tallies)
        count_additions(exchange, tallies["handoff.additions"])
        count_hidden_errors(exchange, tallies["handoff.hidden_error"])
    yield from (d for t in tallies.values() if (d := t.detection(where)) is not None)
    yield from _order(order, where)
    yield _length(exchanges, where)


def _order(order: OrderCount, where: tuple[str, str, str]) -> Iterator[Detection]:
    if not order.compared:
        if order.measurable:
            yield trait(
                "handoff.order", where, 0.0, confidence=_UNSURE, detail="too little is shared"
            )
        return
    value = order.discordant / order.compared
    detail = f"{order.n_moved} of {order.n_links} shared passages changed their order"
    if not order.discordant:
        detail = f"{order.n_links} shared passages kept their order"
    yield trait(
        "handoff.order",
        where,
        value,
        confidence=order.n_links / (order.n_links + 4),
        detail=detail,
        passages=order.shown or order.intact,
    )


def _length(exchanges: Sequence[Exchange], where: tuple[str, str, str]) -> Detection:
    """A bare label has the length loss 1 whatever it was made from, so that inputs do not show."""
    if all(e.is_label for e in exchanges):
        return trait(
            "handoff.length", where, 1.0, confidence=_UNSURE, detail="the answer is a bare label"
        )
    given = sum(e.source.n_chars for e in exchanges)
    said = sum(e.answer.n_chars for e in exchanges)
    value = 1 - min(1.0, said / max(1, given))
    detail = f"{given} characters in, {said} out"
    return trait("handoff.length", where, value, detail=detail)
