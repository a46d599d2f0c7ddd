"""What every interrogation engine promises.

In: the steps, detections and spans of one session. Out: `InterrogateResult`. Next: aggregation.
An engine is a pure function of the session and never sees its verdict: if only failing sessions
had candidates, a cluster's healthy count would be zero by construction and every gate would open.
"""

from collections.abc import Sequence
from typing import Protocol

from pipeline.model.detection import Detection
from pipeline.model.session import InterrogateResult
from pipeline.model.span import Span
from pipeline.model.step import Step


class InterrogationEngine(Protocol):
    """Turns one session into candidates, an outline of its data flow, terms and prompts."""

    @property
    def name(self) -> str:
        """Short and stable, stored with the result."""
        ...

    @property
    def version(self) -> str:
        """Rises with every change that can change a result."""
        ...

    def interrogate(
        self, steps: Sequence[Step], detections: Sequence[Detection], spans: Sequence[Span]
    ) -> InterrogateResult:
        """Interrogate one session; the order of the sequences does not matter."""
        ...
