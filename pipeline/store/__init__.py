"""The store, in the order of the data: what is committed before the ack, and all that is made of it.

store        `Store`, the one door
writer       one thread a process, group commit
spans        batches -> rows, homes, touched sessions
attachment   which session a signal belongs to
signals      signals in
sessions     versions, nudges, emptied sessions
analysis     one session under analysis: snapshot, stages, the compare-and-set at its end
agents, rows what the aggregation needs
clusters     one agent's clusters replaced as a whole, the project gated anew
findings     investigations -> findings that are supported now
coverage     what became of everything received
inspection   pages
canonical    the export that does not depend on how the data arrived

schema, migrations, migrate, dialect, failures, packing, chunks, times, span_codec: what they stand on
"""

from pipeline.store.store import Store

__all__ = ["Store"]
