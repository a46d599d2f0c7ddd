"""One request on its way to the store: redacted and decoded once, by whoever comes to it.

In: the bytes of an `ExportTraceServiceRequest`, its caller, the room that it holds. Out: `Reading`, its
chunks and what became of the rest. Next: the store's writer reads it when its turn has come.

A request of usual size is read by the writer's thread, just before the commit. What takes longer is read
in a thread of its own first, so that others are stored meanwhile.
"""

from collections import Counter
from collections.abc import Sequence

from exporter.admission import Hold
from exporter.decode import Decoded
from exporter.decode_bounded import decode_bounded
from exporter.grants import Caller
from exporter.redact import Redactor
from exporter.settings import MIB, EdgeSettings
from exporter.span_checks import FOREIGN_PROJECT, Checks
from pipeline.errors import PermissionDenied
from pipeline.model.trace_chunk import TraceChunk

QUICK_BYTES = 2 * MIB
"""What is decoded in some two milliseconds."""


class Reading:
    """`decoded` and `replaced` (places, by kind) are there after `read`."""

    decoded: Decoded

    def __init__(
        self, body: bytes, caller: Caller, hold: Hold, settings: EdgeSettings, redactor: Redactor
    ) -> None:
        self.n_bytes = len(body)
        self.replaced: Counter[str] = Counter()
        self._body = body
        self._caller = caller
        self._redactor = redactor
        self._to_redact = redactor.finds(body)
        self._checks = Checks(
            caller.grant.projects,
            settings.max_attribute_bytes,
            hold.hold_spans,
            settings.max_in_flight_spans,
        )
        self._is_read = False

    def takes_long(self) -> bool:
        """Whether others should not wait for it."""
        return self._to_redact or self.n_bytes > QUICK_BYTES

    def read(self) -> Sequence[TraceChunk]:
        """Its chunks; raises `BadRequest`, `LimitExceeded`, `Overloaded` or `PermissionDenied`."""
        if not self._is_read:
            self.decoded = self._decode()
            self._is_read = True
        return self.decoded.chunks

    def _decode(self) -> Decoded:
        body, self._body = self._body, b""
        if self._to_redact:
            body, self.replaced = self._redactor.redact(body)
        project, scope = self._caller.project, self._caller.grant.tenant
        decoded = decode_bounded(body, project=project, scope=scope, checks=self._checks)
        if not decoded.chunks and FOREIGN_PROJECT in decoded.rejected:
            raise PermissionDenied(f"all spans are of {FOREIGN_PROJECT}")
        return decoded
