"""How long to wait before an agent is aggregated (pure).

In: the agent's clock, the window of quiet, whether a window was waited already. Out: the rest of
the wait, zero when it is due. Next: `workflow` waits and asks again.
"""

from datetime import timedelta

from pipeline.model.answers import AgentClock

NOTHING = timedelta(0)
GROWTH_PERCENT = 110


def time_to_wait(clock: AgentClock, quiet: timedelta, *, waited: bool) -> timedelta:
    """Until the window of quiet is over. An agent that never falls quiet is due when its sessions
    have grown by 10 %, looked at once a window: the first window is always waited in full."""
    rest = max(NOTHING, quiet - clock.quiet_for)
    if waited and clock.n_sessions * 100 >= clock.n_sessions_at_last * GROWTH_PERCENT:
        return NOTHING
    return rest
