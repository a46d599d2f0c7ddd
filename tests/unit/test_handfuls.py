"""Bodies are read a handful at a time: in order, none left out, and never too many at once."""

from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.store.bodies import BYTES_AT_ONCE, READ_AT_ONCE, Place, handfuls

lengths = st.integers(0, 100) | st.sampled_from(
    [BYTES_AT_ONCE // 3, BYTES_AT_ONCE, 10 * BYTES_AT_ONCE]
)


@given(st.lists(lengths, max_size=3 * READ_AT_ONCE))
def test_a_handful_has_few_bodies_and_few_bytes(sizes: list[int]) -> None:
    places = [Place(-2, n, size) for n, size in enumerate(sizes)]
    found = list(handfuls(iter(places)))
    assert list(chain.from_iterable(found)) == places
    n_bytes = [sum(place.length for place in some) for some in found]
    assert all(0 < len(some) <= READ_AT_ONCE for some in found)
    assert all(n <= BYTES_AT_ONCE or len(some) == 1 for n, some in zip(n_bytes, found, strict=True))
    for (some, following), n in zip(pairwise(found), n_bytes, strict=False):
        assert len(some) == READ_AT_ONCE or n + following[0].length > BYTES_AT_ONCE
