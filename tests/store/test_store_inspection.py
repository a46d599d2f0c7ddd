"""Pages, filters and page tokens; one project does not see another's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import BadRequest
from pipeline.model.session import SessionState
from pipeline.model.signal import VerdictLabel
from pipeline.store import Store
from tests.store.storekit import (
    cluster,
    finding,
    finish,
    gate,
    new_store,
    record,
    row,
    send,
    signal,
)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        for span in range(1, 6):
            project = "p" if span < 5 else "q"
            send(
                opened, record(span, trace=f"{span:032x}", session=f"s{span % 4}", fallback=project)
            )
        finish(opened, row("s1", "a", failing=True))
        finish(opened, row("s2", "a", failing=False))
        opened.commit_signals([signal("i", session="s1")])
        finish(opened, row("s1", "a", failing=True))
        yield opened


def test_pages_hold_everything_once(store: Store) -> None:
    seen: list[str] = []
    token = ""
    while True:
        page, token = store.list_sessions("p", page_size=3, page_token=token)
        seen.extend(session.session_id for session in page)
        if not token:
            break
    assert seen == ["s1", "s2", "s3", "s0"]


def test_a_full_last_page_has_no_token(store: Store) -> None:
    page, token = store.list_sessions("p", page_size=4)
    assert (len(page), token) == (4, "")


def test_a_token_of_another_list_is_refused(store: Store) -> None:
    for token in ("?", "e30", "ImMi", "////", "M"):
        with pytest.raises(BadRequest):
            store.list_sessions("p", page_token=token)


def test_filters(store: Store) -> None:
    def ids(**filters: object) -> list[str]:
        page, _ = store.list_sessions("p", **filters)  # pyright: ignore[reportArgumentType]
        return [session.session_id for session in page]

    assert ids(state=SessionState.ANALYSED) == ["s1", "s2"]
    assert ids(verdict=VerdictLabel.HEALTHY) == ["s2"]
    assert ids(session_id="s3") == ["s3"]
    anywhere, _ = store.list_sessions("", session_id="s1")
    assert [session.project for session in anywhere] == ["p", "q"]


def test_a_session_with_all_that_is_kept(store: Store) -> None:
    detail = store.get_session("p", "s1")
    assert detail is not None
    assert detail.row == row("s1", "a", failing=True)
    assert [s.identity for s in detail.signals] == ["i"]
    assert (detail.session.version, detail.session.analysed_version) == (2, 2)
    assert detail.session.agents == ("a",)
    assert store.get_session("p", "nobody") is None
    assert store.get_session("q", "s2") is None


def test_one_project_does_not_see_anothers(store: Store) -> None:
    store.replace_clusters("p", "a", 2, "1", [cluster("c", "s1")], gate("c"))
    assert store.list_clusters("q") == ((), "")
    assert store.get_cluster("q", "c") is None
    assert store.coverage("q").received == 1
    assert {fact.get("project") for fact in store.canonical("q")} == {"q"}
    assert store.projects() == ("p", "q")


def test_clusters_are_paged_by_id(store: Store) -> None:
    store.replace_clusters("p", "a", 2, "1", [cluster(c) for c in "bca"], gate("b"))
    first, token = store.list_clusters("p", page_size=2)
    second, end = store.list_clusters("p", page_size=2, page_token=token)
    assert ([c.id for c in first], [c.id for c in second], end) == (["a", "b"], ["c"], "")


def test_an_investigation_without_a_finding_is_not_silent(store: Store) -> None:
    both = [cluster("a", "s1"), cluster("b", "s2")]
    store.replace_clusters("p", "a", 2, "1", both, gate("a", "b"))
    store.finish_investigation("p", "a", 1, None, "failed: timeout")
    store.finish_investigation("p", "b", 1, finding("f"), "")
    listed, _ = store.list_clusters("p")
    told = ["investigated without a finding: failed: timeout" in c.reason for c in listed]
    assert told == [True, False]
    assert store.get_cluster("p", "a") == listed[0]
    fresh = cluster("a", "s1", content_digest="new")
    store.replace_clusters("p", "a", 3, "1", [fresh], gate("a"))
    ((again,), _) = store.list_clusters("p")
    assert "without a finding" not in again.reason
