"""Pure: what may be wrong with a span that is sound in itself: whose it is, and how large.

In: a span's project and its field in the request. Out: `Checks`, the reason why a span is rejected. Next:
`exporter.decode` rejects it, and its request goes on without it.
"""

from collections.abc import Callable
from typing import NamedTuple

from exporter.otlp_fields import SPAN_FIELD, largest_attribute

FOREIGN_PROJECT = "a project that the key is not for"
MAX_SIZE = 2**63 - 1


class Checks(NamedTuple):
    """`projects` None means all. `admit` is told how many spans there are before any is looked at; more
    than one above `max_spans` are not even counted."""

    projects: frozenset[str] | None = None
    max_attribute_bytes: int = MAX_SIZE
    admit: Callable[[int], object] = int
    max_spans: int = 2**31
    max_head_bytes: int = MAX_SIZE
    max_span_bytes: int = MAX_SIZE
    """A larger resource, scope or span is to be looked through before it is parsed."""

    def fault(self, project: str, span: bytes | memoryview) -> str | None:
        """Why the span is rejected; None if it is not."""
        if self.projects is not None and project not in self.projects:
            return FOREIGN_PROJECT
        if len(span) > self.max_attribute_bytes < largest_attribute(span, SPAN_FIELD):
            return self.large_attribute()
        return None

    def large_attribute(self) -> str:
        """The reason that names the limit."""
        return f"an attribute above max_attribute_bytes = {self.max_attribute_bytes}"
