"""Coverage: which numbers, dates, names and identifiers of the source the answer lacks or alters.

In: an exchange. Out: lost and total items in the tallies. Next: `handoff`.
"""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.model.evidence import Located
from pipeline.signals.detectors.exchanges import Exchange, Side
from pipeline.signals.detectors.tally import Tally
from pipeline.text.excerpts import excerpt
from pipeline.text.items import Item

KINDS = {
    "handoff.numbers": ("number",),
    "handoff.dates": ("date", "time"),
    "handoff.names": ("name",),
    "handoff.identifiers": ("id",),
}
_MIN_ID = 4


def count_coverage(exchange: Exchange, tallies: Mapping[str, Tally]) -> None:
    """Add what this exchange lost of each kind."""
    if exchange.is_label:
        return
    strange = _strange(exchange)
    for name, kinds in KINDS.items():
        tally = tallies[name]
        for located, item in _distinct(exchange.source, kinds):
            tally.total += 1
            if kept(item, exchange.answer):
                if not tally.intact:
                    tally.keep(excerpt(located, item.start, item.end))
            elif name != "handoff.identifiers" or not _altered(located, item, strange, tally):
                shown = () if tally.is_told else (excerpt(located, item.start, item.end),)
                tally.miss(item.text, *shown)


def _distinct(side: Side, kinds: tuple[str, ...]) -> Iterator[tuple[Located, Item]]:
    seen: set[str] = set()
    for located, item in side.items:
        if item.kind in kinds and not item.spelled and item.key not in seen:
            seen.add(item.key)
            yield located, item


def kept(item: Item, side: Side) -> bool:
    """The item stands on that side, in whatever spelling."""
    if item.kind == "name":
        parts = [p for p in item.key.replace("-", " ").split() if len(p) > 2]
        said = [side.says(p) for p in parts or [item.key]]
        return 2 * sum(said) >= len(said)
    if item.kind == "id":
        return side.holds(item.key)
    if item.kind == "number":
        share = f"{item.value * 100:.10g}" if item.value < 1 else item.key
        return side.has(item.key, "number") or side.has(share, "number")
    return side.has(item.key, item.kind)


def _strange(exchange: Exchange) -> list[tuple[Located, Item]]:
    """The answer's identifiers and numbers that the source lacks."""
    source = exchange.source
    return [
        (located, item)
        for located, item in exchange.answer.items
        if item.kind in ("id", "number") and not source.has(item.key, "id", "number")
    ]


def _altered(
    located: Located, item: Item, strange: Sequence[tuple[Located, Item]], tally: Tally
) -> bool:
    """It stands there cut short or with other characters, which is told before what is lost."""
    for place, other in strange:
        if resembles(item.key, other):
            said = f"{item.text} became {other.text}"
            shown = ((located, item), (place, other))
            tally.miss_first(said, *(excerpt(p, i.start, i.end) for p, i in shown))
            return True
    return False


def resembles(key: str, other: Item) -> bool:
    """One is the beginning or end of the other, or they differ in at most two characters."""
    said = other.text.lower().lstrip("#")
    if min(len(key), len(said)) < _MIN_ID or key == said:
        return False
    short, long = sorted((key, said), key=len)
    if long.startswith(short) or long.endswith(short):
        return True
    return len(key) == len(said) and sum(a != b for a, b in zip(key, said, strict=True)) <= 2
