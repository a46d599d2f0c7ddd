"""What crosses Temporal for the interrogation: a session and a version.

In: nothing. Out: `InterrogateInput`. The candidates lie in the store, fenced by the version.
"""

from pipeline.model.frozen import Frozen
from pipeline.model.session import SessionKey


class InterrogateInput(Frozen):
    """Work on one immutable snapshot of one session."""

    key: SessionKey
    version: int
