"""Changes: numbers, signs and units that stand in the answer otherwise than in the source.

In: an exchange. Out: changed values in the tallies. Next: `handoff`.

A number of the answer that the source lacks counts as changed when a number that the answer lacks
stands in the same context there, and either their digits are close (transposed, one digit other,
the point moved, rounded) or the contexts agree in several words. Sums, differences and products of
the source's numbers are computed, not changed.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from heapq import nsmallest

from pipeline.model.evidence import Located
from pipeline.signals.detectors.exchanges import Exchange, Side
from pipeline.signals.detectors.structured import changed_values
from pipeline.signals.detectors.tally import Tally
from pipeline.text.analysed import WORD, stem
from pipeline.text.excerpts import excerpt
from pipeline.text.items import Item
from pipeline.text.units import same_unit
from pipeline.text.words import STOP

_REACH = 48
_MAX_DERIVED = 60
_MAX_GONE = 160
_MINUS = re.compile(
    r"minus|negativ|credit|refund|decreas|declin|drop|loss|lost|below|under|owe|overdra|deduct|debit|"
    r"\b(?:dr|cr)\b|fell|down|less|short|reduc|deficit|rückgang|verlust|perte|baisse|pérdida|baja",
    re.IGNORECASE,
)
Placed = tuple[Located, Item]


def count_changes(exchange: Exchange, tallies: Mapping[str, Tally]) -> None:
    """Add changed numbers, lost signs and changed units of this exchange."""
    source = [p for p in exchange.source.items if p[1].kind == "number"]
    answer = [p for p in exchange.answer.items if p[1].kind == "number"]
    _numbers(exchange, source, answer, tallies["handoff.numbers_changed"])
    _signs(source, answer, tallies["handoff.signs"])
    _units(source, answer, tallies["handoff.units"])
    for change in changed_values(exchange.source, exchange.answer):
        tally = tallies[change.trait]
        if not any(said in change.said for said in tally.said):
            tally.total += 1
            tally.miss(change.said, *change.passages)


def _numbers(
    exchange: Exchange, source: Sequence[Placed], answer: Sequence[Placed], tally: Tally
) -> None:
    sides = (exchange.source, exchange.earlier)
    spoken = exchange.answer.numbers
    gone = [p for p in source if p[1].key not in spoken and not p[1].spelled][:_MAX_GONE]
    known = {i.key for _, i in answer if any(s.has(i.key, "number") for s in sides)}
    tally.total += sum(i.key in known for _, i in answer)
    seen: set[str] = set()
    for located, item in answer[:_MAX_GONE]:
        if item.spelled or item.key in known or item.key in seen:
            continue
        seen.add(item.key)
        origin = _origin(located, item, gone, exchange.source)
        if origin is not None:
            place, old = origin
            tally.miss(
                f"{old.text} became {item.text}",
                excerpt(place, old.start, old.end),
                excerpt(located, item.start, item.end),
            )


def _origin(located: Located, item: Item, gone: Sequence[Placed], source: Side) -> Placed | None:
    """The lost number of the source that this one stands for, the one with the closest context."""
    around = context(located.text, item)
    best: tuple[float, Placed] | None = None
    for place, old in gone:
        if old.unit and item.unit and not same_unit(old.unit, item.unit):
            continue
        shared = len(around & context(place.text, old))
        score = shared + 0.5 * bool(item.unit and item.unit == old.unit)
        if score >= _needed(old, item) and (best is None or score > best[0]):
            best = score, (place, old)
    if best is None or (not similar(best[1][1], item) and _derived(item.value, source)):
        return None
    return best[1]


def _needed(old: Item, item: Item) -> float:
    if not similar(old, item):
        return 2.5
    return 1.0 if len(_digits(old)) > 2 else 1.5


def similar(old: Item, new: Item) -> bool:
    """Transposed, one digit other or missing, the point moved, or rounded."""
    a, b = _digits(old), _digits(new)
    if not a or not b or (len(a) == 1 and len(b) == 1):
        return False
    if sorted(a) == sorted(b) or a.rstrip("0") == b.rstrip("0"):
        return True
    if len(a) == len(b) and len(a) > 2 and sum(x != y for x, y in zip(a, b, strict=True)) == 1:
        return True
    short, long = sorted((a, b), key=len)
    if len(long) - len(short) == 1 and len(short) > 2:
        return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
    return _rounded(old.value, new.value)


def _rounded(old: float, new: float) -> bool:
    if not old or not new or abs(old - new) > 0.05 * abs(old):
        return False
    return len(f"{new:g}".replace(".", "").rstrip("0")) < len(
        f"{old:g}".replace(".", "").rstrip("0")
    )


def _digits(item: Item) -> str:
    return re.sub(r"\D", "", item.key).lstrip("0")


@lru_cache(maxsize=8192)
def _window(text: str) -> frozenset[str]:
    words = (w.lower() for part in WORD.findall(text) for w in part.split("_"))
    return frozenset(stem(w) for w in words if w not in STOP and len(w) > 2 and not w[0].isdigit())


def context(text: str, item: Item) -> frozenset[str]:
    """Stems of the words around an item on its own line."""
    left = text[max(0, item.start - _REACH) : item.start].rpartition("\n")[2]
    right = text[item.end : item.end + _REACH // 2].partition("\n")[0]
    return _window(f"{left} {right}")


def _derived(value: float, source: Side) -> bool:
    """A sum, difference or product of two numbers, a sum of all, or a small multiple."""
    values = nsmallest(_MAX_DERIVED, source.values, key=lambda v: abs(v - value))
    if _same(value, sum(values)) or any(_same(value, v * n) for v in values for n in range(2, 11)):
        return True
    known = {round(v, 4) for v in values}
    return any(
        round(value - v, 4) in known
        or round(value + v, 4) in known
        or (v != 0 and round(value / v, 4) in known and _same(value, v * round(value / v, 4)))
        for v in values
    )


def derived(value: float, source: Side) -> bool:
    """The value can be computed from the source's numbers."""
    return _derived(value, source)


