"""One read of a session for the stages that look at its spans.

In: the store, a session and the version asked for. Out: its steps and spans, or None when it has
moved on. Next: `pipeline.signals.enrich` and `pipeline.interrogation`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.conventions.steps import read_steps
from pipeline.errors import LimitExceeded
from pipeline.model.session import SessionKey
from pipeline.model.span import Span
from pipeline.model.step import Step
from pipeline.store import Store


class StepsSeen(NamedTuple):
    """What a stage computes on."""

    steps: Sequence[Step]
    spans: Sequence[Span]


def read_snapshot(
    store: Store, key: SessionKey, version: int, *, max_spans: int
) -> StepsSeen | None:
    """Steps and spans at `version`. A newer version is the next cycle's work: None."""
    snapshot = store.load_spans(key, max_spans=max_spans)
    if snapshot.version != version:
        return None
    if snapshot.n_spans > max_spans:
        raise LimitExceeded(f"{snapshot.n_spans} spans, max_spans_a_session is {max_spans}")
    return StepsSeen(read_steps(snapshot.spans), snapshot.spans)
