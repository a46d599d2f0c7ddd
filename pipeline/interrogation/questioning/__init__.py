"""A language model is asked about one agent of one failing session; what it says becomes rules.

In: an `Interrogation` that the agent's aggregation chose. Out: `Proposal`s in the store, whose rules
the next aggregation evaluates on every session. The walk: `brief` -> `agents` (reading through `desk`)
-> `check` (with `rules`) -> once back to the agent -> kept.
"""
