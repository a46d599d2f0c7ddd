"""What a finding gives to an optimisation: recorded requests of unread sessions, in two halves.

In: the store, a finding. Out: `Material`; `BadRequest` says why there is none. Next: `search`.
"""

from pipeline.conventions.steps import read_again
from pipeline.errors import BadRequest
from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.engine import Diagnosis
from pipeline.investigation.optimisation.contracts import Material
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.stages import CONTRAST, DIAGNOSIS, StageShelf
from pipeline.investigation.trial.contracts import Request
from pipeline.investigation.trial.requests import added_lines, held_out, requests
from pipeline.model.answers import ReadLimits
from pipeline.model.finding import Finding
from pipeline.model.session import SessionKey
from pipeline.store import Store
from pipeline.store.whole import whole_session

MAX_A_SIDE = 16


def material(store: Store, finding: Finding, *, limits: ReadLimits) -> Material:
    """Sessions that neither diagnosis nor patch has read, alternately for search and measurement."""
    work = InvestigateInput(
        project=finding.project, cluster_id=finding.cluster_id, revision=finding.revision
    )
    shelf = StageShelf(store, work)
    result = shelf.take(CONTRAST, ContrastResult)
    read = shelf.take(DIAGNOSIS, Diagnosis).sessions_to_read
    chosen = held_out(result, read, MAX_A_SIDE)
    steps = {
        name: read_again(whole_session(store, SessionKey.of(work.project, name), limits))
        for name, _ in chosen
    }
    made = requests(result, finding.prompt_patch, chosen, steps)
    lines, patch, blamed = added_lines(finding.prompt_patch), finding.prompt_patch, result.blamed
    if made.reason is not None or not lines or patch is None or blamed is None:
        raise BadRequest(f"this patch cannot be optimised: {made.reason or 'it adds nothing'}")
    failing = [r for r in made.requests if r.failing]
    passing = [r for r in made.requests if not r.failing]
    train, test = ((*failing[i::2], *passing[i::2]) for i in (0, 1))
    if not _both(train) or not _both(test):
        raise BadRequest("too few sessions were held out to search on some and measure on others")
    return Material(patch, blamed, lines, train, test, steps)


def _both(half: tuple[Request, ...]) -> bool:
    return any(r.failing for r in half) and not all(r.failing for r in half)
