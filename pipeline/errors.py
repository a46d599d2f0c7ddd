"""The errors of the domain, two kinds only: permanent and transient.

    SidecarError
      Permanent             trying again with the same input cannot help
        BadRequest          what came in is malformed or not allowed; says which part and why
        LimitExceeded       larger than a limit; names the limit and its setting
        NotFound            the named thing does not exist
        Conflict            a newer result is stored already
        Unsupported         a content type or encoding that is not spoken here
        Unauthenticated     no key, or none that is known
        PermissionDenied    the key does not reach so far
      Transient             the same call may succeed later
        StoreUnavailable    the store did not answer or could not commit
        Overloaded          more in flight than we hold; carries `retry_after`
        TemporalUnavailable the Temporal service did not answer
        BudgetExhausted     a project's model budget of the day is spent; carries `retry_after`

Messages hold codes, ids and limits, never trace text. The edge maps them to gRPC and HTTP in one
table (`exporter.admission`), the workers to `ApplicationError` in one table (`pipeline.temporal`).
"""

from datetime import timedelta


class SidecarError(Exception):
    """The root of the tree; `code` is stable and short."""

    code = "internal"


class Permanent(SidecarError):
    """Trying again with the same input cannot help."""

    code = "permanent"


class BadRequest(Permanent):
    """What came in is malformed or not allowed."""

    code = "bad_request"


class LimitExceeded(Permanent):
    """Larger than a limit; the message names the limit and its setting."""

    code = "limit_exceeded"


class NotFound(Permanent):
    """The named thing does not exist."""

    code = "not_found"


class Conflict(Permanent):
    """A newer result is stored already."""

    code = "conflict"


class Unsupported(Permanent):
    """A content type or encoding that is not spoken here; says which ones are."""

    code = "unsupported"


class Unauthenticated(Permanent):
    """No key, or none that is known."""

    code = "unauthenticated"


class PermissionDenied(Permanent):
    """The key does not reach so far."""

    code = "permission_denied"


class Transient(SidecarError):
    """The same call may succeed later."""

    code = "transient"


class StoreUnavailable(Transient):
    """The store did not answer or could not commit."""

    code = "store_unavailable"


class Overloaded(Transient):
    """More in flight than we hold."""

    code = "overloaded"

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TemporalUnavailable(Transient):
    """The Temporal service did not answer."""

    code = "temporal_unavailable"


class BudgetExhausted(Transient):
    """A project's model budget of the day is spent; the work waits."""

    code = "budget_exhausted"

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after
