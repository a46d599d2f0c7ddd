"""Pure: ids and times of many spans at once, as arrays.

In: columns of the compiled scan, or spans that protobuf has parsed. Out: `Heads`. Next: `span_columns`
adds what their attributes say, and looks for faults.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.uint64]
Places = NDArray[np.int64]


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


def heads_of(spans: Sequence[Any]) -> Heads:
    """Of spans that protobuf has parsed, whose ids have the right lengths; a parent may have none."""
    return heads(
        np.frombuffer(b"".join(span.trace_id for span in spans), "<u8").reshape(-1, 2),
        np.frombuffer(b"".join(span.span_id for span in spans), "<u8"),
        np.frombuffer(b"".join(span.parent_span_id or bytes(8) for span in spans), "<u8"),
        np.array([span.start_time_unix_nano for span in spans], "<u8"),
        np.array([span.end_time_unix_nano for span in spans], "<u8"),
    )
