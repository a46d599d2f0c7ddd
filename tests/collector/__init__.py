"""The sidecar behind real collectors: the standard one, built here, and Rotel; and what faults do to them.

build       a Collector from the PATH, the cache, or its Go modules
processes   collectors and the sidecar as processes that can be killed and paused
load        seeded spans, sent until the Collector acknowledged them
ledger      what was acknowledged beside what is stored
volume      a disk of its own that can be full or read-only
faults      the faults, and a run of many of them
"""
