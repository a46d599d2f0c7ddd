"""How long activities may take and how they are tried again, with the reasons.

In: nothing. Out: option sets for `workflow.execute_activity` and its local twin. Temporal is the
only retry loop: nothing below tries anything twice.

Local activities (`LOCAL`, `STAGE`) serve the session's short steps. They cost one event instead of
three and no trip over the task queue, and a killed worker is noticed when its workflow task times
out (10 s) instead of a start-to-close timeout sized for the largest session. Their repetition is
harmless because every write is fenced or compare-and-set. What runs long, or is worth seeing in
Temporal's UI, is an ordinary activity with heartbeats (`LONG`).
"""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy

FOREVER = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=30),
    maximum_attempts=0,
)
"""Transient errors retry without end: a store that is down for a day fails no session. What cannot
get better is marked non-retryable by `failures`, so nothing turns in this loop for nothing."""

HEARTBEAT_INTERVAL = timedelta(seconds=5)
"""Often enough that several may be late before `LONG` gives the activity to another worker."""

MAX_SIGNALS = 5_000
"""Signals after which a run continues as new: half of Temporal's limit of 10,000 a run, which
`is_continue_as_new_suggested` does not watch."""


class LocalOptions(TypedDict):
    """Keyword arguments of `workflow.execute_local_activity_method`."""

    start_to_close_timeout: timedelta
    local_retry_threshold: timedelta
    retry_policy: RetryPolicy


class ActivityOptions(TypedDict):
    """Keyword arguments of `workflow.execute_activity_method`."""

    start_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


LOCAL = LocalOptions(
    # One read or one small transaction; longer means that the store hangs.
    start_to_close_timeout=timedelta(seconds=30),
    # Beyond this backoff the retry waits on a durable timer instead of an open workflow task.
    local_retry_threshold=timedelta(seconds=5),
    retry_policy=FOREVER,
)

STAGE = LocalOptions(
    # Pure work on one session: milliseconds as a rule, a minute or two for 50,000 spans, several
    # times that on a machine that is busy otherwise.
    start_to_close_timeout=timedelta(minutes=30),
    local_retry_threshold=timedelta(seconds=5),
    retry_policy=FOREVER,
)

LONG = ActivityOptions(
    # 20,000 sessions of an agent on a slow machine; a dead worker is found by its heartbeat.
    start_to_close_timeout=timedelta(hours=1),
    heartbeat_timeout=timedelta(seconds=30),
    retry_policy=FOREVER,
)
