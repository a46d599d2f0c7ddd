"""Pure: the keys of a chunk <-> bytes in a column, and what they say of the chunk as a whole.

In: `ChunkKeys`. Out: packed bytes, `Outline`, the `SpanKeys` that homes are resolved from. Next:
`traces` keeps them, `homes` resolves them.

Packed: a head of counts; span ids, parents, starts and ends as eight bytes each; the distinct names
of each column, divided by NUL, which no name holds; for a column of several names the number of each
span's name.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

from pipeline.model.span_keys import Home, SpanKeys
from pipeline.model.trace_chunk import NO_PARENT, ChunkKeys, Outline, TraceChunk

FORMAT = 1
_HEAD = struct.Struct("<BIIIII")
_NO_PARENT = bytes(8)
_NUL = "\0"


Names = Sequence[str | None]
"""A column of names; one name may stand for a column in which all are the same."""


class _Names(NamedTuple):
    distinct: tuple[str, ...]
    which: bytes


class Columns(NamedTuple):
    """Ids, parents, starts and ends, eight bytes a span: what of the keys is packed as it stands."""

    ids: bytes
    parents: bytes
    starts: bytes
    ends: bytes


def columns_of(keys: ChunkKeys) -> Columns:
    """The columns as bytes."""
    n = len(keys.span_ids)
    return Columns(
        b"".join(keys.span_ids),
        b"".join([parent or _NO_PARENT for parent in keys.parents]),
        struct.pack(f"<{n}Q", *keys.starts),
        struct.pack(f"<{n}Q", *keys.ends),
    )


def pack_keys(keys: ChunkKeys) -> bytes:
    """The keys as bytes."""
    return pack_columns(columns_of(keys), keys.own_sessions, keys.own_projects, keys.fallbacks)


def pack_columns(
    columns: Columns, own_sessions: Names, own_projects: Names, fallbacks: Names
) -> bytes:
    """The same of keys that are bytes already."""
    n = len(columns.ids) // 8
    if len(own_sessions) == len(own_projects) == len(fallbacks) == 1:
        names = f"{own_sessions[0] or ''}\0{own_projects[0] or ''}\0{fallbacks[0]}".encode()
        return b"".join((_HEAD.pack(FORMAT, n, len(names), 1, 1, 1), *columns, names))
    packed = [_pack_names(column) for column in (own_sessions, own_projects, fallbacks)]
    names = _NUL.join([name for column in packed for name in column.distinct]).encode()
    head = _HEAD.pack(FORMAT, n, len(names), *(len(column.distinct) for column in packed))
    return b"".join((head, *columns, names, *(column.which for column in packed)))


def shortened(column: Names) -> Names:
    """One name in place of a column in which all are the same."""
    return column[:1] if column.count(column[0]) == len(column) else column


def unpack_keys(packed: bytes) -> ChunkKeys:
    """The keys that were packed."""
    _format, n, n_text, *counts = _HEAD.unpack_from(packed)
    at = _HEAD.size + 16 * n
    times = struct.unpack_from(f"<{2 * n}Q", packed, at)
    at += 16 * n
    names = packed[at : at + n_text].decode().split(_NUL)
    at += n_text
    columns: list[list[str]] = []
    for count in counts:
        distinct, names = names[:count], names[count:]
        if count == 1:
            columns.append(distinct * n)
        else:
            columns.append([distinct[i] for i in struct.unpack_from(f"<{n}I", packed, at)])
            at += 4 * n
    return ChunkKeys(
        span_ids=span_ids_of(packed),
        parents=[NO_PARENT if p == _NO_PARENT else p for p in _eights(packed, n, n)],
        starts=times[:n],
        ends=times[n:],
        own_sessions=[name or None for name in columns[0]],
        own_projects=[name or None for name in columns[1]],
        fallbacks=columns[2],
    )


def span_ids_of(packed: bytes) -> list[bytes]:
    """The span ids alone."""
    return _eights(packed, 0, _HEAD.unpack_from(packed)[1])


def _eights(packed: bytes, first: int, n: int) -> list[bytes]:
    begin = _HEAD.size + 8 * first
    return [packed[at : at + 8] for at in range(begin, begin + 8 * n, 8)]


def _pack_names(column: Sequence[str | None]) -> _Names:
    """No name is ever empty, so that the empty text can stand for none."""
    first = column[0]
    if column.count(first) == len(column):
        return _Names((first or "",), b"")
    number = {name: i for i, name in enumerate(dict.fromkeys(column))}
    which = struct.pack(f"<{len(column)}I", *[number[name] for name in column])
    return _Names(tuple(name or "" for name in number), which)


def only_keys(keys: ChunkKeys, places: Sequence[int]) -> ChunkKeys:
    """The keys of the spans at these places."""
    columns = cast("tuple[Sequence[Any], ...]", keys)
    return ChunkKeys(*([column[i] for i in places] for column in columns))


def outline_of(keys: ChunkKeys) -> Outline:
    """What the spans have in common."""
    return outline(keys.own_sessions, keys.own_projects, keys.fallbacks)


def outline(own_sessions: Names, own_projects: Names, fallbacks: Names) -> Outline:
    """The same of the columns that decide, each shortened or not."""
    session, project, fallback = own_sessions[0], own_projects[0], fallbacks[0]
    if len(own_sessions) == len(own_projects) == len(fallbacks) == 1:
        return Outline(session, project, fallback or "", False)
    mixed = own_projects.count(project) < len(own_projects)
    mixed = mixed or (project is None and fallbacks.count(fallback) < len(fallbacks))
    if own_sessions.count(session) < len(own_sessions):
        sessions = sorted({name for name in own_sessions if name})
        session, mixed = sessions[0], mixed or len(sessions) > 1
    return Outline(session, project, fallback or "", mixed)


def join_outlines(one: Outline, other: Outline) -> Outline:
    """What the spans of both have in common."""
    sessions_agree = None in (one.own_session, other.own_session) or (
        one.own_session == other.own_session
    )
    projects_agree = one.own_project == other.own_project and (
        one.own_project is not None or one.fallback == other.fallback
    )
    return one._replace(
        own_session=one.own_session or other.own_session,
        mixed=one.mixed or other.mixed or not sessions_agree or not projects_agree,
    )


def home_of(outline: Outline, trace_id: str) -> Home:
    """Where every span of a trace belongs that is not mixed: the law of `homes`, for this case."""
    own_session, own_project, fallback, _ = outline
    return Home(own_project or fallback, own_session or f"trace:{trace_id}")


def span_keys(trace_id: str, keys: ChunkKeys) -> Iterator[SpanKeys]:
    """What homes are resolved from, span by span."""
    for span_id, parent, start, session, project, fallback in zip(
        keys.span_ids,
        keys.parents,
        keys.starts,
        keys.own_sessions,
        keys.own_projects,
        keys.fallbacks,
        strict=True,
    ):
        yield SpanKeys(
            trace_id,
            span_id.hex(),
            parent.hex() or None,
            start,
            session,
            project,
            fallback,
        )


def chunk_of(scope: str, trace_id: str, keys: ChunkKeys, *pieces: bytes | memoryview) -> TraceChunk:
    """A chunk with what follows from its keys."""
    n, distinct = len(keys.span_ids), len(set(keys.span_ids))
    return TraceChunk(scope, trace_id, n, outline_of(keys), pack_keys(keys), pieces, distinct == n)
