"""The store, in the order of the data: what is committed before the ack, and all that is made of it.

store        `Store`, the one door
writer       one thread a process, group commit
spans        batches -> chunks, homes, touched sessions
intake       what of a batch is new, known, or has another content
traces       whole traces by their keys; `homes` says where each span belongs
trace_writes traces, their chunks and links as rows
name_keys    sessions and traces by name
bodies       where the bytes of spans lie: `segments` in files, or a table; `compaction` frees the room
attachment   which session a signal belongs to
signals      signals in
sessions     versions, nudges, emptied sessions
session_spans the spans of one session, out of its traces' chunks
analysis     one session under analysis: snapshot, stages, the compare-and-set at its end
agents, rows what the aggregation needs
clusters     one agent's clusters replaced as a whole, the project gated anew
findings     investigations -> findings that are supported now
coverage     what became of everything received
inspection   pages
canonical    the export that does not depend on how the data arrived

schema, migrations, migrate, dialect, plain_sql, row_ids, probe, failures, packing, chunks, times, chunk_keys,
chunk_body, span_codec: what they stand on
"""

from pipeline.store.store import Store

__all__ = ["Store"]
