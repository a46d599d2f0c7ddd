"""Bodies share frames: none is lost or moved, and one that is removed leaves the others as they are."""

from itertools import accumulate, chain, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.store.frames import ROOM, blanked, frame_and_start, framed, is_blank, offset_of

SIZES = st.lists(st.sampled_from([0, 1, 2, 1000, ROOM // 2, ROOM - 1, ROOM, ROOM + 1]), max_size=12)
BODIES = st.lists(st.binary(max_size=20).map(b"\n".__add__), min_size=1, max_size=8)
LARGEST = b"\n" * (ROOM + 1)


@settings(deadline=None)
@given(SIZES)
def test_frames_hold_all_bodies_in_order_and_not_too_many(sizes: list[int]) -> None:
    bodies = [(LARGEST[: size // 3], LARGEST[: size - size // 3]) for size in sizes]
    frames = list(framed(bodies))
    assert list(chain.from_iterable(frames)) == bodies
    filled = [[sum(map(len, body)) for body in frame] for frame in frames]
    assert all(len(frame) == 1 or sum(frame) < ROOM for frame in filled)
    assert all(sum(frame) + following[0] >= ROOM for frame, following in pairwise(filled))
    places = {
        offset_of(ref, start): (ref, start)
        for ref, frame in enumerate(filled, 2**40)
        for start in (0, *accumulate(frame[:-1]))
    }
    assert all(frame_and_start(offset) == place for offset, place in places.items())
    assert len(places) == len(set(places.values()))
    assert all(offset < 2**63 for offset in places)


@given(BODIES, st.data())
def test_what_is_removed_leaves_the_others_byte_for_byte(
    bodies: list[bytes], data: st.DataObject
) -> None:
    numbers = st.lists(st.integers(0, len(bodies) - 1))
    gone = data.draw(numbers)
    ends = list(accumulate(map(len, bodies)))
    ranges = [(end - len(body), len(body)) for end, body in zip(ends, bodies, strict=True)]
    left = blanked(b"".join(bodies), [ranges[n] for n in gone])
    if set(gone) == set(range(len(bodies))):
        assert left == b""
        return
    cut = [left[start : start + length] for start, length in ranges]
    assert cut == [bytes(len(b)) if n in gone else b for n, b in enumerate(bodies)]
    assert [is_blank(body) for body in cut] == [n in gone for n in range(len(bodies))]
    assert len(left) == ends[-1]


@pytest.mark.parametrize("size", [ROOM - 1, ROOM])
def test_nothing_begins_where_another_frame_would(size: int) -> None:
    """Not even a body of no bytes at the end of a full frame."""
    frames = list(framed([(bytes(size),), (b"",)]))
    starts = [0] if len(frames) == 2 else [0, size]
    assert [frame_and_start(offset_of(7, start)) for start in starts] == [(7, s) for s in starts]