def _same(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6 * max(1.0, abs(other))


def _signs(source: Sequence[Placed], answer: Sequence[Placed], tally: Tally) -> None:
    """Numbers that are negative wherever the source has them, and the same in the answer."""
    sources, answers = _by_key(source), _by_key(answer)
    for key in sorted({i.key for _, i in source if i.negative and i.value}):
        before, after = sources[key], answers.get(key, [])
        if not after or not all(i.negative for _, i in before):
            continue
        tally.total += 1
        shown = [excerpt(p, i.start, i.end) for p, i in (before[0], after[0])]
        if any(i.negative or _says_minus(p, i) for p, i in after):
            tally.keep(*shown)
        else:
            tally.miss(f"{before[0][1].text} became {after[0][1].text}", *shown)


def _by_key(places: Sequence[Placed]) -> dict[str, list[Placed]]:
    found: dict[str, list[Placed]] = {}
    for place in places:
        found.setdefault(place[1].key, []).append(place)
    return found


def _says_minus(located: Located, item: Item) -> bool:
    return bool(_MINUS.search(located.text, max(0, item.start - 40), item.end + 30))


def _units(source: Sequence[Placed], answer: Sequence[Placed], tally: Tally) -> None:
    """Numbers with one unit in the source that stand with another in the answer."""
    sources = _by_key([p for p in source if p[1].unit])
    answers = _by_key([p for p in answer if p[1].unit])
    for key in sorted(sources):
        before, after = sources[key], answers.get(key, [])
        units = {i.unit for _, i in before}
        if not after or len(units) != 1:
            continue
        tally.total += 1
        (unit,) = units
        other = next((p for p in after if not same_unit(unit, p[1].unit)), None)
        shown = [excerpt(p, i.start, i.end) for p, i in (before[0], other or after[0])]
        if other is None or any(same_unit(unit, i.unit) for _, i in after):
            tally.keep(*shown)
        else:
            tally.miss(f"{before[0][1].text} became {other[1].text}", *shown)
