"""Laws of chunks: their keys and bodies come back as they went in, and homes are a partition of spans."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.decode import decode
from pipeline.model.trace_chunk import ChunkKeys, TraceChunk
from pipeline.store.chunk_body import SpanGroup, join, only, split
from pipeline.store.chunk_keys import (
    chunk_of,
    home_of,
    join_outlines,
    only_keys,
    outline_of,
    pack_keys,
    span_ids_of,
    span_keys,
    unpack_keys,
)
from pipeline.store.homes import resolve
from pipeline.store.traces import members_of, whole_outline
from tests.unit.chunk_records import records_of
from tests.unit.otlp import attributes, request, span

Rows = list[tuple[int, int, int, int, str | None, str | None, str]]

TRACE = "a" * 32
names = st.none() | st.sampled_from(["s", "t", "ü" * 9])
rows = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.integers(0, 9),
        st.integers(0, 2**63 - 1),
        st.integers(0, 2**63 - 1),
        names,
        st.none() | st.sampled_from(["p", "q"]),
        st.sampled_from(["d", "e"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row[0],
)


def keys_of(given_rows: Rows) -> ChunkKeys:
    ids, parents, starts, ends, sessions, projects, fallbacks = zip(*given_rows, strict=True)
    return ChunkKeys(
        [i.to_bytes(8, "big") for i in ids],
        [p.to_bytes(8, "big") if p else b"" for p in parents],
        list(starts),
        list(ends),
        list(sessions),
        list(projects),
        list(fallbacks),
    )


@settings(deadline=None)
@given(rows)
def test_keys_round_trip(given_rows: Rows) -> None:
    keys = keys_of(given_rows)
    back = unpack_keys(pack_keys(keys))
    assert [list(column) for column in back] == [list(column) for column in keys]


bodies = st.lists(
    st.builds(
        SpanGroup,
        st.binary(max_size=300),
        st.binary(max_size=5),
        st.lists(st.binary(max_size=20_000), min_size=1, max_size=3),
    ),
    max_size=3,
)


@settings(deadline=None)
@given(bodies, st.sets(st.integers(0, 8)))
def test_bodies_round_trip_and_may_be_joined_end_to_end(
    groups: list[SpanGroup], places: set[int]
) -> None:
    body = join(groups)
    assert list(split(body)) == groups
    assert list(split(body + body)) == groups + groups
    spans = [span for group in groups for span in group.spans]
    kept = [span for group in split(only(body, sorted(places))) for span in group.spans]
    assert kept == [span for at, span in enumerate(spans) if at in places]


@settings(deadline=None)
@given(rows, st.data())
def test_homes_are_a_partition_however_the_spans_were_cut_into_chunks(
    given_rows: Rows, data: st.DataObject
) -> None:
    keys = keys_of(given_rows)
    order = data.draw(st.permutations(range(len(given_rows))))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(order)))) | {0, len(order)})
    packed = [pack_keys(only_keys(keys, order[first:last])) for first, last in pairwise(cuts)]
    homes = resolve(list(span_keys(TRACE, keys)))
    outline, sessions = whole_outline(packed)
    assert sessions == {name for name in keys.own_sessions if name}
    members = members_of(TRACE, packed, outline)
    assert Counter(m.span_id for m in members) == Counter(keys.span_ids), "none lost, none twice"
    assert {m.span_id.hex(): m.home for m in members} == homes


@settings(deadline=None)
@given(rows, rows)
def test_what_is_not_mixed_has_one_home(
    one: Rows,
    other: Rows,
) -> None:
    """The quick way of the commit, which does not look at single spans, obeys the law.

    It is taken only where all spans are new: a content that replaces another is looked at singly.
    """
    other = [row for row in other if row[0] not in {known[0] for known in one}]
    both = {row[0]: row for row in (*one, *other)}
    joined = outline_of(keys_of(one))
    if other:
        joined = join_outlines(joined, outline_of(keys_of(other)))
    if not joined.mixed:
        homes = resolve(list(span_keys(TRACE, keys_of(list(both.values())))))
        assert set(homes.values()) == {home_of(joined, TRACE)}


def test_a_later_content_of_a_span_counts() -> None:
    def chunk(session: str) -> TraceChunk:
        keys = keys_of([(1, 0, 1, 2, session, None, "d")])
        return chunk_of("", TRACE, keys, b"")

    (member,) = members_of(TRACE, [chunk("old").keys, chunk("new").keys])
    assert (member.chunk, member.home.session_id) == (1, "new")


traces = st.sampled_from(["1" * 32, "2" * 32])
sent_spans = st.lists(
    st.tuples(traces, st.sampled_from(["", "s", "t"]), st.sampled_from(["", "q"]), st.booleans()),
    min_size=1,
    max_size=9,
)


@given(st.lists(sent_spans, min_size=1, max_size=3))
def test_spans_of_several_traces_and_scopes_are_sorted_apart(
    scopes: list[list[tuple[str, str, str, bool]]],
) -> None:
    """Whatever lies beside them, and though some are rejected between them."""
    message = request()
    del message.resource_spans[0].scope_spans[:]
    expected: list[tuple[str, int, bytes, str | None, str | None]] = []
    n = 0
    for rows in scopes:
        spans = message.resource_spans[0].scope_spans.add().spans
        for trace, session, project, is_sound in rows:
            n += 1
            sent = span(n if is_sound else 0, trace=trace)
            given_ids = {"session.id": session, "kelet.project": project}
            sent.attributes.extend(attributes({k: v for k, v in given_ids.items() if v}))
            spans.append(sent)
            if is_sound:
                body = sent.SerializeToString()
                expected.append((trace, n, body, session or None, project or None))
    decoded = decode(message.SerializeToString(), project="p")
    assert [c.trace_id for c in decoded.chunks] == list(dict.fromkeys(row[0] for row in expected))
    found = [
        (r.trace_id, int(r.span_id, 16), r.body, r.own_session, r.own_project)
        for r in records_of(decoded.chunks)
    ]
    assert sorted(found, key=lambda row: row[1]) == expected
    for chunk in decoded.chunks:
        keys = unpack_keys(chunk.keys)
        assert chunk == chunk_of("", chunk.trace_id, keys, *chunk.pieces)


@given(st.lists(st.tuples(traces, st.integers(1, 4)), min_size=1, max_size=6))
def test_a_chunk_that_is_distinct_has_no_id_twice(rows: list[tuple[str, int]]) -> None:
    """The store takes such a chunk without a look at its ids."""
    body = request(*(span(n, trace=trace) for trace, n in rows)).SerializeToString()
    chunks = decode(body, project="p").chunks
    for chunk in chunks:
        ids = span_ids_of(chunk.keys)
        assert not chunk.distinct or len(set(ids)) == len(ids)
    if len({n for _, n in rows}) == len(rows):
        assert all(chunk.distinct for chunk in chunks)
