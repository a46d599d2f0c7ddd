"""Counts of what the edge accepted, refused, dropped. Names only, never text of a trace.

In: increments. Out: `Tally`. Next: `/healthz` shows it.
"""

from collections import Counter


class Tally(Counter[str]):
    """The Collector's words: accepted = committed, refused = the client was told so and may keep it,
    rejected = single spans refused for good, dropped = given up here.
    """

    def add(self, name: str, n: int = 1) -> None:
        """Count `n` more; nothing for zero."""
        if n:
            self[name] += n
