"""What crosses Temporal for an investigation: a cluster's revision, and a stated reason to stop.

In: nothing. Out: `InvestigateInput`, `StageResult`, `CommitFindingInput`. What the stages find out
(statistics, quotes, the patch) lies in the store under (cluster, revision, stage).
"""

from pipeline.model.frozen import Frozen


class InvestigateInput(Frozen):
    """One revision of one cluster."""

    project: str
    cluster_id: str
    revision: int


class StageResult(Frozen):
    """`stop` is why the investigation ends here without a finding; None: go on."""

    stop: str | None = None
    explain: bool = False
    """A language model is to explain what was found before it is put into words."""
    try_patch: bool = False
    """The patch is to be tried on recorded requests."""


class CommitFindingInput(Frozen):
    """Store the finding, or why there is none."""

    work: InvestigateInput
    stop: str | None = None
