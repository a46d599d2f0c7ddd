"""Pure: how many fields an OTLP message has, and how large its attributes are, without parsing it.

In: serialised messages. Out: `n_fields`, `largest_attribute`. Next: whoever would parse a message of many
megabytes asks here first.

Parsed, a field takes up to a hundred bytes for the two that it has on the wire: a small body becomes a
huge one. This walk takes no memory and ends at a limit. What is broken is left for the parser to refuse.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Shape = Mapping[int, "Shape"]
"""The fields that hold messages, by number. An empty one is not looked into."""

_NOTHING: Shape = {}
_FLAT: Shape = {0: _NOTHING}
"""A message without messages; there is no field 0."""
_value: dict[int, Any] = {}
_PAIR: Shape = {2: _value}
_value |= {5: {1: _value}, 6: {1: _PAIR}}
RESOURCE: Shape = {1: _PAIR, 3: _FLAT}
SCOPE: Shape = {3: _PAIR}
SPAN: Shape = {9: _PAIR, 11: {3: _PAIR}, 13: {4: _PAIR}, 15: _FLAT}
SPAN_FIELD: Shape = {2: SPAN}
"""A span as the field of its scope."""
OUTER: Shape = {1: {2: _FLAT}}
"""A request of any signal down to its spans, records or metrics, which are not looked into."""
LOGS: Shape = {1: {1: RESOURCE, 2: {1: SCOPE, 2: {5: _value, 6: _PAIR}}}}

MAX_FIELDS = 200_000
"""Of one message that is parsed as a whole; a span of 10,000 texts as attributes has 50,000."""

MANY_BYTES = 2 * MAX_FIELDS
"""What has no more cannot have so many fields."""

_FIXED = {1: 8, 5: 4}
_LENGTH_DELIMITED, _VARINT = 2, 0
_MAX_VARINT = 10


class _Broken(Exception):
    """Not protobuf as OTLP has it."""


def n_fields(message: bytes | memoryview, shape: Shape, limit: int = MAX_FIELDS) -> int:
    """Fields of the message and of all messages in it; one more than the limit for any number above."""
    n = 0
    waiting = [(0, len(message), shape)]
    try:
        while waiting:
            begin, end, shape = waiting.pop()
            for number, first, last in _fields(message, begin, end):
                n += 1
                if n > limit:
                    return n
                inner = shape.get(number, _NOTHING)
                if inner and last > first:
                    waiting.append((first, last, inner))
    except (_Broken, IndexError):
        pass
    return n


def largest_attribute(message: bytes | memoryview, shape: Shape) -> int:
    """Bytes of the largest attribute of the message and of all messages in it."""
    largest = 0
    waiting = [(0, len(message), shape)]
    try:
        while waiting:
            begin, end, shape = waiting.pop()
            for number, first, last in _fields(message, begin, end):
                inner = shape.get(number, _NOTHING)
                if inner is _PAIR:
                    largest = max(largest, last - first)
                elif inner and last - first > largest:
                    waiting.append((first, last, inner))
    except (_Broken, IndexError):
        pass
    return largest


def _fields(message: bytes | memoryview, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, begin and end of the content of each field."""
    while at < end:
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == _LENGTH_DELIMITED:
            size, at = _varint(message, at)
            last = at + size
        elif kind == _VARINT:
            last = _varint(message, at)[1]
        elif kind in _FIXED:
            last = at + _FIXED[kind]
        else:
            raise _Broken
        if last > end:
            raise _Broken
        yield tag >> 3, at, last
        at = last


def _varint(message: bytes | memoryview, at: int) -> tuple[int, int]:
    """A number and where it ends."""
    value = message[at]
    if value < 0x80:
        return value, at + 1
    value &= 0x7F
    for n in range(1, _MAX_VARINT):
        byte = message[at + n]
        value |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            return value, at + n + 1
    raise _Broken
