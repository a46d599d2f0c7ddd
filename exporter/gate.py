"""Who asks: from the headers of a request to a caller with a grant.

In: headers or gRPC metadata. Out: `Gate`, a `Caller`. Next: the doors and the status service act within
the grant.
"""

from collections.abc import Iterable

from exporter.baggage import request_project
from exporter.grants import OPEN, Caller, Grant
from exporter.settings import EdgeSettings


class Gate:
    """Asked once a request, over gRPC and HTTP alike."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings

    async def grant(self, headers: Iterable[tuple[str, str | bytes]]) -> Grant:
        """What the caller may do."""
        return OPEN

    async def caller(self, headers: Iterable[tuple[str, str | bytes]]) -> Caller:
        """The caller with the project that the request names."""
        pairs = list(headers)
        grant = await self.grant(pairs)
        project = request_project(pairs, grant.project_or(self._settings.default_project))
        return Caller(project, grant)
