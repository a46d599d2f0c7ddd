"""Keys at rest: hashes only, listed oldest first, revoked for ever."""

from pathlib import Path

import pytest

from pipeline.errors import NotFound
from pipeline.model.api_key import ApiKey
from tests.store.storekit import Clock, new_store


def key(name: str, clock: Clock, projects: tuple[str, ...] | None = ("p",)) -> ApiKey:
    return ApiKey(
        id=name,
        name=name,
        digest=name * 2,
        secret=True,
        projects=projects,
        tenant="t",
        created=clock.now,
    )


def test_keys_are_kept_used_and_revoked(tmp_path: Path) -> None:
    clock = Clock()
    with new_store(tmp_path, clock) as store:
        first, second = key("b", clock), key("a", clock, None)
        store.add_api_key(first)
        clock.tick(seconds=1)
        store.add_api_key(second.model_copy(update={"created": clock.now}))
        clock.tick(seconds=1)
        assert [k.id for k in store.api_keys()] == ["b", "a"]
        assert store.api_keys()[0] == first
        assert store.api_keys()[1].projects is None
        store.note_key_use(["a"])
        store.revoke_api_key("b")
        revoked = clock.now
        clock.tick(seconds=1)
        store.revoke_api_key("b")
        assert [k.revoked for k in store.api_keys()] == [revoked, None]
        assert [k.last_used for k in store.api_keys()] == [None, revoked]
        with pytest.raises(NotFound, match="keys list"):
            store.revoke_api_key("c")
