"""Pure: the spans of one scope as columns, without those that are rejected.

In: parsed spans and where they lie. Out: `Columns`, and a count a reason of what was rejected. Next:
`decode` gathers them by trace.

Faults are looked for in whole columns, and span by span only where there is one.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from exporter.otlp_layout import Scope
from exporter.otlp_scan import Attributes, own_projects, own_sessions
from exporter.resolve import watches_itself
from exporter.scan import Scan, attributes_at
from exporter.span_checks import Checks
from exporter.span_heads import Heads, heads_of
from pipeline.store.chunk_runs import Spans
from pipeline.temporal.ids import SELF_PROJECT

MAX_ID_CHARS = 512
MAX_TIME = 2**63 - 1

_NO_TRACE = bytes(16)


class Columns(NamedTuple):
    """The spans of one scope: ids and times, names, and their fields of the body."""

    heads: Heads
    own_sessions: list[str | None]
    own_projects: Sequence[str | None]
    fallback: str
    """The project of those that name none."""
    body: memoryview
    edges: memoryview
    """Where each span begins and the last one ends."""

    def __len__(self) -> int:
        return len(self.own_sessions)

    def distinct(self) -> bool:
        """Whether no span id stands twice."""
        ids = np.sort(self.heads.span_ids)
        return not (ids[1:] == ids[:-1]).any()

    def spans(self) -> Spans:
        """What the store keeps of them beside their bytes and projects."""
        return Spans(*self.heads, self.own_sessions)

    def fields(self, first: int, last: int) -> memoryview:
        """Tags, lengths and bytes of neighbours."""
        return self.body[self.edges[first] : self.edges[last]]

    def project(self, at: int) -> str:
        """Of one span, as far as it says so itself."""
        return self.own_projects[at] or self.fallback

    def only(self, places: Sequence[int]) -> "Columns":
        """The spans at these places."""
        return Columns(
            self.heads.only(places),
            [self.own_sessions[at] for at in places],
            [self.own_projects[at] for at in places],
            self.fallback,
            *_only(self.body, self.edges, places),
        )


def _only(
    body: memoryview, edges: memoryview, places: Sequence[int]
) -> tuple[memoryview, memoryview]:
    """The fields at these places, one behind the other."""
    fields = [body[edges[at] : edges[at + 1]] for at in places]
    return memoryview(b"".join(fields)), np.cumsum([0, *map(len, fields)]).data


def columns_of(
    spans: Sequence[Any],
    body: bytes,
    laid: Scope,
    fallback: str,
    checks: Checks,
    rejected: Counter[str],
) -> Columns:
    """The columns of those of the spans that are not rejected; those are counted."""
    view, edges = memoryview(body), laid.edges.data
    kept = [at for at, span in enumerate(spans) if not _malformed(span, rejected)]
    if len(kept) < len(spans):
        spans = [spans[at] for at in kept]
        view, edges = _only(view, edges, kept)
    attributes: list[Attributes] = [span.attributes for span in spans]
    columns = Columns(
        heads_of(spans),
        own_sessions(attributes),
        own_projects(attributes),
        fallback,
        view,
        edges,
    )
    if not spans or _all_sound(columns, columns.own_sessions, columns.own_projects, checks):
        return columns
    return _sound(columns, attributes.__getitem__, checks, rejected)


def columns_of_scan(
    scan: Scan, body: bytes, laid: Scope, fallback: str, checks: Checks, rejected: Counter[str]
) -> Columns:
    """The same of spans that need no protobuf."""
    where = (memoryview(body), laid.edges.data)
    columns = Columns(scan.heads, scan.own_sessions, scan.own_projects, fallback, *where)
    if _all_sound(columns, scan.few_sessions, scan.few_projects, checks):
        return columns
    return _sound(columns, partial(attributes_at, body, laid.edges), checks, rejected)


def id_fault(name: str, text: str) -> str | None:
    """Why `text` cannot be an id; None if it can. The store's databases cannot keep a NUL."""
    if len(text) > MAX_ID_CHARS:
        return f"a {name} longer than {MAX_ID_CHARS} characters"
    if "\0" in text:
        return f"a NUL character in the {name}"
    return None


_BAD_TRACE, _BAD_SPAN, _BAD_PARENT = (
    f"an invalid {what} id" for what in ("trace", "span", "parent span")
)


def _malformed(span: Any, rejected: Counter[str]) -> bool:
    """Whether an id has a length that no id has."""
    if len(span.trace_id) != 16:
        fault = _BAD_TRACE
    elif len(span.span_id) != 8:
        fault = _BAD_SPAN
    elif len(span.parent_span_id) not in (0, 8):
        fault = _BAD_PARENT
    else:
        return False
    rejected[fault] += 1
    return True


def _sound(
    columns: Columns,
    attributes: Callable[[int], Attributes],
    checks: Checks,
    rejected: Counter[str],
) -> Columns:
    kept: list[int] = []
    for at in range(len(columns)):
        fault = _fault(columns, at)
        if fault is None and columns.project(at) == SELF_PROJECT:
            fault = _echo(attributes(at))
        fault = fault or checks.fault(columns.project(at), columns.fields(at, at + 1))
        if fault is None:
            kept.append(at)
        else:
            rejected[fault] += 1
    return columns if len(kept) == len(columns) else columns.only(kept)


def _all_sound(
    columns: Columns, sessions: Iterable[str | None], own: Iterable[str | None], checks: Checks
) -> bool:
    """Sessions and projects are all texts of these columns, in any order."""
    heads, edges = columns.heads, np.asarray(columns.edges)
    high, low = heads.trace_ids.T
    projects = {columns.fallback, *own} - {None}
    names = {*sessions, *projects} - {None}
    return (
        bool((high | low).all())
        and bool(heads.span_ids.all())
        and int(heads.ends.max()) <= MAX_TIME
        and not any(id_fault("", name) for name in names if name)
        and SELF_PROJECT not in projects
        and (checks.projects is None or checks.projects.issuperset(projects))
        and int((edges[1:] - edges[:-1]).max()) <= checks.max_attribute_bytes
    )


def _fault(columns: Columns, at: int) -> str | None:
    """Why the span at this place is rejected."""
    heads = columns.heads
    if heads.trace_id(at) == _NO_TRACE:
        return _BAD_TRACE
    if heads.span_ids[at] == 0:
        return _BAD_SPAN
    named = (
        ("session id", columns.own_sessions[at]),
        ("project", columns.own_projects[at]),
        ("project", columns.fallback),
    )
    for name, text in named:
        if text and (fault := id_fault(name, text)):
            return fault
    return "a time beyond the year 2262" if heads.ends[at] > MAX_TIME else None


def _echo(attributes: Attributes) -> str | None:
    """Whether a span of the sidecar's own project is of an analysis of that project."""
    workflow_id = depth = None
    if "temporalWorkflowID" in attributes:
        workflow_id = attributes["temporalWorkflowID"].string_value
    if "kelet.depth" in attributes:
        depth = attributes["kelet.depth"].int_value
    if watches_itself(SELF_PROJECT, workflow_id or "", depth or 0):
        return "a workflow that analyses the sidecar's own sessions"
    return None
