"""Spans as rows: contents written, moved, and shared parts read back.

In: span records with their places. Out: rows of `spans` and `contents`. Next: `analysis` reads the
spans of one session.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from pipeline.model.span_record import SpanRecord
from pipeline.store.chunks import chunked
from pipeline.store.dialect import execute_many, insert
from pipeline.store.packing import digest_of, pack, unpack
from pipeline.store.schema import contents, spans


class Placed(NamedTuple):
    """A content to write; `span_row` is set when it replaces another."""

    record: SpanRecord
    digest: bytes
    span_row: int | None
    trace_ref: int
    session_ref: int


def load_contents(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, bytes]:
    """Shared contents by digest."""
    found: dict[bytes, bytes] = {}
    for piece in chunked(sorted(set(digests))):
        wanted = contents.c.digest.in_(piece)
        for digest, body in connection.execute(
            select(contents.c.digest, contents.c.body).where(wanted)
        ):
            found[digest] = unpack(body)
    return found


def write_spans(
    connection: Connection, placed: Sequence[Placed], moved: Sequence[dict[str, int]]
) -> None:
    """New and replaced contents, and new homes of known ones."""
    shared = {
        part: digest_of(part) for p in placed for part in (p.record.resource, p.record.scope_info)
    }
    if shared:
        connection.execute(
            insert(connection, contents).on_conflict_do_nothing(),
            [{"digest": digest, "body": pack(part)} for part, digest in sorted(shared.items())],
        )
    new = [_row(p, shared) for p in placed if p.span_row is None]
    replaced = [_row(p, shared) for p in placed if p.span_row is not None]
    for statement, rows in ((_INSERT, new), (_REPLACE, replaced), (_MOVE, moved)):
        if rows:
            execute_many(connection, statement, rows)


_CONTENT = {
    name: bindparam(f"new_{name}")
    for name in (
        *("parent_id", "start", "end", "own_session", "own_project", "fallback_project"),
        *("session_ref", "digest", "resource", "scope_info", "body"),
    )
}
_INSERT = spans.insert().values(
    trace_ref=bindparam("new_trace_ref"), span_id=bindparam("new_span_id"), **_CONTENT
)
_REPLACE = update(spans).where(spans.c.id == bindparam("span_row")).values(**_CONTENT)
_MOVE = (
    update(spans).where(spans.c.id == bindparam("moved_id")).values(session_ref=bindparam("ref"))
)


def _row(placed: Placed, shared: Mapping[bytes, bytes]) -> dict[str, Any]:
    record = placed.record
    row = {
        "new_parent_id": record.parent_id,
        "new_start": record.start,
        "new_end": record.end,
        "new_own_session": record.own_session,
        "new_own_project": record.own_project,
        "new_fallback_project": record.fallback_project,
        "new_session_ref": placed.session_ref,
        "new_digest": placed.digest,
        "new_resource": shared[record.resource],
        "new_scope_info": shared[record.scope_info],
        "new_body": pack(record.body),
    }
    if placed.span_row is None:
        return row | {"new_trace_ref": placed.trace_ref, "new_span_id": record.span_id}
    return row | {"span_row": placed.span_row}
