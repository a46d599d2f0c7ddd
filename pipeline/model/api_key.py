"""A key that admits callers, as the store keeps it: never the key itself.

In: nothing. Out: `ApiKey`. Next: `pipeline.store.api_keys` keeps it, `exporter.keys` checks callers
against it.
"""

from datetime import datetime

from pipeline.model.frozen import Frozen


class ApiKey(Frozen):
    """`digest` is the SHA-256 of the key, in hex: keys are 256 random bits, so a hash is enough.

    `projects` None means all. A secret key (`sk-`) may do all within its projects, a publishable one
    (`pk-`) may send signals. Spans of one `tenant` count as one sender's: dedupe and traces end there.
    """

    id: str
    name: str
    digest: str
    secret: bool
    projects: tuple[str, ...] | None
    tenant: str
    created: datetime
    revoked: datetime | None = None
    last_used: datetime | None = None
