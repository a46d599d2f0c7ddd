"""Messages of the status service and back: nothing is lost, whatever the models hold."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import status_convert as convert
from exporter import status_convert_findings as convert_findings
from exporter.rpc.v1 import status_pb2 as pb
from exporter.status_wire import enum_from_wire, enum_to_wire
from pipeline.model.cluster import Cluster, Condition, Rate, Rule
from pipeline.model.coverage import Coverage, Progress
from pipeline.model.evidence import Evidence
from pipeline.model.finding import Finding, HealthyRate, PromptPatch
from pipeline.model.session import Session, SessionState
from pipeline.model.signal import Verdict
from tests.samples import CLUSTER, DETAIL, EXPLAINED, FINDING, NO_CAUSE, SESSION

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
count = st.integers(0, 2**31 - 1)
share = st.floats(0, 1)
words = st.text(max_size=8)
many = st.lists(words, max_size=2).map(tuple)
moments = st.integers(0, 2**42).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
rates = st.builds(Rate, k=count, n=count, low=share, high=share)
evidence = st.lists(
    st.builds(Evidence, session_id=words, span_id=words, field=words, quote=words), max_size=2
).map(tuple)
findings = st.builds(
    Finding,
    id=words,
    project=words,
    title=words,
    root_cause=words,
    trigger=st.none() | words,
    blamed_agent=st.none() | words,
    blamed_step=st.none() | words,
    surfaced_agent=words,
    feature=st.none() | words,
    n_sessions=count,
    session_ids=many,
    failing=rates,
    healthy=st.builds(
        HealthyRate, k=count, n=count, low=share, high=share, confirmed_n=count, presumed_n=count
    ),
    p_value=st.none() | share,
    q_value=share,
    n_tests=count,
    evidence=evidence,
    tags=many,
    prompt_patch=st.none()
    | st.builds(PromptPatch, agent=words, system_prompt_hash=words, diff=words),
    prompt_patch_reason=st.none() | words,
    engine=words,
    engine_version=words,
    cluster_id=words,
    revision=count,
    created_at=moments,
    source_cluster_ids=many,
    healthy_evidence=evidence,
    tried=many,
)
rules = st.builds(
    Rule,
    conditions=st.lists(
        st.builds(Condition, agent=words, step=words, trait=words, threshold=share), max_size=2
    ).map(tuple),
)
clusters = st.builds(
    Cluster,
    id=words,
    project=words,
    agent=words,
    label=words,
    rule=st.none() | rules,
    session_ids=many,
    failing=rates,
    healthy=rates,
    n_blocks=count,
    p_value=share,
    q_value=share,
    reason=words,
    content_digest=words,
    revision=count,
    n_hypotheses=count,
)
sessions = st.builds(
    Session,
    project=words,
    session_id=words,
    verdict=st.builds(Verdict, confidence=share),
    reason=words,
    version=count,
    analysed_version=count,
    n_spans=count,
    agents=many,
    first_seen=moments,
    last_seen=moments,
)


@settings(max_examples=25)
@given(findings)
def test_finding_survives(finding: Finding) -> None:
    sent = convert_findings.finding_to_message(finding).SerializeToString()
    assert convert_findings.finding_from_message(pb.Finding.FromString(sent)) == finding


@settings(max_examples=25)
@given(clusters)
def test_cluster_survives(cluster: Cluster) -> None:
    sent = convert_findings.cluster_to_message(cluster).SerializeToString()
    assert convert_findings.cluster_from_message(pb.Cluster.FromString(sent)) == cluster


@settings(max_examples=25)
@given(sessions)
def test_session_survives(session: Session) -> None:
    sent = convert.session_to_message(session).SerializeToString()
    assert convert.session_from_message(pb.Session.FromString(sent)) == session


def test_full_samples_survive() -> None:
    for finding in (FINDING, NO_CAUSE, EXPLAINED):
        assert convert_findings.finding_from_message(
            convert_findings.finding_to_message(finding)
        ) == (finding)
    assert (
        convert_findings.cluster_from_message(convert_findings.cluster_to_message(CLUSTER))
        == CLUSTER
    )
    view = convert.SessionView.of(DETAIL)
    assert convert.view_from_message(convert.view_to_message(view)) == view
    assert view.steps[0].agent == "transcript-summarizer", "in the order of the data"


@given(st.dictionaries(words, count, max_size=3), count)
@settings(max_examples=10)
def test_coverage_and_progress_survive(skipped: dict[str, int], n: int) -> None:
    coverage = Coverage(
        received=n,
        analysed=n,
        waiting=1,
        failed=2,
        skipped=skipped,
        below_gate=3,
        waiting_for_spans=4,
        waiting_for_budget=n,
        other_agents=n,
    )
    assert convert.coverage_from_message(convert.coverage_to_message(coverage)) == coverage
    progress = Progress(n_sessions_waiting=n, n_agents_dirty=0, n_investigations_open=0)
    message = convert.progress_to_message(progress)
    assert convert.progress_from_message(message) == progress
    assert message.settled == (n == 0)


def test_half_surrogates_do_not_end_the_call() -> None:
    odd = FINDING.model_copy(update={"title": "a \ud800 b"})
    assert convert_findings.finding_to_message(odd).title == "a ? b"


def test_unknown_numbers_are_told_apart_from_members() -> None:
    assert enum_from_wire(SessionState, 0) is None
    assert enum_from_wire(SessionState, 99) is None
    for state in SessionState:
        assert enum_from_wire(SessionState, enum_to_wire(state)) is state


def test_every_message_and_field_is_documented() -> None:
    source = Path(__file__).parents[2] / "proto/exporter/rpc/v1/status.proto"
    lines = source.read_text().splitlines()
    declared = ("message ", "enum ", "rpc ", "service ")
    bare = [
        line
        for above, line in pairwise(lines)
        if (line.strip().startswith(declared) or (line.startswith("  ") and line.endswith(";")))
        and not above.strip().startswith("//")
    ]
    assert not bare, bare
    assert convert.session_to_message(SESSION).session_id == "call-017"
