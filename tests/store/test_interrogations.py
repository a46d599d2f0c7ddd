"""Which sessions a model is asked about: a day's number, once each, and gone with their session."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import BudgetExhausted, NotFound
from pipeline.model.answers import Interrogation, Proposed
from pipeline.model.cluster import Condition, Proposal, Rule
from pipeline.model.evidence import Evidence
from pipeline.store import Store
from pipeline.temporal.ids import interrogation_workflow_id
from tests.store.storekit import Clock, cluster, finish, gate, new_store, record, row, send

pytestmark = pytest.mark.usefixtures("database")

IDS = [f"s{n}" for n in range(1, 5)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with new_store(tmp_path, clock) as opened:
        for n, session_id in enumerate(IDS, 1):
            send(opened, record(n, trace=f"{n:032x}", session=session_id))
            finish(opened, row(session_id, "a", "b"))
        for agent in ("a", "b"):
            epoch, _ = opened.load_rows("p", agent)
            opened.finish_aggregation("p", agent, epoch)
        yield opened


def proposal(session_id: str, trait: str = "run.loop") -> Proposal:
    condition = Condition(agent="a", step="agent:a", trait=trait, threshold=3.0)
    quote = Evidence(
        session_id=session_id, span_id="0" * 16, field="x", quote="said", verified=True
    )
    return Proposal(
        session_id=session_id,
        agent="a",
        step="agent:a",
        about="did",
        sentence="It goes round in circles.",
        evidence=(quote,),
        rule=Rule(conditions=(condition,)),
    )


def names(store: Store, chosen: tuple[Interrogation, ...]) -> set[str]:
    return {store.session_id(work.key) for work in chosen}


def workflow_id(work: Interrogation) -> str:
    return interrogation_workflow_id(work.key, work.version, work.agent)


def test_so_many_a_day_and_agent_in_the_order_given(store: Store, clock: Clock) -> None:
    assert names(store, store.choose_interrogations("p", "a", IDS, 2)) == {"s1", "s2"}
    assert names(store, store.choose_interrogations("p", "a", IDS, 2)) == {"s1", "s2"}
    assert names(store, store.choose_interrogations("p", "b", IDS, 2)) == {"s1", "s2"}
    clock.tick(days=1)
    assert names(store, store.choose_interrogations("p", "a", IDS, 1)) == {"s1", "s2", "s3"}


def test_what_was_answered_is_not_asked_again_until_it_changes(store: Store, clock: Clock) -> None:
    (work,) = store.choose_interrogations("p", "a", ["s1"], 2)
    store.finish_interrogation(work, Proposed(reason="nothing stood"))
    assert store.choose_interrogations("p", "a", ["s1"], 2) == ()
    send(store, record(9, trace=f"{1:032x}", session="s1"))
    finish(store, row("s1", "a", "b", user="u"))
    (again,) = store.choose_interrogations("p", "a", ["s1"], 2)
    assert again.version == work.version + 1


def test_a_rule_makes_the_agent_dirty_and_no_rule_does_not(store: Store) -> None:
    first, second = store.choose_interrogations("p", "a", ["s1", "s2"], 2)
    assert store.finish_interrogation(first, Proposed(reason="nothing stood")) == ()
    assert store.progress("p").n_agents_dirty == 0
    name = store.session_id(second.key)
    kept = Proposed(proposals=(proposal(name),), n_said=1)
    (nudge,) = store.finish_interrogation(second, kept)
    assert nudge.agent == "a"
    assert store.progress("p").n_agents_dirty == 1
    other = Proposed(proposals=(proposal(name, "run.other"),), n_said=1)
    store.finish_interrogation(second, other)
    assert store.proposals("p", "a") == kept.proposals, "the first answer stays"
    detail = store.get_session("p", name)
    assert detail is not None
    assert detail.proposals == kept.proposals


def test_what_waits_for_money_does_not_keep_wait_waiting(store: Store) -> None:
    first, second = store.choose_interrogations("p", "a", ["s1", "s2"], 2)
    assert store.progress("p").n_interrogations_open == 2
    with pytest.raises(BudgetExhausted):
        store.reserve_model(("p", workflow_id(first)), "k", (10, 10), (5, 5))
    assert store.progress("p").n_interrogations_open == 1
    assert store.coverage("p").waiting_for_budget == 1
    store.finish_interrogation(second, Proposed())
    assert store.progress("p").settled


def test_all_of_it_goes_with_the_session(store: Store, clock: Clock) -> None:
    (work,) = store.choose_interrogations("p", "a", ["s1"], 2)
    account = ("p", workflow_id(work))
    store.reserve_model(account, "key", (1, 1), (100, 100))
    store.settle_model(account, "key", (1, 1), b"an answer")
    (digest,) = store.put_claims(account[1], [b"a payload"])
    store.finish_interrogation(work, Proposed(proposals=(proposal("s1"),), n_said=1))
    epoch, _ = store.load_rows("p", "a")
    made = cluster("c", "s1", "s2", proposals=(proposal("s1"), proposal("s2")), n_proposed=1)
    store.replace_clusters("p", "a", epoch, "1", [made], gate())
    clock.tick(days=31)
    send(store, *(record(20 + n, trace=f"{n:032x}", session=IDS[n - 1]) for n in (2, 3, 4)))
    store.retain(age=timedelta(days=30), max_bytes=None)
    assert store.get_session("p", "s1") is None
    assert store.proposals("p", "a") == ()
    assert store.model_answer("p", "key") is None
    with pytest.raises(NotFound):
        store.load_claims(account[1], [digest])


def test_a_forgotten_session_s_words_leave_the_clusters(store: Store) -> None:
    epoch, _ = store.load_rows("p", "a")
    made = cluster("c", "s1", "s2", proposals=(proposal("s1"), proposal("s2")), n_proposed=1)
    store.replace_clusters("p", "a", epoch, "1", [made], gate())
    store.forget_sessions(store.find_sessions("s1", "p"))
    found = store.get_cluster("p", "c")
    assert found is not None
    assert [p.session_id for p in found.proposals] == ["s2"]
