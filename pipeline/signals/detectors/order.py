"""Order: do the things that input and answer share stand in the same order?

In: an exchange. Out: weighted discordant and compared pairs, with the worst pair to show. Next:
`handoff` makes `handoff.order` of it.

A sentence of the input and a clause of the answer are linked when they share content words that
stand in no other sentence and no other clause. Two links that stand in one order in the input and
in the other in the answer are discordant: Kendall's tau distance over links. Words of one sentence
that change places within it do not count, so a paraphrase keeps its order.
"""

from dataclasses import dataclass
from itertools import combinations

from pipeline.model.evidence import Located
from pipeline.signals.detectors.exchanges import Exchange, Side
from pipeline.text.analysed import Segment
from pipeline.text.excerpts import excerpt

MIN_LINKS = 4
_MIN_PLACES = 3
_MAX_LINKS = 240
_MAX_WEIGHT = 3
Place = tuple[Located, Segment]


@dataclass(frozen=True)
class Link:
    """Input sentence `before` and answer clause `after`, by position, with the words they share."""

    before: int
    after: int
    weight: int


@dataclass
class OrderCount:
    """Pairs of links over all sources of all exchanges of an invocation."""

    discordant: float = 0.0
    compared: float = 0.0
    n_links: int = 0
    n_moved: int = 0
    worst: int = 0
    shown: tuple[Located, ...] = ()
    intact: tuple[Located, ...] = ()
    measurable: bool = False

    def add(self, exchange: Exchange) -> None:
        """Compare each source text with the answer."""
        answer = _clauses(exchange.answer)
        for located, analysed in exchange.narrated.read:
            if len(analysed.segments) < MIN_LINKS:
                continue
            self.measurable = True
            source = [(located, s) for s in analysed.segments]
            links = _links(source, answer)
            if len(links) >= MIN_LINKS and _spread(links):
                self._count(links, source, answer)

    def _count(self, links: list[Link], source: list[Place], answer: list[Place]) -> None:
        self.n_links += len(links)
        moved: set[Link] = set()
        for a, b in combinations(links, 2):
            if a.before == b.before or a.after == b.after:
                continue
            weight = min(a.weight, b.weight)
            self.compared += weight
            if (a.before < b.before) != (a.after < b.after):
                self.discordant += weight
                moved |= {a, b}
                self._show(a, b, weight, source, answer)
        self.n_moved += len(moved)
        first = links[0]
        if not self.intact:
            self.intact = (_text(source[first.before]), _text(answer[first.after]))

    def _show(
        self, a: Link, b: Link, weight: int, source: list[Place], answer: list[Place]
    ) -> None:
        distance = weight * (abs(a.before - b.before) + abs(a.after - b.after))
        if distance > self.worst:
            self.worst = distance
            early, late = sorted((a, b), key=lambda link: link.before)
            self.shown = (
                _text(source[early.before]),
                _text(answer[late.after]),
                _text(source[late.before]),
                _text(answer[early.after]),
            )


def _clauses(side: Side) -> list[Place]:
    return [(located, clause) for located, analysed in side.read for clause in analysed.clauses]


def _links(source: list[Place], answer: list[Place]) -> list[Link]:
    before, after = _only_places(source), _only_places(answer)
    weights: dict[tuple[int, int], int] = {}
    for stem, place in before.items():
        other = after.get(stem)
        if place is not None and other is not None:
            weights[place, other] = weights.get((place, other), 0) + 1
    links = [Link(p, o, min(_MAX_WEIGHT, w)) for (p, o), w in weights.items()]
    strongest = sorted(links, key=lambda k: (-k.weight, k.before, k.after))[:_MAX_LINKS]
    return sorted(strongest, key=lambda k: (k.before, k.after))


def _only_places(places: list[Place]) -> dict[str, int | None]:
    """Each stem's only place, None where it stands in several."""
    found: dict[str, int | None] = {}
    for index, (_, segment) in enumerate(places):
        for stem in sorted(segment.stems):
            found[stem] = None if stem in found else index
    return found


def _spread(links: list[Link]) -> bool:
    return min(len({k.before for k in links}), len({k.after for k in links})) >= _MIN_PLACES


def _text(place: Place) -> Located:
    located, segment = place
    return excerpt(located, segment.start, segment.end, 240)
