"""A session read again after its analysis: by the limits of the analysis, as it may have grown since.

In: a session, `ReadLimits`. Out: all of its spans, or none. Next: evidence, patch, trial, desks.

Half a session says what is not so: an answer that seems never to have come, a fault that seems repaired. So
one that has grown beyond the limits is left out, just as its next analysis skips it as `too_large`.
"""

import logging

from pipeline.model.answers import ReadLimits
from pipeline.model.session import SessionKey
from pipeline.model.span import Span
from pipeline.store.store import Store

log = logging.getLogger(__name__)


def whole_session(store: Store, key: SessionKey, limits: ReadLimits) -> tuple[Span, ...]:
    """Its spans; none of a session that is gone or beyond the limits."""
    max_spans, max_bytes = limits
    clock = store.session_clock(key)
    n_spans = 0 if clock is None else clock.n_spans
    if n_spans <= max_spans:
        snapshot = store.load_spans(key, max_spans=max_spans, max_bytes=max_bytes)
        if len(snapshot.spans) >= snapshot.n_spans:
            return snapshot.spans
    log.warning(
        "a session of %d spans has outgrown its analysis and is left out: max_spans_a_session is"
        " %d, max_bytes_a_session is %d",
        *(n_spans, max_spans, max_bytes),
    )
    return ()
