"""Pure: the spans of one scope as columns, without those that are rejected.

In: parsed spans and where they lie. Out: `Columns`, and a count a reason of what was rejected. Next:
`decode` gathers them by trace.

Faults are looked for in whole columns, and span by span only where there is one.
"""

from collections import Counter
from collections.abc import Sequence
from operator import gt, sub
from typing import Any, NamedTuple

from exporter.otlp_scan import Attributes, own_projects, own_sessions
from exporter.resolve import watches_itself
from exporter.span_checks import Checks
from pipeline.model.trace_chunk import NO_PARENT, ChunkKeys
from pipeline.store.chunk_keys import only_keys
from pipeline.temporal.ids import SELF_PROJECT

MAX_ID_CHARS = 512
MAX_TIME = 2**63 - 1

_NO_TRACE = bytes(16)
_NO_SPAN = bytes(8)


class Columns(NamedTuple):
    """The spans of one scope: their trace ids, their keys, and their fields of the body."""

    trace_ids: Sequence[bytes]
    keys: ChunkKeys
    body: memoryview
    begins: Sequence[int]
    ends: Sequence[int]
    gapless: bool
    """Each span ends where the next one begins."""

    def field(self, at: int) -> memoryview:
        """Tag, length and bytes of one span."""
        return self.body[self.begins[at] : self.ends[at]]

    def n_bytes(self, first: int, last: int) -> int:
        """Of the fields of these spans."""
        if self.gapless:
            return self.ends[last - 1] - self.begins[first]
        return sum(map(sub, self.ends[first:last], self.begins[first:last]))

    def pieces(self, first: int, last: int) -> tuple[memoryview, ...]:
        """These spans as slices of the body, one where they are neighbours."""
        if self.gapless:
            return (self.body[self.begins[first] : self.ends[last - 1]],)
        return tuple(self.field(at) for at in range(first, last))


def id_fault(name: str, text: str) -> str | None:
    """Why `text` cannot be an id; None if it can. The store's databases cannot keep a NUL."""
    if len(text) > MAX_ID_CHARS:
        return f"a {name} longer than {MAX_ID_CHARS} characters"
    if "\0" in text:
        return f"a NUL character in the {name}"
    return None


def columns_of(
    spans: Sequence[Any], body: memoryview, bounds: Sequence[int], fallback: str
) -> Columns:
    """The columns of these spans; `fallback` is the project of those that name none."""
    attributes: list[Attributes] = [span.attributes for span in spans]
    starts = [span.start_time_unix_nano for span in spans]
    ends = [span.end_time_unix_nano for span in spans]
    parents = [span.parent_span_id for span in spans]
    if _NO_SPAN in parents:
        parents = [NO_PARENT if parent == _NO_SPAN else parent for parent in parents]
    keys = ChunkKeys(
        span_ids=[span.span_id for span in spans],
        parents=parents,
        starts=starts,
        # Clocks step back and some spans never end: a span ends no earlier than it starts.
        ends=list(map(max, starts, ends)) if any(map(gt, starts, ends)) else ends,
        own_sessions=own_sessions(attributes),
        own_projects=own_projects(attributes),
        fallbacks=[fallback] * len(spans),
    )
    trace_ids = [span.trace_id for span in spans]
    return Columns(trace_ids, keys, body, bounds[:-1], bounds[1:], gapless=True)


def sound(
    columns: Columns, spans: Sequence[Any], checks: Checks, rejected: Counter[str]
) -> Columns:
    """The columns without the spans that are rejected; those are counted."""
    if _all_sound(columns, checks):
        return columns
    kept: list[int] = []
    for at, span in enumerate(spans):
        fault = _fault(columns, at) or _echo(columns.keys, at, span.attributes)
        fault = fault or checks.fault(_project(columns.keys, at), columns.field(at))
        if fault is None:
            kept.append(at)
        else:
            rejected[fault] += 1
    return Columns(
        [columns.trace_ids[at] for at in kept],
        only_keys(columns.keys, kept),
        columns.body,
        [columns.begins[at] for at in kept],
        [columns.ends[at] for at in kept],
        gapless=False,
    )


def _all_sound(columns: Columns, checks: Checks) -> bool:
    trace_ids, keys, _, begins, ends, _ = columns
    projects = {*keys.own_projects, *keys.fallbacks[:1]} - {None}
    names = {*keys.own_sessions, *projects} - {None}
    return (
        set(map(len, trace_ids)) == {16}
        and set(map(len, keys.span_ids)) == {8}
        and set(map(len, keys.parents)) <= {0, 8}
        and _NO_TRACE not in trace_ids
        and _NO_SPAN not in keys.span_ids
        and max(keys.ends) <= MAX_TIME
        and not any(id_fault("", name) for name in names if name)
        and SELF_PROJECT not in projects
        and (checks.projects is None or checks.projects.issuperset(projects))
        and _fit(begins, ends, checks.max_attribute_bytes)
    )


def _fit(begins: Sequence[int], ends: Sequence[int], limit: int) -> bool:
    """Whether no span is larger; most are not even together."""
    return ends[-1] - begins[0] <= limit or max(map(sub, ends, begins)) <= limit


def _fault(columns: Columns, at: int) -> str | None:
    """Why the span at this place is rejected."""
    trace_ids, keys = columns[:2]
    trace_id, span_id, parent_id = trace_ids[at], keys.span_ids[at], keys.parents[at]
    if len(trace_id) != 16 or trace_id == _NO_TRACE:
        return "an invalid trace id"
    if len(span_id) != 8 or span_id == _NO_SPAN:
        return "an invalid span id"
    if parent_id and len(parent_id) != 8:
        return "an invalid parent span id"
    named = (
        ("session id", keys.own_sessions[at]),
        ("project", keys.own_projects[at]),
        ("project", keys.fallbacks[at]),
    )
    for name, text in named:
        if text and (fault := id_fault(name, text)):
            return fault
    return "a time beyond the year 2262" if keys.ends[at] > MAX_TIME else None


def _project(keys: ChunkKeys, at: int) -> str:
    return keys.own_projects[at] or keys.fallbacks[at]


def _echo(keys: ChunkKeys, at: int, attributes: Attributes) -> str | None:
    """Whether a span of the sidecar's own project is of an analysis of that project."""
    if _project(keys, at) != SELF_PROJECT:
        return None
    workflow_id = depth = None
    if "temporalWorkflowID" in attributes:
        workflow_id = attributes["temporalWorkflowID"].string_value
    if "kelet.depth" in attributes:
        depth = attributes["kelet.depth"].int_value
    if watches_itself(SELF_PROJECT, workflow_id or "", depth or 0):
        return "a workflow that analyses the sidecar's own sessions"
    return None
