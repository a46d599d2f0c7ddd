"""The half of `Store` that language models need: answers, spending, payloads, interrogations.

In: requests and their prices; sessions worth asking about. Out: kept answers, proposals. Next:
`pipeline.llm` asks through it, the agent's aggregation evaluates what was proposed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from pipeline.model.answers import Interrogation, Proposed
from pipeline.model.cluster import Proposal
from pipeline.model.nudge import AgentNudge
from pipeline.store import claim_checks, interrogations, model_ledger
from pipeline.store.upkeep import Upkeep


class ModelWork(Upkeep):
    """What is kept of a model's work."""

    _clock: Callable[[], datetime]

    def model_answer(self, project: str, key: str) -> bytes | None:
        """The answer that was kept for a request."""
        with self._read() as connection:
            return model_ledger.model_answer(connection, project, key)

    def reserve_model(
        self, account: tuple[str, str], key: str, price: tuple[int, int], limits: tuple[int, int]
    ) -> None:
        """Put (micros, tokens) aside, once a key; raises `BudgetExhausted` beyond the day's limits."""
        now = self._clock()
        refused = self._write(lambda c: model_ledger.reserve(c, account, key, price, limits, now))
        if refused is not None:
            raise refused

    def settle_model(
        self, account: tuple[str, str], key: str, price: tuple[int, int], answer: bytes
    ) -> None:
        """What the request cost and what it answered, in one commit."""
        now = self._clock()
        self._write(lambda c: model_ledger.settle(c, account, key, price, answer, now))

    def model_cost(self, project: str, purpose: str) -> tuple[int, int]:
        """(micros, tokens) that were paid for one purpose, `<what>/<revision>`, and its revisions before."""
        with self._read() as connection:
            return model_ledger.cost_of(connection, project, purpose)

    def put_claims(self, owner: str, bodies: Sequence[bytes]) -> tuple[str, ...]:
        """Keep payloads of a workflow by their SHA-256."""
        return self._write(lambda c: claim_checks.put_claims(c, owner, bodies, self._now()))

    def load_claims(self, owner: str, digests: Sequence[str]) -> tuple[bytes, ...]:
        """The payloads; raises `NotFound` for one that is gone."""
        with self._read() as connection:
            return claim_checks.load_claims(connection, owner, digests)

    def choose_interrogations(
        self, project: str, agent: str, session_ids: Sequence[str], a_day: int
    ) -> tuple[Interrogation, ...]:
        """Note the sessions to ask about, at most so many a day; every open one of the agent."""
        owner, now = (project, agent), self._clock()
        return self._write(lambda c: interrogations.choose(c, owner, session_ids, a_day, now))

    def finish_interrogation(
        self, work: Interrogation, proposed: Proposed
    ) -> tuple[AgentNudge, ...]:
        """Keep what was answered; the agents that need a nudge."""
        now = self._clock()
        return self._write(lambda c: interrogations.finish(c, work, proposed, now))

    def proposals(self, project: str, agent: str) -> tuple[Proposal, ...]:
        """What models proposed of the agent's sessions."""
        with self._read() as connection:
            return interrogations.proposals_of_agent(connection, project, agent)
