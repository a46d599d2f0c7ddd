"""What crosses Temporal for the two signal stages: a session and a version.

In: nothing. Out: `SignalsInput`. The results lie in the store, fenced by the version.
"""

from pipeline.model.frozen import Frozen
from pipeline.model.session import SessionKey


class SignalsInput(Frozen):
    """Work on one immutable snapshot of one session."""

    key: SessionKey
    version: int
