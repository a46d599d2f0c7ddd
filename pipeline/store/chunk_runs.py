"""Pure: neighbouring spans of one trace, found in columns, with their keys packed.

In: ids and times of the spans of one scope, and what they name. Out: `Run`s in their order. Next:
`exporter.decode` makes a chunk of each trace.

`pack_runs.pyx` is built when the package is installed and there is a C compiler; else the same is done in
Python. Keys are packed here where the spans of a run name the same, and in few bytes, as nearly all do.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.store.chunk_keys import FORMAT, Columns, pack_columns

try:
    from pipeline.store.pack_runs import pack_runs
except ImportError:
    pack_runs = None

COMPILED = pack_runs is not None
Numbers = NDArray[np.uint64]


Run = tuple[int, int, str, bytes | None]
"""First span and behind the last, trace id in hex, keys: None where they are to be packed when they are needed."""
SHORT = 128
"""Bytes of a project and fallback that every run may hold a copy of before anybody asks for it."""


class Spans(NamedTuple):
    """Columns: ids are their eight bytes taken for a number, two numbers a trace id."""

    trace_ids: Numbers
    ids: Numbers
    parents: Numbers
    starts: Numbers
    ends: Numbers
    sessions: list[str | None]

    def columns(self, first: int, last: int) -> Columns:
        """Those of the keys of these spans, as they are packed."""
        numbers = (self.ids, self.parents, self.starts, self.ends)
        return Columns(*(column[first:last].tobytes() for column in numbers))


def runs_of(spans: Spans, projects: Sequence[str | None], fallback: str) -> list[Run]:
    """One project stands for all spans; there is one span at least."""
    others = f"\0{projects[0] or ''}\0{fallback}".encode() if len(projects) == 1 else None
    if others is not None and len(others) > SHORT:
        others = None
    if pack_runs is None:
        return list(plain_runs(spans, others))
    columns: tuple[Any, ...] = spans
    return pack_runs(*columns, others, FORMAT)


def plain_runs(spans: Spans, others: bytes | None) -> Iterator[Run]:
    """The same in Python; `others` is what follows the session in the names."""
    high, low = spans.trace_ids.T
    changes = np.flatnonzero((high[1:] != high[:-1]) | (low[1:] != low[:-1])) + 1
    _, project, fallback = (others or b"\0\0").decode().split("\0")
    for first, last in pairwise([0, *changes.tolist(), len(spans.sessions)]):
        named = spans.sessions[first:last]
        keys = None
        if others is not None and named.count(named[0]) == len(named):
            keys = pack_columns(spans.columns(first, last), named[:1], (project,), (fallback,))
        yield first, last, spans.trace_ids[first].tobytes().hex(), keys
