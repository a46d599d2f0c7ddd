"""API keys: made, hashed, and checked against the ones that the store keeps.

In: the `authorization` of a request; the keys of the store. Out: `KeyRing`, a `Grant`; `new_key`. Next:
`exporter.gate` makes the caller.

The ring reads the store's keys anew when they are older than `FRESH`, so a revocation takes effect within
seconds in every process. While the store is away it goes by what it knew, up to `STALE`.
"""

import asyncio
import contextlib
import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from exporter.grants import OPEN, Grant
from pipeline.errors import StoreUnavailable, Unauthenticated
from pipeline.model.api_key import ApiKey

log = logging.getLogger(__name__)

SECRET_PREFIX, PUBLISHABLE_PREFIX = "sk-", "pk-"
KEY_BYTES = 32
FRESH = timedelta(seconds=2)
STALE = timedelta(minutes=1)
NOTE_USE_EVERY = timedelta(seconds=30)

NO_KEY = "this sidecar asks for a key: send `authorization: <key>` (gRPC metadata or HTTP header)"
UNKNOWN_KEY = "the key is unknown or revoked"


class KeyStore(Protocol):
    """Where keys are kept."""

    def api_keys(self) -> tuple[ApiKey, ...]:
        """Every key there ever was."""
        ...

    def note_key_use(self, key_ids: Collection[str]) -> None:
        """These were used just now."""
        ...


class NewKey(NamedTuple):
    """A key, to be shown once, and what is kept of it."""

    text: str
    kept: ApiKey


def new_key(
    name: str, projects: tuple[str, ...] | None, *, secret: bool, tenant: str, now: datetime
) -> NewKey:
    """A fresh key; without a tenant its projects are one."""
    text = (SECRET_PREFIX if secret else PUBLISHABLE_PREFIX) + secrets.token_urlsafe(KEY_BYTES)
    scope = None if projects is None else tuple(sorted(set(projects)))
    kept = ApiKey(
        id=secrets.token_hex(4),
        name=name,
        digest=digest_of(text),
        secret=secret,
        projects=scope,
        tenant=tenant or ("*" if scope is None else ",".join(scope)),
        created=now,
    )
    return NewKey(text, kept)


def digest_of(key: str) -> str:
    """How a key is kept."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def key_in(authorization: str) -> str:
    """The key of `<key>` or `Bearer <key>`."""
    scheme, _, rest = authorization.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else authorization.strip()


class KeyRing:
    """The keys as this process knows them. Used from one event loop only."""

    def __init__(self, store: KeyStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._grants: Mapping[str, Grant] = {}
        self._any_keys = False
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self._used: set[str] = set()
        self._noted_at = clock()

    async def any_keys(self) -> bool:
        """Whether there ever was a key: revoking the last one opens nothing."""
        await self._refresh()
        return self._any_keys

    async def grant(self, authorization: str) -> Grant:
        """What the key allows; raises `Unauthenticated`."""
        await self._refresh()
        if not self._any_keys:
            return OPEN
        key = key_in(authorization)
        if not key:
            raise Unauthenticated(NO_KEY)
        grant = self._grants.get(digest_of(key))
        if grant is None:
            raise Unauthenticated(UNKNOWN_KEY)
        self._used.add(grant.key_id)
        return grant

    async def note_use(self, *, at_once: bool = False) -> None:
        """Tell the store which keys were used, not more often than it is worth."""
        due = self._clock() - self._noted_at >= NOTE_USE_EVERY.total_seconds()
        if self._used and (due or at_once):
            used, self._used, self._noted_at = self._used, set(), self._clock()
            with contextlib.suppress(StoreUnavailable):
                await asyncio.to_thread(self._store.note_key_use, used)

    async def _refresh(self) -> None:
        if self._age() < FRESH.total_seconds():
            return
        async with self._reading:
            if self._age() < FRESH.total_seconds():
                return
            try:
                keys = await asyncio.to_thread(self._store.api_keys)
            except StoreUnavailable:
                if self._age() < STALE.total_seconds():
                    return
                raise
            self._take(keys)
        await self.note_use()

    def _take(self, keys: Collection[ApiKey]) -> None:
        if keys and not self._any_keys:
            log.info("keys are asked for")
        self._any_keys = bool(keys)
        self._grants = {key.digest: grant_of(key) for key in keys if key.revoked is None}
        self._read_at = self._clock()

    def _age(self) -> float:
        return float("inf") if self._read_at is None else self._clock() - self._read_at


def grant_of(key: ApiKey) -> Grant:
    """What a key that is not revoked allows."""
    projects = None if key.projects is None else frozenset(key.projects)
    return Grant(key.tenant, projects, key.secret, key.id)
