"""A row's verdict, also without the votes of one detector family.

In: a session row. Out: its verdict. Next: labels for a test of a trait whose detector also votes.
"""

from pipeline.model.session import SessionRow
from pipeline.model.signal import Verdict


def decide_row(row: SessionRow, without_family: str | None) -> Verdict:
    """The stored verdict, or the one that stands when a family's votes are left out."""
    if without_family is None:
        return row.verdict
    from pipeline.signals.verdict import decide

    return decide(row.enrich, row.merge, without_family)
