"""Who asks: from the headers of a request to a caller with a grant.

In: headers or gRPC metadata. Out: `Gate`, a `Caller`. Next: the doors and the status service act within
the grant.
"""

from collections.abc import Iterable

from exporter.baggage import request_project
from exporter.grants import Caller, Grant
from exporter.keys import KeyRing
from exporter.settings import EdgeSettings

AUTHORIZATION = "authorization"

Headers = Iterable[tuple[str, str | bytes]]


class Gate:
    """Asked once a request, over gRPC and HTTP alike."""

    def __init__(self, ring: KeyRing, settings: EdgeSettings) -> None:
        self._ring = ring
        self._settings = settings

    async def grant(self, headers: Headers) -> Grant:
        """What the caller may do; raises `Unauthenticated`."""
        given = (value for key, value in headers if key.lower() == AUTHORIZATION)
        authorization = next((value for value in given if isinstance(value, str)), "")
        return await self._ring.grant(authorization)

    async def caller(self, headers: Headers) -> Caller:
        """The caller with the project that the request names."""
        pairs = list(headers)
        grant = await self.grant(pairs)
        project = request_project(pairs, grant.project_or(self._settings.default_project))
        return Caller(project, grant)
