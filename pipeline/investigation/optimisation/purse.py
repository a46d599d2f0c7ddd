"""What one optimisation may spend, held before every request.

In: a ledger, limits. Out: a `Ledger` that refuses what they do not cover. Next: the door books in it.
An answer that is kept already costs nothing and counts nothing.
"""

from threading import Lock

from pipeline.errors import SidecarError
from pipeline.llm.metered import Ledger

Pair = tuple[int, int]


class Spent(SidecarError):
    """The limits of this optimisation are reached, or somebody asked it to stop."""

    code = "optimisation_spent"


class Purse:
    """`Ledger` with limits of its own before those of the day."""

    def __init__(self, ledger: Ledger, *, max_micros: int, max_requests: int) -> None:
        self._ledger = ledger
        self._max = max_micros, max_requests
        self._lock = Lock()
        self._held: dict[str, int] = {}
        self.micros, self.tokens, self.n_requests = 0, 0, 0
        self._set_aside = 0, 0
        self.stopped = False

    @property
    def empty(self) -> bool:
        """Whether another request would be refused, as far as can be told before its price."""
        return self.stopped or self.n_requests + self._set_aside[1] >= self._max[1]

    def stop(self) -> None:
        """No further request."""
        self.stopped = True

    def set_aside(self, micros: int, n_requests: int) -> None:
        """Keep this much for later; nothing when it is needed."""
        self._set_aside = micros, n_requests

    def model_answer(self, project: str, key: str) -> bytes | None:
        """A kept answer."""
        return self._ledger.model_answer(project, key)

    def reserve_model(self, account: tuple[str, str], key: str, price: Pair, limits: Pair) -> None:
        """Refuse what is not covered, then reserve as always."""
        with self._lock:
            self._check(price[0])
            self.n_requests += 1
            self._held[key] = price[0]
        self._ledger.reserve_model(account, key, price, limits)

    def settle_model(self, account: tuple[str, str], key: str, price: Pair, answer: bytes) -> None:
        """What it cost instead of what it might."""
        self._ledger.settle_model(account, key, price, answer)
        with self._lock:
            self._held.pop(key, None)
            self.micros += price[0]
            self.tokens += price[1]

    def _check(self, micros: int) -> None:
        if self.stopped:
            raise Spent("stopped")
        if self.n_requests + self._set_aside[1] >= self._max[1]:
            raise Spent(f"{self._max[1]} requests are made (--max-requests)")
        held = self.micros + sum(self._held.values()) + self._set_aside[0]
        if held + micros > self._max[0]:
            raise Spent(f"the next request may pass {self._max[0] / 1e6:.2f} USD (--budget-usd)")
