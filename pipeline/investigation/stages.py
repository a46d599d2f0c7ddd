"""What the stages of an investigation leave for one another in the store.

In: the store and (project, cluster, revision). Out: `StageShelf`, typed reads and writes. Next: the
activities; a stage that finds its own result there has nothing to do.
"""

from typing import TypeVar

from pydantic import BaseModel

from pipeline.errors import NotFound
from pipeline.investigation.contracts import InvestigateInput
from pipeline.model.evidence import Evidence
from pipeline.model.finding import PromptPatch
from pipeline.model.frozen import Frozen
from pipeline.store import Store

Payload = TypeVar("Payload", bound=BaseModel)

CONTRAST = "contrast"
DIAGNOSIS = "diagnosis"
EVIDENCE = "evidence"
EXPLANATION = "explanation"
PATCH = "patch"
TRIAL = "trial"


class EvidenceFound(Frozen):
    """Verified quotes."""

    failing: tuple[Evidence, ...]
    healthy: tuple[Evidence, ...]


class PatchFound(Frozen):
    """A patch, or the reason why there is none."""

    patch: PromptPatch | None
    reason: str | None
    from_model: bool = False
    """`patch` has a model's lines; `plain` is the one without."""
    plain: PromptPatch | None = None


class StageShelf:
    """The results of one revision's stages."""

    def __init__(self, store: Store, work: InvestigateInput) -> None:
        self._store = store
        self._work = work

    def has(self, stage: str) -> bool:
        """Whether the stage has left its result."""
        return self._text(stage) is not None

    def take(self, stage: str, kind: type[Payload]) -> Payload:
        """The result of an earlier stage."""
        text = self._text(stage)
        if text is None:
            raise NotFound(f"no result of {stage}")
        return kind.model_validate_json(text)

    def put(self, stage: str, payload: BaseModel) -> None:
        """Leave a result."""
        work = self._work
        self._store.put_investigation_stage(
            work.project, work.cluster_id, work.revision, stage, payload
        )

    def _text(self, stage: str) -> str | None:
        work = self._work
        return self._store.load_investigation_stage(
            work.project, work.cluster_id, work.revision, stage
        )
