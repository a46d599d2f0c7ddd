"""Pure: ids and times of many spans at once, as arrays.

In: a request and where its spans lie, or spans that protobuf has parsed. Out: `Heads`. Next:
`span_columns` adds what their attributes say, and looks for faults.

Every known encoder writes the fields of a span in the order of their numbers: trace id, span id, parent,
name, kind, start, end. There they are read for all spans together, at a tenth of what it costs to ask
protobuf for each. Spans that begin otherwise are read one by one. Of an id that stands twice in one span
the first counts then, and that is the one by which it is filed and shown.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.uint64]
Places = NDArray[np.int64]

_IDS = np.dtype(
    [
        ("trace_tag", "<u2"),
        ("trace_id", "<u8", 2),
        ("span_tag", "<u2"),
        ("span_id", "<u8"),
        ("tag", "u1"),
        ("length", "u1"),
        ("parent", "<u8"),
    ]
)
_TIMES = np.dtype([("start_tag", "u1"), ("start", "<u8"), ("end_tag", "u1"), ("end", "<u8")])
_TRACE, _SPAN = 0x100A, 0x0812
"""Tag and length of a trace id and of a span id."""
_PARENT, _NAME, _KIND, _START, _END = 0x22, 0x2A, 0x30, 0x39, 0x41
_BEFORE_PARENT = 28
_SIZES = (129, 16_386, 2_097_155)
"""Fields up to these sizes begin with a tag and a length of one, two, three bytes."""
_MAX_BYTE = 0x7F
"""What a number of one byte may be."""


class Heads(NamedTuple):
    """One place a span. Ids are their eight bytes taken for a number, two numbers a trace id; a parent
    of 0 is none. Times are Unix nanoseconds; a span ends no earlier than it starts."""

    trace_ids: Ints
    span_ids: Ints
    parents: Ints
    starts: Ints
    ends: Ints

    def only(self, places: Sequence[int]) -> "Heads":
        """Those of the spans at these places."""
        return Heads(*(column[places] for column in self))

    def trace_id(self, at: int) -> bytes:
        """As it was sent."""
        return self.trace_ids[at].tobytes()


def heads(trace_ids: Ints, span_ids: Ints, parents: Ints, starts: Ints, ends: Ints) -> Heads:
    """Clocks step back and some spans never end."""
    return Heads(trace_ids, span_ids, parents, starts, np.maximum(starts, ends))


def read_heads(body: bytes, edges: Places) -> Heads | None:
    """Of a sound request, whose span n lies between edges n and n + 1; None if one does not begin as usual."""
    begins, ends = edges[:-1], edges[1:]
    sizes = ends - begins
    at = begins + 2
    for limit in _SIZES:
        at += sizes > limit
    if not len(at) or (at + _IDS.itemsize > ends).any():
        return None
    ids = _records(body, _IDS, at)
    lengths = np.where(ids["tag"] == _PARENT, ids["length"], 0)
    usual = (ids["trace_tag"] == _TRACE) & (ids["span_tag"] == _SPAN)
    usual &= (lengths == 0) | (lengths == 8)
    if not usual.all():
        return None
    at += _BEFORE_PARENT
    at += (ids["tag"] == _PARENT) * 2 + lengths
    times = _read_times(body, at, ends)
    if times is None:
        return None
    parents = np.where(lengths == 8, ids["parent"], 0)
    return heads(ids["trace_id"], ids["span_id"], parents, times["start"], times["end"])


def _read_times(body: bytes, at: Places, ends: Places) -> Any:
    """The times behind name and kind, where there are such."""
    raw = np.frombuffer(body, np.uint8)
    if (at + 2 > ends).any():
        return None
    length = np.where(raw[at] == _NAME, raw[at + 1] + np.int64(2), 0)
    at += length
    if (length > 2 + _MAX_BYTE).any() or (at + 2 > ends).any():
        return None
    at += 2 * ((raw[at] == _KIND) & (raw[at + 1] <= _MAX_BYTE))
    if (at + _TIMES.itemsize > ends).any():
        return None
    times = _records(body, _TIMES, at)
    usual = (times["start_tag"] == _START) & (times["end_tag"] == _END)
    return times if usual.all() else None


def _records(body: bytes, kind: "np.dtype[Any]", places: Places) -> Any:
    """A copy of the record at each place: as plain bytes, which numpy copies in one go."""
    n_places = len(body) - kind.itemsize + 1
    plain = np.ndarray((n_places,), f"V{kind.itemsize}", body, strides=(1,))
    return plain[places].view(kind)


def heads_of(spans: Sequence[Any]) -> Heads:
    """Of spans that protobuf has parsed, whose ids have the right lengths; a parent may have none."""
    return heads(
        np.frombuffer(b"".join(span.trace_id for span in spans), "<u8").reshape(-1, 2),
        np.frombuffer(b"".join(span.span_id for span in spans), "<u8"),
        np.frombuffer(b"".join(span.parent_span_id or bytes(8) for span in spans), "<u8"),
        np.array([span.start_time_unix_nano for span in spans], "<u8"),
        np.array([span.end_time_unix_nano for span in spans], "<u8"),
    )
