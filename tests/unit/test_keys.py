"""Keys: what is kept, what they allow, and how soon a change is noticed."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from exporter.grants import OPEN, Grant
from exporter.keys import FRESH, NOTE_USE_EVERY, STALE, KeyRing, NewKey, digest_of, new_key
from exporter.server import is_loopback
from exporter.status_scope import scoped
from pipeline.errors import PermissionDenied, StoreUnavailable, Unauthenticated
from pipeline.model.api_key import ApiKey

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def made(*projects: str, secret: bool = True, tenant: str = "") -> NewKey:
    return new_key("n", projects or None, secret=secret, tenant=tenant, now=NOW)


class Keys:
    """A store of keys that can be away, and a clock."""

    def __init__(self, *keys: ApiKey) -> None:
        self.keys = keys
        self.away = False
        self.n_reads = 0
        self.used: list[set[str]] = []
        self.now = 0.0

    def api_keys(self) -> tuple[ApiKey, ...]:
        self.n_reads += 1
        if self.away:
            raise StoreUnavailable("away")
        return self.keys

    def note_key_use(self, key_ids: Collection[str]) -> None:
        self.used.append(set(key_ids))

    def ring(self) -> KeyRing:
        return KeyRing(self, lambda: self.now)


def test_only_a_hash_is_kept_and_no_two_keys_are_alike() -> None:
    first, second = made("p"), made("p", secret=False)
    assert first.text.startswith("sk-")
    assert second.text.startswith("pk-")
    assert len(first.text) >= 46
    assert first.text[3:] not in first.kept.model_dump_json()
    assert first.kept.digest == digest_of(first.text)
    assert first.kept.digest != second.kept.digest


def test_keys_of_the_same_projects_are_one_tenant_unless_said_otherwise() -> None:
    assert made("b", "a").kept.tenant == made("a", "b", "a").kept.tenant == "a,b"
    assert made().kept.tenant == "*"
    assert made("a", tenant="acme").kept.tenant == "acme"


async def test_without_keys_all_is_open() -> None:
    assert await Keys().ring().grant("") == OPEN
    assert await Keys().ring().grant("sk-any") == OPEN


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer  {}", " {} "])
async def test_a_key_is_taken_raw_and_as_bearer(form: str) -> None:
    key = made("p")
    grant = await Keys(key.kept).ring().grant(form.format(key.text))
    assert grant == Grant("p", frozenset({"p"}), True, key.kept.id)


@pytest.mark.parametrize("sent", ["", "Bearer ", "sk-wrong", "Basic c2s6"])
async def test_no_key_or_a_wrong_one_is_unauthenticated(sent: str) -> None:
    with pytest.raises(Unauthenticated):
        await Keys(made("p").kept).ring().grant(sent)


async def test_a_revoked_key_is_refused_within_seconds_and_opens_nothing() -> None:
    key = made("p")
    store = Keys(key.kept)
    ring = store.ring()
    await ring.grant(key.text)
    store.keys = (key.kept.model_copy(update={"revoked": NOW}),)
    await ring.grant(key.text)
    assert store.n_reads == 1
    store.now += FRESH.total_seconds()
    for sent in (key.text, ""):
        with pytest.raises(Unauthenticated):
            await ring.grant(sent)
    assert FRESH.total_seconds() <= 5


async def test_many_callers_read_the_keys_once() -> None:
    store = Keys(made("p").kept)
    ring = store.ring()
    await asyncio.gather(*(ring.any_keys() for _ in range(20)))
    assert store.n_reads == 1


async def test_while_the_store_is_away_known_keys_hold_for_a_while() -> None:
    key = made("p")
    store = Keys(key.kept)
    ring = store.ring()
    await ring.grant(key.text)
    store.away = True
    store.now += STALE.total_seconds() - 1
    assert (await ring.grant(key.text)).key_id == key.kept.id
    store.now += 1
    with pytest.raises(StoreUnavailable):
        await ring.grant(key.text)
    with pytest.raises(StoreUnavailable):
        await store.ring().grant(key.text)


async def test_last_use_is_noted_now_and_then() -> None:
    key = made("p")
    store = Keys(key.kept)
    ring = store.ring()
    for _ in range(100):
        await ring.grant(key.text)
        store.now += 1
    assert 1 <= len(store.used) <= 100 / NOTE_USE_EVERY.total_seconds()
    assert store.used[0] == {key.kept.id}
    await ring.note_use(at_once=True)


def test_a_grant_covers_its_projects_only() -> None:
    grant = Grant("t", frozenset({"a", "b"}))
    grant.need_project("a")
    with pytest.raises(PermissionDenied, match="it is for a, b"):
        grant.need_project("c")
    OPEN.need_project("anything")
    with pytest.raises(PermissionDenied, match="signals only"):
        Grant(secret=False).need_secret("traces")
    assert Grant(projects=frozenset({"a"})).project_or("d") == "a"
    assert grant.project_or("d") == OPEN.project_or("d") == "d"


class Inspected:
    """Answers with what it was asked."""

    def __getattr__(self, name: str) -> Any:
        def answer(project: str = "", *_: Any, **__: Any) -> tuple[str, str]:
            return name, project

        return answer

    def projects(self) -> tuple[str, ...]:
        return ("a", "b", "c")


def test_a_reader_sees_the_projects_of_its_key_and_hears_of_no_other() -> None:
    everything: Any = Inspected()
    assert scoped(everything, OPEN) is everything
    one: Any = scoped(everything, Grant(projects=frozenset({"a"})))
    assert one.projects() == ("a",)
    reads = ("coverage", "progress", "list_sessions", "list_clusters", "list_findings", "canonical")
    for name in reads:
        assert getattr(one, name)("a") == (name, "a")
        with pytest.raises(PermissionDenied):
            getattr(one, name)("b")
    for name in ("get_session", "get_cluster", "get_finding"):
        assert getattr(one, name)("a", "x") == (name, "a")
        with pytest.raises(PermissionDenied):
            getattr(one, name)("b", "x")
    assert one.list_sessions("") == ("list_sessions", "a")
    assert list(one.canonical(None)) == ["canonical", "a"]
    two = scoped(everything, Grant(projects=frozenset({"a", "b"})))
    with pytest.raises(PermissionDenied, match="name one project"):
        two.list_sessions("")
    assert list(cast("Any", two).canonical(None)) == ["canonical", "a", "canonical", "b"]


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("example.org", False),
    ],
)
def test_what_is_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local
