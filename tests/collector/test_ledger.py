"""The comparison of sent and stored sees every kind of difference."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.collector.ledger import SpanKey, Stored, content

SENT: dict[SpanKey, str] = {("t1", "a"): "one", ("t1", "b"): "one", ("t2", "c"): "two"}


def as_sent() -> Stored:
    """What a store without a fault holds."""
    return Stored(
        times=Counter(SENT.keys()),
        homes=dict(SENT),
        counted=dict(Counter(SENT.values())),
        read={key: content(key[1]) for key in SENT},
    )


def lose_a_span(found: Stored) -> None:
    del found.times["t2", "c"]


def store_twice(found: Stored) -> None:
    found.times["t1", "a"] = 2


def invent(found: Stored) -> None:
    found.times["t9", "z"] = 1


def move(found: Stored) -> None:
    found.homes["t1", "b"] = "two"


def lose_a_session(found: Stored) -> None:
    del found.counted["two"]


def miscount(found: Stored) -> None:
    found.counted["one"] = 3


def garble(found: Stored) -> None:
    found.read["t1", "a"] = content("b")


def test_what_was_sent_is_what_is_stored() -> None:
    assert as_sent().differences(SENT) == []


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lose_a_span, "spans missing"),
        (store_twice, "spans stored twice"),
        (invent, "spans that nobody sent"),
        (move, "spans in another session"),
        (lose_a_session, "sessions missing"),
        (miscount, "sessions whose count of spans is wrong"),
        (garble, "spans that do not read as they were sent"),
    ],
)
def test_every_difference_is_told(harm: Callable[[Stored], None], told: str) -> None:
    found = as_sent()
    harm(found)
    assert any(told in line for line in found.differences(SENT))
