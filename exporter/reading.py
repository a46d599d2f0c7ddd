"""One request on its way to the store: redacted and decoded once, by whoever comes to it.

In: the bytes of an `ExportTraceServiceRequest`, its caller, the room that it holds. Out: `Reading`, its
chunks and what became of the rest. Next: the store's writer takes the chunks when its turn has come, and
lets go of them after the commit: who answers the request does not wait until they are gone.

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
    """What became of it: `n_spans`, `rejected` (by reason) and `replaced` (places, by kind).

    They are there after `look`. The chunks are held only until somebody takes them.
    """

    def __init__(
        self, body: bytes, caller: Caller, hold: Hold, settings: EdgeSettings, redactor: Redactor
    ) -> None:
        self.n_bytes = len(body)
        self.n_spans = 0
        self.rejected: Counter[str] = Counter()
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
        self._chunks: Sequence[TraceChunk] | None = None

    def takes_long(self) -> bool:
        """Whether others should not wait for it."""
        return self._to_redact or self.n_bytes > QUICK_BYTES

    def look(self) -> None:
        """Read it; raises `BadRequest`, `LimitExceeded`, `Overloaded` or `PermissionDenied`."""
        decoded = self._decode()
        self.n_spans, self.rejected, self._chunks = (
            decoded.n_spans,
            decoded.rejected,
            decoded.chunks,
        )

    def read(self) -> Sequence[TraceChunk]:
        """Its chunks, once; raises as `look` does, which may have been asked before."""
        if self._chunks is None:
            self.look()
        chunks, self._chunks = self._chunks or (), ()
        return chunks

    def _decode(self) -> Decoded:
        body, self._body = self._body, b""
        if self._to_redact:
            body, self.replaced = self._redactor.redact(body)
        project, scope = self._caller.project, self._caller.grant.tenant
        decoded = decode_bounded(body, project=project, scope=scope, checks=self._checks)
        if not decoded.chunks and FOREIGN_PROJECT in decoded.rejected:
            raise PermissionDenied(f"all spans are of {FOREIGN_PROJECT}")
        return decoded
