"""What a removal of sessions removed.

In: nothing. Out: `Removed`. Next: the periodic retention counts it, `kelet-sidecar delete` prints it.
"""

from pipeline.model.frozen import Frozen


class Removed(Frozen):
    """Counts; `n_bytes` of stored spans."""

    n_sessions: int = 0
    n_spans: int = 0
    n_bytes: int = 0
    n_signals: int = 0
    n_rows: int = 0
    """Analysis results: stages, session rows, memberships in clusters."""
    n_quoting: int = 0
    """Findings from which quotes were taken out."""

    def __add__(self, other: "Removed") -> "Removed":
        """Both together."""
        mine, its = self.model_dump(), other.model_dump()
        return Removed(**{name: mine[name] + its[name] for name in mine})


class SessionSize(Frozen):
    """A session that a removal would take."""

    project: str
    session_id: str
    n_spans: int
