"""Structured handoffs: JSON on both sides, compared key by key.

In: the sides of an exchange. Out: values that changed under a key both sides have once. Next:
`changes` adds them to the tallies.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from pipeline.conventions.quotes import is_list, parse_json
from pipeline.model.evidence import Located
from pipeline.signals.detectors.exchanges import Side
from pipeline.text.excerpts import excerpt

_OBJECT = re.compile(r"[{\[].*[}\]]", re.DOTALL)
_UNIT_KEYS = re.compile(r"currency|unit|uom|währung|devise|moneda", re.IGNORECASE)
_CODE = re.compile(r"(?=.*\d)[\w-]{4,}\Z")
Scalar = str | int | float | bool


@dataclass(frozen=True)
class Changed:
    """A value that is another one in the answer."""

    trait: str
    said: str
    passages: tuple[Located, ...]


def changed_values(source: Side, answer: Side) -> Iterator[Changed]:
    """Changed values, by key; a key that a side has several times cannot be compared."""
    before, after = _values(source), _values(answer)
    for key in sorted(before.keys() & after.keys()):
        (old_place, old), (new_place, new) = before[key], after[key]
        name = _trait(key, old, new)
        if name is not None:
            shown = (_show(old_place, key), _show(new_place, key))
            yield Changed(name, f"{key}: {old} became {new}", shown)


def _trait(key: str, old: Scalar, new: Scalar) -> str | None:
    if isinstance(old, bool) or isinstance(new, bool):
        both = isinstance(old, bool) and isinstance(new, bool)
        return "handoff.negations" if both and old != new else None
    if isinstance(old, int | float) and isinstance(new, int | float):
        if old == new or abs(old) == abs(new):
            return None
        return "handoff.numbers_changed"
    if not isinstance(old, str) or not isinstance(new, str) or _same(old, new):
        return None
    if _UNIT_KEYS.search(key):
        return "handoff.units"
    return "handoff.identifiers" if _CODE.match(old) and _CODE.match(new) else None


def _same(old: str, new: str) -> bool:
    return re.sub(r"\W", "", old).lower() == re.sub(r"\W", "", new).lower()


def _values(side: Side) -> dict[str, tuple[Located, Scalar]]:
    found: dict[str, list[tuple[Located, Scalar]]] = {}
    for located in side.texts:
        for key, value in _scalars(located.text):
            found.setdefault(key, []).append((located, value))
    return {key: values[0] for key, values in found.items() if len(values) == 1}


@lru_cache(maxsize=512)
def _scalars(text: str) -> tuple[tuple[str, Scalar], ...]:
    match = _OBJECT.search(text) if "{" in text else None
    parsed = parse_json(match[0]) if match else None
    return tuple(_leaves(parsed, ""))


def _leaves(value: object, key: str) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping):
        for name, inner in cast(Mapping[str, Any], value).items():
            yield from _leaves(inner, str(name))
    elif is_list(value):
        for inner in value:
            yield from _leaves(inner, key)
    elif key and isinstance(value, str | int | float):
        yield key, value


def _show(located: Located, key: str) -> Located:
    at = max(0, located.text.find(f'"{key}"'))
    return excerpt(located, at, at + len(key) + 2)
