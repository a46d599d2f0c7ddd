"""Which sessions are not independent of one another.

In: session rows. Out: the block number of each. Next: the gate counts blocks, the contrast permutes
whole blocks.

One block is all sessions linked by the same user or the same first user message. A value that most
sessions share (a service account, a fixed "start" message) tells no sessions apart and links none.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.model.session import SessionRow

MAX_SHARE = 0.5


def blocks(rows: Sequence[SessionRow]) -> NDArray[np.int64]:
    """Connected components over users and first messages, numbered by their first row."""
    parent = list(range(len(rows)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    links = [_links(row) for row in rows]
    counts = Counter(link for some in links for link in some)
    first: dict[str, int] = {}
    for i, some in enumerate(links):
        for link in some:
            if counts[link] <= max(2, MAX_SHARE * len(rows)):
                a, b = sorted((root(i), root(first.setdefault(link, i))))
                parent[b] = a
    roots = [root(i) for i in range(len(rows))]
    number = {r: n for n, r in enumerate(dict.fromkeys(roots))}
    return np.array([number[r] for r in roots], np.int64)


def _links(row: SessionRow) -> tuple[str, ...]:
    result = row.interrogate
    user = (f"user {result.user}",) if result.user else ()
    message = (f"message {result.first_user_message}",) if result.first_user_message else ()
    return user + message
