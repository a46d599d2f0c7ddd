"""Sessions that have outgrown the limits since their analysis: whoever comes later leaves them out."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pipeline.conventions import messages
from pipeline.interrogation.questioning.desk import SessionDesk
from pipeline.investigation.activities import InvestigationActivities
from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.engine import Diagnosis
from pipeline.investigation.explanation.desk import Desk
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.settings import ContrastSettings
from pipeline.investigation.stages import (
    CONTRAST,
    DIAGNOSIS,
    EVIDENCE,
    PATCH,
    EvidenceFound,
    PatchFound,
    StageShelf,
)
from pipeline.investigation.statistical import StatisticalInvestigator
from pipeline.investigation.trial.activities import TrialActivities
from pipeline.model.answers import Interrogation, ReadLimits
from pipeline.model.detection import Detection
from pipeline.model.session import SessionKey
from pipeline.model.span import Span
from pipeline.model.step import Step
from pipeline.store import Store
from tests.llm.diagnosing import LIMITS, MAX_SESSIONS, analyse, feed, first_named, open_store
from tests.llm.letters import letters

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROJECT = "shop"
GROWN = (ReadLimits(LIMITS.max_spans, 100), ReadLimits(1, LIMITS.max_bytes))
"""As if every session had become larger than this."""
by_either = pytest.mark.parametrize("grown", GROWN, ids=["bytes", "spans"])


def nothing(_steps: Sequence[Step], _spans: Sequence[Span]) -> Sequence[Detection]:
    return ()


def stages(store: Store, limits: ReadLimits) -> InvestigationActivities:
    own = ContrastSettings()
    return InvestigationActivities(
        store, StatisticalInvestigator(), own, max_sessions=MAX_SESSIONS, limits=limits
    )


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, InvestigateInput]]:
    sent = letters(PROJECT)
    with open_store(tmp_path_factory.mktemp("grown")) as store:
        feed(store, PROJECT, sent)
        work = first_named(store, analyse(store, PROJECT, sent))
        assert work is not None
        stages(store, LIMITS).diagnose(work)
        yield store, work


def test_what_has_not_grown_is_read(named: tuple[Store, InvestigateInput]) -> None:
    store, work = named
    assert "outline" in Desk(store, limits=LIMITS, max_sessions=1).outline(work, "F1", 1)


@by_either
def test_no_desk_shows_it(named: tuple[Store, InvestigateInput], grown: ReadLimits) -> None:
    store, work = named
    desk = Desk(store, limits=grown, max_sessions=MAX_SESSIONS)
    assert "has grown too large" in desk.outline(work, "F1", 1)
    assert "has grown too large" in desk.history(work, "F1", 1)
    assert not desk.known(work).steps
    session_id = sorted(StageShelf(store, work).take(CONTRAST, ContrastResult).failing_ids)[0]
    key = SessionKey.of(PROJECT, session_id)
    asked = Interrogation(project=PROJECT, digest=key.digest, version=1, agent="summarizer")
    assert SessionDesk(store, limits=LIMITS).seen(asked) is not None
    assert SessionDesk(store, limits=grown).seen(asked) is None


@by_either
def test_it_is_not_tried_on(named: tuple[Store, InvestigateInput], grown: ReadLimits) -> None:
    store, work = named
    stages(store, LIMITS).verify_evidence(work)
    stages(store, LIMITS).write_patch(work)
    seen = TrialActivities(store, nothing, limits=LIMITS).trial_requests(work)
    assert seen.requests
    made = TrialActivities(store, nothing, limits=grown).trial_requests(work)
    assert (made.requests, made.reason) == ((), "too few sessions were held out")


def test_one_of_too_many_messages_is_neither_shown_nor_tried_on(
    named: tuple[Store, InvestigateInput], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, work = named
    stages(store, LIMITS).verify_evidence(work)
    stages(store, LIMITS).write_patch(work)
    monkeypatch.setattr(messages, "MAX_OF_ONE", 0)
    desk = Desk(store, limits=LIMITS, max_sessions=MAX_SESSIONS)
    assert "has grown too large" in desk.outline(work, "F1", 1)
    assert not desk.known(work).steps
    made = TrialActivities(store, nothing, limits=LIMITS).trial_requests(work)
    assert (made.requests, made.reason) == ((), "too few sessions were held out")
    assert stages(store, LIMITS).verify_evidence(work) is not None


@by_either
def test_it_is_not_quoted(tmp_path: Path, grown: ReadLimits) -> None:
    sent = letters(PROJECT)
    with open_store(tmp_path) as store:
        feed(store, PROJECT, sent)
        work = first_named(store, analyse(store, PROJECT, sent))
        assert work is not None
        stages(store, LIMITS).diagnose(work)
        shelf = StageShelf(store, work)
        assert shelf.take(DIAGNOSIS, Diagnosis).sessions_to_read
        stages(store, grown).verify_evidence(work)
        stages(store, grown).write_patch(work)
        found = shelf.take(EVIDENCE, EvidenceFound)
        assert (found.failing, found.healthy) == ((), ())
        assert shelf.take(PATCH, PatchFound).patch is None
