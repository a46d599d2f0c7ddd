"""Resolve: a pure function of all spans of a trace, in any order, with any parents."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.span_keys import Home, SpanKeys
from pipeline.store.homes import resolve


def keys(
    span_id: str,
    parent: str | None = None,
    *,
    start: int = 0,
    session: str | None = None,
    project: str | None = None,
    fallback: str = "default",
) -> SpanKeys:
    return SpanKeys("t", span_id, parent, start, session, project, fallback)


names = st.sampled_from("abcdefgh")
traces = st.lists(
    st.builds(
        keys,
        names,
        st.none() | names | st.just("absent"),
        start=st.integers(0, 3),
        session=st.none() | st.sampled_from(["s1", "s2", "s3"]),
        project=st.none() | st.sampled_from(["p1", "p2"]),
        fallback=st.sampled_from(["d1", "d2"]),
    ),
    unique_by=lambda span: span.span_id,
    max_size=8,
)


def sessions(*spans: SpanKeys) -> dict[str, str]:
    return {span_id: home.session_id for span_id, home in resolve(spans).items()}


def test_own_id_before_the_ancestors() -> None:
    assert sessions(keys("a", session="s1"), keys("b", "a", session="s2"), keys("c", "b")) == {
        "a": "s1",
        "b": "s2",
        "c": "s2",
    }


def test_without_a_carrying_ancestor_the_earliest_carrier_counts() -> None:
    spans = (
        keys("root"),
        keys("b", "root", start=5, session="late"),
        keys("d", "root", start=2, session="early, greater span id"),
        keys("c", "root", start=2, session="early"),
    )
    assert sessions(*spans)["root"] == "early"


def test_a_trace_without_an_id_is_its_own_session() -> None:
    assert sessions(keys("a"), keys("b", "gone")) == {"a": "trace:t", "b": "trace:t"}
    assert resolve([]) == {}


def test_a_late_ancestor_rehomes_its_descendants() -> None:
    orphans = (keys("x", start=1, session="other"), keys("c", "b"), keys("b", "a"))
    assert sessions(*orphans)["c"] == "other"
    assert sessions(*orphans, keys("a", start=9, session="mine"))["c"] == "mine"


def test_project_own_then_ancestor_then_fallback() -> None:
    homes = resolve(
        [
            keys("a", project="p1", fallback="x"),
            keys("b", "a", fallback="x"),
            keys("c", "b", project="p2", fallback="x"),
            keys("d", "gone", fallback="x"),
        ]
    )
    assert [homes[name].project for name in "abcd"] == ["p1", "p1", "p2", "x"]


def test_circles_end() -> None:
    circle = [keys("a", "b"), keys("b", "c"), keys("c", "a"), keys("d", "a"), keys("e", "e")]
    assert set(sessions(*circle).values()) == {"trace:t"}
    with_id = [circle[0], keys("b", "c", session="s"), *circle[2:]]
    assert sessions(*with_id) == dict.fromkeys("abcde", "s")


def test_a_long_chain_is_neither_deep_nor_slow() -> None:
    ids = [f"{n:06}" for n in range(10_000)]
    chain = [keys(child, parent) for parent, child in pairwise(ids)]
    random.Random(1).shuffle(chain)
    homes = resolve([keys(ids[0], session="s"), *chain])
    assert set(homes.values()) == {Home("default", "s")}


@given(traces)
def test_it_is_a_partition(spans: list[SpanKeys]) -> None:
    homes = resolve(spans)
    assert homes.keys() == {span.span_id for span in spans}
    assert all(home.project and home.session_id for home in homes.values())


@given(traces, st.randoms(use_true_random=False))
def test_order_does_not_matter(spans: list[SpanKeys], rng: random.Random) -> None:
    shuffled = list(spans)
    rng.shuffle(shuffled)
    assert resolve(shuffled) == resolve(spans)


@given(traces)
def test_it_agrees_with_the_rule_read_aloud(spans: list[SpanKeys]) -> None:
    by_id = {span.span_id: span for span in spans}
    carriers = sorted((s for s in spans if s.own_session), key=lambda s: (s.start, s.span_id))
    for span in spans:
        at, seen = span, {span.span_id}
        while not at.own_session and at.parent_id in by_id and at.parent_id not in seen:
            at = by_id[at.parent_id]
            seen.add(at.span_id)
        expected = at.own_session or (carriers[0].own_session if carriers else "trace:t")
        assert resolve(spans)[span.span_id].session_id == expected


@given(traces)
def test_a_span_with_an_id_of_its_own_keeps_it(spans: list[SpanKeys]) -> None:
    homes = resolve(spans)
    for span in spans:
        if span.own_session:
            assert homes[span.span_id].session_id == span.own_session
        if span.own_project:
            assert homes[span.span_id].project == span.own_project
