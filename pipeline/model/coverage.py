"""Coverage: what was received, analysed, skipped and why, failed, below the gate.

In: nothing. Out: `Coverage`, `Progress`. Next: status service and `wait`.
"""

from collections.abc import Mapping

from pipeline.model.frozen import Frozen


class Coverage(Frozen):
    """received = analysed + waiting + failed + sum(skipped.values()); below_gate is part of analysed."""

    received: int
    analysed: int
    waiting: int
    failed: int
    skipped: Mapping[str, int]
    below_gate: int
    waiting_for_spans: int
    waiting_for_budget: int = 0
    """Diagnoses that wait until the day's budget of the language model allows them."""
    other_agents: int = 0
    """Agents beyond `max_agents_a_project`, which are not looked at by themselves."""


class Progress(Frozen):
    """One read of the store: what is still under way in a project. Settled when all are zero."""

    n_sessions_waiting: int
    n_agents_dirty: int
    n_investigations_open: int
    n_interrogations_open: int = 0
    """Questions to a language model about single sessions; those that wait for money are in coverage."""

    @property
    def settled(self) -> bool:
        """True when every session, agent and investigation has ended at its newest version."""
        busy = (self.n_sessions_waiting, self.n_agents_dirty, self.n_investigations_open)
        return not any((*busy, self.n_interrogations_open))
