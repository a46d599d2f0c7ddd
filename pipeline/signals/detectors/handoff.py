"""Handoff traits: what an invocation lost, changed or added between its input and its answer.

In: invocations. Out: `handoff.*` detections, values in [0, 1], 0 = intact; they never vote. Next:
`enrich`.

The counts of all exchanges of an invocation are pooled. Where there was nothing to compare, there is
no detection (which a test reads as 0). An answer that is a bare label is not asked for coverage.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    where = (invocation.agent, invocation.step, invocation.span_id)
    tallies, order, length = _tallies(), OrderCount(), _Length()
    for exchange in read_exchanges(invocation):
        length.add(exchange)
        order.add(exchange)
        count_coverage(exchange, tallies)
        count_changes(exchange, tallies)
        count_polarity(exchange, tallies)
        count_additions(exchange, tallies["handoff.additions"])
        count_hidden_errors(exchange, tallies["handoff.hidden_error"])
    if not length.n_exchanges:
        return
    yield from (d for t in tallies.values() if (d := t.detection(where)) is not None)
    yield from _order(order, where)
    yield length.detection(where)


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


@dataclass
class _Length:
    """Characters on both sides of all exchanges.

    A bare label has the length loss 1 whatever it was made from, so that inputs do not show.
    """

    n_exchanges: int = 0
    n_labels: int = 0
    given: int = 0
    said: int = 0

    def add(self, exchange: Exchange) -> None:
        """One more exchange."""
        self.n_exchanges += 1
        self.n_labels += exchange.is_label
        self.given += exchange.source.n_chars
        self.said += exchange.answer.n_chars

    def detection(self, where: tuple[str, str, str]) -> Detection:
        """What was lost of the length."""
        name = "handoff.length"
        if self.n_labels == self.n_exchanges:
            detail = "the answer is a bare label"
            return trait(name, where, 1.0, confidence=_UNSURE, detail=detail)
        value = 1 - min(1.0, self.said / max(1, self.given))
        return trait(name, where, value, detail=f"{self.given} characters in, {self.said} out")
