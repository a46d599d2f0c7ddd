"""Clusters and findings: revisions, the gate over the project, sources, decisions, history."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadRequest, NotFound
from pipeline.model.answers import Opening
from pipeline.model.cluster import Cluster
from pipeline.model.finding import FindingState
from pipeline.store import Store
from tests.store.storekit import cluster, finding, finish, gate, new_store, record, row, send

pytestmark = pytest.mark.usefixtures("database")

SHUT = gate()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        for span in (1, 2, 3):
            send(opened, record(span, trace=f"{span:032x}", session=f"s{span}"))
            finish(opened, row(f"s{span}", "a", "b", failing=span < 3))
        yield opened


def replace(store: Store, *clusters: Cluster, regate: Any = SHUT, epoch: int = 3) -> list[Opening]:
    result = store.replace_clusters("p", "a", epoch, "1", clusters, regate)
    assert result.accepted
    return list(result.openings)


def revision(store: Store, cluster_id: str) -> int:
    found = store.get_cluster("p", cluster_id)
    return 0 if found is None else found.revision


def titles(store: Store) -> list[str]:
    return [f.title for f in store.list_findings("p")[0]]


def test_a_revision_rises_with_the_content_and_never_goes_back(store: Store) -> None:
    seen: list[int] = []
    for digest in ("x", "x", "y", None, "y", None, "x", "y"):
        replace(store, *([cluster("c", content_digest=digest)] if digest else []))
        seen.append(revision(store, "c"))
    assert seen == [1, 1, 2, 0, 3, 0, 4, 5], "back again is new: who looked meanwhile found it gone"


def test_an_older_epoch_replaces_nothing(store: Store) -> None:
    replace(store, cluster("new"), epoch=3)
    result = store.replace_clusters("p", "a", 2, "1", [cluster("old")], SHUT)
    assert not result.accepted
    assert [c.id for c in store.list_clusters("p")[0]] == ["new"]
    assert not store.replace_clusters("p", "a", 3, "0.9", [cluster("old")], SHUT).accepted


def test_the_gate_sees_every_agent_of_the_project(store: Store) -> None:
    replace(store, cluster("c1"))
    theirs = [cluster("c2", agent="b")]
    opened = store.replace_clusters("p", "b", 3, "1", theirs, gate("c1", "c2")).openings
    assert [o.cluster_id for o in opened] == ["c1", "c2"]
    assert store.progress("p").n_investigations_open == 2


def test_noise_is_never_investigated(store: Store) -> None:
    assert replace(store, cluster("n", noise=True, rule=None), regate=gate("n")) == []


def test_a_second_result_of_a_revision_is_refused(store: Store) -> None:
    replace(store, cluster("c", "s1"), regate=gate("c"))
    assert store.finish_investigation("p", "c", 1, finding("f"), "named")
    assert not store.finish_investigation("p", "c", 1, finding("f", "Other"), "named")
    assert titles(store) == ["Order is lost"]
    assert store.progress("p").n_investigations_open == 0


def test_a_result_of_an_outdated_revision_is_history_only(store: Store) -> None:
    replace(store, cluster("c"), regate=gate("c"))
    opened = replace(store, cluster("c", content_digest="new"), regate=gate("c"))
    assert store.finish_investigation("p", "c", 1, finding("f"), "named")
    assert titles(store) == []
    (entry,) = store.finding_history("p", "f")
    assert (entry.revision, entry.outdated) == (1, True)
    assert [o.revision for o in opened] == [2]
    assert store.progress("p").n_investigations_open == 1


def test_a_finding_stays_until_the_newest_revision_says_otherwise(store: Store) -> None:
    replace(store, cluster("c"), regate=gate("c"))
    store.finish_investigation("p", "c", 1, finding("f"), "named")
    replace(store, cluster("c", content_digest="new"), regate=gate("c"))
    assert titles(store) == ["Order is lost"]
    store.finish_investigation("p", "c", 2, None, "nothing_separates")
    assert titles(store) == []


def test_a_finding_without_an_open_source_is_withdrawn_and_comes_back(store: Store) -> None:
    replace(store, cluster("c"), regate=gate("c"))
    store.finish_investigation("p", "c", 1, finding("f"), "named")
    replace(store, cluster("c"), regate=SHUT)
    assert (titles(store), store.get_finding("p", "f")) == ([], None)
    replace(store)
    assert titles(store) == []
    assert [o.revision for o in replace(store, cluster("c"), regate=gate("c"))] == [2]
    assert titles(store) == ["Order is lost"]


@pytest.mark.parametrize("order", [("c1", "c2", "c3"), ("c3", "c2", "c1"), ("c2", "c3", "c1")])
def test_sources_join_in_whatever_order_they_end(store: Store, order: tuple[str, ...]) -> None:
    clusters = [cluster(f"c{i}") for i in (1, 2, 3)]
    replace(store, *clusters, regate=gate("c1", "c2", "c3", c1=0.04, c2=0.01, c3=0.02))
    for cluster_id in order:
        store.finish_investigation("p", cluster_id, 1, finding("f", f"by {cluster_id}"), "named")
    (found,), _ = store.list_findings("p")
    assert (found.title, found.q_value) == ("by c2", 0.01)
    assert found.source_cluster_ids == ("c1", "c2", "c3")
    replace(store, *clusters, regate=gate("c1", "c3", c1=0.01, c3=0.02))
    (found,), _ = store.list_findings("p")
    assert (found.title, found.source_cluster_ids) == ("by c1", ("c1", "c3"))


def test_a_decision_outlives_investigations(store: Store) -> None:
    replace(store, cluster("c"), regate=gate("c"))
    store.finish_investigation("p", "c", 1, finding("f"), "named")
    assert store.set_finding_state("p", "f", FindingState.DISMISSED).state is FindingState.DISMISSED
    replace(store, cluster("c", content_digest="new"), regate=gate("c"))
    store.finish_investigation("p", "c", 2, finding("f", "Newer"), "named")
    (found,), _ = store.list_findings("p", state=FindingState.DISMISSED)
    assert found.title == "Newer"
    assert store.set_finding_state("p", "f", FindingState.OPEN).state is FindingState.OPEN


def test_decisions_are_about_findings_and_final_states(store: Store) -> None:
    with pytest.raises(NotFound):
        store.set_finding_state("p", "f", FindingState.RESOLVED)
    with pytest.raises(BadRequest):
        store.set_finding_state("p", "f", FindingState.UNCONFIRMED)


def test_below_gate_counts_failing_sessions_that_no_open_cluster_holds(store: Store) -> None:
    assert store.coverage("p").below_gate == 0
    replace(store, cluster("c1", "s1", "s3"), cluster("n", "s2", noise=True, rule=None))
    assert store.coverage("p").below_gate == 1
    replace(store, cluster("c1", "s1"), cluster("c2", "s1", "s2"))
    assert store.coverage("p").below_gate == 2
    replace(store, cluster("c1", "s1"), cluster("c2", "s1", "s2"), regate=gate("c1"))
    covered = store.coverage("p")
    assert (covered.below_gate, covered.received, covered.analysed) == (1, 3, 3)
    detail = store.get_session("p", "s1")
    assert detail is not None
    assert detail.cluster_ids == ("c1", "c2")


def test_steps_of_an_investigation_are_kept(store: Store) -> None:
    assert store.load_investigation_stage("p", "c", 1, "contrast") is None
    store.put_investigation_stage("p", "c", 1, "contrast", cluster("c"))
    kept = store.load_investigation_stage("p", "c", 1, "contrast")
    assert kept is not None
    assert Cluster.model_validate_json(kept) == cluster("c")
    store.put_investigation_stage("p", "c", 1, "contrast", {"k": [1]})
    assert store.load_investigation_stage("p", "c", 1, "contrast") == '{"k":[1]}'


def test_canonical_leaves_out_what_depends_on_arrival(store: Store) -> None:
    replace(store, cluster("c", "s2", "s1"), regate=gate("c"))
    store.finish_investigation("p", "c", 1, finding("f"), "named")
    before = list(store.canonical("p"))
    store.replace_clusters(
        "p", "a", 4, "1", [cluster("d", "s1", "s2", content_digest="digest of c")], gate("d")
    )
    store.finish_investigation("p", "d", 1, finding("f", cluster_id="d"), "named")
    after = list(store.canonical("p"))
    assert before == after
    kinds = {fact["type"] for fact in after}
    assert kinds == {"span", "verdict", "row", "cluster", "finding"}
    assert list(store.canonical("q")) == []
