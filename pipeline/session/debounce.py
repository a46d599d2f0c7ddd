"""How long to wait before a session is analysed (pure).

In: how long it has been silent and open on the store's clock, the window and the cap. Out: the rest
of the wait, zero when it is due. Next: `workflow` waits and asks again.
"""

from datetime import timedelta

NOTHING = timedelta(0)


def time_to_wait(
    silent_for: timedelta, open_for: timedelta, window: timedelta, cap: timedelta
) -> timedelta:
    """Until the window of silence is over, but never beyond the cap."""
    return max(NOTHING, min(window - silent_for, cap - open_for))
