"""The investigator that needs no model: the contrast itself is the diagnosis.

In: a cluster, its contrast, its session rows. Out: `Diagnosis`. Next: evidence, patch, finding.
"""

from collections.abc import Sequence

from pipeline.investigation import wording
from pipeline.investigation.engine import Diagnosis, state_of
from pipeline.investigation.evidence import sessions_to_quote, telling_detail
from pipeline.investigation.patch import sessions_to_patch
from pipeline.investigation.result import ContrastResult
from pipeline.model.cluster import Cluster
from pipeline.model.session import SessionRow


class StatisticalInvestigator:
    """Words over statistics; deterministic."""

    name = "statistical"
    version = "1"

    def diagnose(
        self, cluster: Cluster, result: ContrastResult, rows: Sequence[SessionRow]
    ) -> Diagnosis:
        """Say what the contrast found."""
        ordered = sorted(rows, key=lambda row: row.session_id)
        wanted = (*sessions_to_quote(result, ordered), *sessions_to_patch(result, ordered))
        return Diagnosis(
            state=state_of(result),
            title=wording.title(result, cluster),
            root_cause=wording.root_cause(result, telling_detail(result, ordered)),
            trigger=wording.trigger(result),
            tags=wording.tags(result),
            sessions_to_read=tuple(dict.fromkeys(wanted)),
        )
