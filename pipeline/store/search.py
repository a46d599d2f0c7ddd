"""Which sessions hold a span that says something: read from what is stored, not from what was made of it.

In: a question about one span, and bytes without which the answer is no. Out: homes. Next: `upkeep`
removes the sessions of a user.

Every stored body is looked through once, a few traces a transaction; spans are decoded only where the
bytes occur. A session that was never analysed is found as well.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

from sqlalchemy import Connection, select
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from pipeline.model.span import Span
from pipeline.model.span_keys import Home
from pipeline.store.bodies import BodyMoved, BodyStore
from pipeline.store.chunk_body import split
from pipeline.store.schema import traces
from pipeline.store.span_codec import decode_span
from pipeline.store.traces import Trace, members_of, traces_of

Question = Callable[[Span], bool]
Answer = tuple[set[Home], int | None]
"""Homes, and the last trace that was looked through; None after the last one."""
Reads = Callable[[], AbstractContextManager[Connection]]

TRACES_AT_ONCE = 200
MAX_READS = 5


def homes_that_say(reads: Reads, bodies: BodyStore, says: Question, needle: bytes) -> set[Home]:
    """The homes of all spans to which the answer is yes."""
    found: set[Home] = set()
    last: int | None = 0
    while last is not None:
        homes, last = _again_if_moved(partial(_look_through, reads, bodies, says, needle, last))
        found |= homes
    return found


@retry(retry=retry_if_exception_type(BodyMoved), stop=stop_after_attempt(MAX_READS), reraise=True)
def _again_if_moved(look: Callable[[], Answer]) -> Answer:
    """A compaction went by: the next transaction sees where the bodies are now."""
    return look()


def _look_through(
    reads: Reads, bodies: BodyStore, says: Question, needle: bytes, last: int
) -> Answer:
    with reads() as connection:
        after = select(traces.c.id).where(traces.c.id > last).order_by(traces.c.id)
        refs = connection.execute(after.limit(TRACES_AT_ONCE)).scalars().all()
        homes: set[Home] = set()
        for trace in traces_of(connection, refs):
            hits = set(_hits(connection, bodies, trace, says, needle))
            if hits:
                packed = [chunk.keys for chunk in trace.stored]
                members = members_of(trace.key[0], packed, trace.outline)
                homes |= {m.home for m in members if (m.chunk, m.at) in hits}
        return homes, refs[-1] if refs else None


def _hits(
    connection: Connection, bodies: BodyStore, trace: Trace, says: Question, needle: bytes
) -> Iterator[tuple[int, int]]:
    """(chunk, place) of the spans."""
    read = bodies.read(connection, [chunk.place for chunk in trace.stored])
    for n, body in enumerate(read):
        if needle not in body:
            continue
        at = 0
        for group in split(body):
            for span in group.spans:
                heard = needle in span or needle in group.resource
                if heard and says(decode_span(span, group.resource, group.scope_info)):
                    yield n, at
                at += 1
