"""A span as the analysis sees it: decoded from the stored OTLP bytes.

In: nothing. Out: `Span`, `SpanEvent`. Next: `pipeline.conventions` turns spans into steps.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import SkipValidation

from pipeline.model.frozen import Frozen

Attributes = Mapping[str, Any]
"""OTLP `AnyValue`s as plain Python values; strings stay strings even when they hold JSON."""


class SpanStatus(StrEnum):
    """OTLP `Status.code`."""

    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


class SpanEvent(Frozen):
    """One timed event of a span; `time` in Unix nanoseconds."""

    name: str
    time: int
    attributes: Attributes = {}


class Span(Frozen):
    """One OTLP span. Ids are lower-case hex, `parent_id` is None at a root, times Unix nanoseconds.

    Spans share their resource: validated, each would have a copy.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: int
    start: int
    end: int
    status: SpanStatus = SpanStatus.UNSET
    status_message: str = ""
    attributes: Attributes = {}
    events: tuple[SpanEvent, ...] = ()
    resource: SkipValidation[Attributes] = {}
    scope: str = ""
