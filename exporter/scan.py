"""Pure: the spans of one scope by the compiled scan, where it is built and nothing is unusual.

In: a request and where its spans lie. Out: `Scan`; None if protobuf has to read them. Next:
`span_columns` makes columns of either.

`span_scan.pyx` is built when the package is installed and there is a C compiler. Without it all is the
same, but slower: `COMPILED` says which it is.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from exporter.baggage import PROJECT_KEY
from exporter.otlp_scan import (
    SESSION_KEYS,
    Attributes,
    ScanScopeSpans,
    is_name,
    own_projects,
    own_sessions,
)
from exporter.span_heads import Heads, Places, heads
from pipeline.store import chunk_runs

try:
    from exporter.span_scan import find_edges, scan_spans
except ImportError:
    find_edges = scan_spans = None

COMPILED = scan_spans is not None and chunk_runs.COMPILED
"""With `pack_runs`, which is built beside it."""

MAX_ASKED = 4
"""To ask protobuf for every fourth span costs as much as to have it read all of them."""

_SESSION_KEYS = tuple(key.encode() for key in SESSION_KEYS)
_PROJECT_KEY = PROJECT_KEY.encode()


class Scan(NamedTuple):
    """The spans of one scope, one place a span."""

    heads: Heads
    own_sessions: list[str | None]
    own_projects: list[str | None]
    few_sessions: Sequence[str | None]
    few_projects: Sequence[str | None]
    """All texts of either column, as a rule once for neighbours that have the same."""


def scan(body: bytes, edges: Places) -> Scan | None:
    """Of spans that lie between neighbouring edges."""
    found = scan_spans(body, edges, _SESSION_KEYS, _PROJECT_KEY) if scan_spans else None
    if found is None:
        return None
    packed, sessions, projects, *few, asked = found
    asked = {*asked, *_nameless(sessions, few[0]), *_nameless(projects, few[1])}
    if MAX_ASKED * len(asked) > len(sessions):
        return None
    numbers = np.frombuffer(packed, "<u8").reshape(-1, 6).T.copy()
    read = heads(numbers[:2].T, *numbers[2:])
    for at in asked:
        attributes = [attributes_at(body, edges, at)]
        (sessions[at],), (projects[at],) = own_sessions(attributes), own_projects(attributes)
    return Scan(read, sessions, projects, *((sessions, projects) if asked else few))


def _nameless(texts: list[str | None], few: list[str]) -> Iterable[int]:
    """Places of texts that name nothing: another attribute may."""
    if all(map(is_name, few)):
        return ()
    return [at for at, text in enumerate(texts) if text is not None and not is_name(text)]


def attributes_at(body: bytes, edges: Places, at: int) -> Attributes:
    """Those of one span, by protobuf."""
    field = body[edges[at] : edges[at + 1]]
    return ScanScopeSpans.FromString(field).spans[0].attributes


def scan_edges(body: bytes, at: int, end: int, room: int) -> Places | None:
    """Where each of up to `room` spans begins and the last one ends; None if that is not certain."""
    found = find_edges(body, at, end, room) if find_edges else None
    return None if found is None else np.frombuffer(found, np.int64)
