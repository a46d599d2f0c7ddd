"""All sessions of one agent as a table, and the statistics on it; numpy and scipy only, no I/O.

In the order of the data: `terms`, `blocks`, `features` (rows -> columns, labels), `rules` (unusual
values), `statistics`. Aggregation and investigation read the same columns.
"""
