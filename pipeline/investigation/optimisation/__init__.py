"""A better patch than the one that was proposed, searched with `gepa` and measured like any other.

In: a finding with a patch that adds lines. Out: `Optimised`: the best lines, and both patches on
sessions that the search has not seen. Next: `kelet-sidecar findings optimise` shows it. The walk:
`material` reads and splits -> `search` (over `bench`, which asks and judges, and `proposer`, which
writes) -> `search` measures. `purse` stands before every request.
"""
