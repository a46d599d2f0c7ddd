"""Pure: what may be wrong with a span that is sound in itself: whose it is, and how large.

In: a span's project and its field in the request. Out: `Checks`, the reason why a span is rejected. Next:
`exporter.decode` rejects it, and its request goes on without it.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

FOREIGN_PROJECT = "a project that the key is not for"
MAX_SIZE = 2**63 - 1


class Checks(NamedTuple):
    """`projects` None means all. `admit` is told how many spans there are before any is looked at; more
    than one above `max_spans` are not even counted."""

    projects: frozenset[str] | None = None
    max_attribute_bytes: int = MAX_SIZE
    admit: Callable[[int], object] = int
    max_spans: int = 2**31

    def fault(self, project: str, span: bytes | memoryview) -> str | None:
        """Why the span is rejected; None if it is not."""
        if self.projects is not None and project not in self.projects:
            return FOREIGN_PROJECT
        if len(span) > self.max_attribute_bytes < largest_attribute(span):
            return f"an attribute above max_attribute_bytes = {self.max_attribute_bytes}"
        return None


def largest_attribute(span: bytes | memoryview) -> int:
    """Bytes of the largest attribute of the span, its events and its links; given as a field of its scope."""
    (read,) = ScopeSpans.FromString(bytes(span)).spans
    groups: Iterable[Iterable[KeyValue]] = (
        read.attributes,
        *(event.attributes for event in read.events),
        *(link.attributes for link in read.links),
    )
    return max((pair.ByteSize() for pair in chain.from_iterable(groups)), default=0)
