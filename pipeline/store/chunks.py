"""Long IN lists in pieces: databases limit the parameters of one statement.

In: values. Out: lists of at most `MAX_IN`. Next: one SELECT a piece.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

MAX_IN = 1000


def chunked(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in their order, in pieces."""
    left = iter(values)
    while piece := list(islice(left, MAX_IN)):
        yield piece
