"""Models with every field filled.

In: nothing. Out: `FINDING`, `CLUSTER`, `SESSION`, `DETAIL`. Next: tests of the status service, and
`tests.memory_store` for those of the command line.
"""

from datetime import UTC, datetime, timedelta

from pipeline.model.answers import SessionDetail
from pipeline.model.cluster import Cluster, Condition, GateState, Rate, Rule
from pipeline.model.detection import Detection, DetectorRole
from pipeline.model.evidence import Evidence, Located
from pipeline.model.finding import (
    Basis,
    Finding,
    FindingState,
    HealthyRate,
    MechanismStep,
    ModelExplanation,
    PatchTrial,
    PromptPatch,
    RivalCause,
)
from pipeline.model.session import (
    Candidate,
    EnrichResult,
    InterrogateResult,
    MergeResult,
    Session,
    SessionRow,
    SessionState,
    StepOutline,
)
from pipeline.model.signal import Signal, SignalKind, SignalSource, Verdict, VerdictLabel, Vote

PROJECT = "claims"
START = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
SUMMARY_FIELD = "gen_ai.output.messages/0/parts/0/content"

_DIFF = """\
--- transcript-summarizer system prompt
+++ transcript-summarizer system prompt
@@ -1,3 +1,4 @@
 You summarise calls of an insurance hotline.
-Group what was said by speaker.
+Keep what was said in the order in which it was said.
+Do not regroup it.
 Be brief.
"""

FINDING = Finding(
    id="f3a9c1d2e4b5",
    project=PROJECT,
    state=FindingState.OPEN,
    title="transcript-summarizer loses the order of events",
    root_cause=(
        "When speakers are interleaved, transcript-summarizer groups what was said by speaker and"
        " so loses the order of events, which claim-scorer then needs."
    ),
    trigger="the speaker changes often from one line to the next",
    blamed_agent="transcript-summarizer",
    blamed_step="agent:transcript-summarizer",
    surfaced_agent="claim-scorer",
    feature="handoff.order",
    basis=Basis.HANDOFF,
    n_sessions=44,
    session_ids=("call-017", "call-031"),
    failing=Rate(k=44, n=52, low=0.725, high=0.919),
    healthy=HealthyRate(confirmed_n=31, presumed_n=217, k=9, n=248, low=0.019, high=0.068),
    p_value=0.0001,
    q_value=0.00002,
    n_tests=214,
    verdict_sources=(SignalSource.HUMAN, SignalSource.SYNTHETIC),
    evidence=(
        Evidence(
            session_id="call-017",
            span_id="00f067aa0ba902b7",
            field=SUMMARY_FIELD,
            quote="Caller: the pipe burst, we moved out. Adjuster: the policy began on 3 May.",
            verified=True,
        ),
        Evidence(
            session_id="call-031",
            span_id="00f067aa0ba902b8",
            field=SUMMARY_FIELD,
            quote="Caller: \x1b[31mred\x1b[0m words",
            verified=False,
        ),
    ),
    tags=("handoff", "order"),
    prompt_patch=PromptPatch(
        agent="transcript-summarizer", system_prompt_hash="ab" * 32, diff=_DIFF
    ),
    prompt_patch_reason=None,
    engine="statistical",
    engine_version="1",
    cluster_id="c0ffee",
    revision=2,
    created_at=START,
    source_cluster_ids=("c0ffee", "c0ffef"),
    healthy_evidence=(
        Evidence(
            session_id="call-002",
            span_id="00f067aa0ba902b9",
            field=SUMMARY_FIELD,
            quote="First the storm, then the leak.",
            verified=True,
        ),
    ),
    tried=("claim-scorer, run.latency: p = 0.81",),
)

EXPLAINED = FINDING.model_copy(
    update={
        "explanation": ModelExplanation(
            model="scripted",
            root_cause="transcript-summarizer changes the order of what was said.",
            mechanism=(MechanismStep(says="It groups by speaker.", evidence=FINDING.evidence[0]),),
            n_verified=1,
            n_claims=2,
            cost_usd=0.25,
            cost_tokens=1234,
            trial=PatchTrial(
                fixed=Rate(k=0, n=8, low=0.0, high=0.3), broken=Rate(k=1, n=8, low=0.0, high=0.5)
            ),
            trial_reason="the model's patch breaks 1 of 8 and fixes 0 of 8",
            rivals=(
                RivalCause(
                    says="It is too slow.",
                    why_not="Slow ones are answered well too.",
                    agent="transcript-summarizer",
                    feature="run.latency",
                    failing=Rate(k=20, n=52, low=0.26, high=0.52),
                    healthy=Rate(k=99, n=248, low=0.34, high=0.46),
                    p_value=1.0,
                    separates=False,
                ),
            ),
        )
    }
)

NO_CAUSE = FINDING.model_copy(
    update={
        "id": "0badcafe0001",
        "state": FindingState.NO_SEPARATING_CAUSE,
        "title": "claim-scorer refuses",
        "trigger": None,
        "blamed_agent": None,
        "blamed_step": None,
        "feature": None,
        "basis": Basis.NONE,
        "p_value": None,
        "prompt_patch": None,
        "prompt_patch_reason": "nobody is blamed",
    }
)

CLUSTER = Cluster(
    id="c0ffee",
    project=PROJECT,
    agent="transcript-summarizer",
    label="The output has the items of its input in another order.",
    rule=Rule(
        conditions=(
            Condition(
                agent="transcript-summarizer",
                step="agent:transcript-summarizer",
                trait="handoff.order",
                threshold=0.4,
            ),
        )
    ),
    noise=False,
    session_ids=("call-017", "call-031"),
    failing=Rate(k=44, n=52, low=0.725, high=0.919),
    healthy=Rate(k=9, n=248, low=0.019, high=0.068),
    n_blocks=40,
    p_value=0.0000001,
    q_value=0.00002,
    gate=GateState.OPEN,
    reason="44 failing sessions, q 2e-05",
    content_digest="d1" * 32,
    revision=2,
    n_hypotheses=53,
)

SESSION = Session(
    project=PROJECT,
    session_id="call-017",
    verdict=Verdict(
        label=VerdictLabel.FAILING, confidence=0.9, sources=(SignalSource.HUMAN,), confirmed=True
    ),
    state=SessionState.ANALYSED,
    reason="",
    version=3,
    analysed_version=3,
    n_spans=6,
    agents=("claim-scorer", "transcript-summarizer"),
    first_seen=START,
    last_seen=START + timedelta(seconds=9),
)

_PASSAGE = Located(text="First the leak", span_id="00f067aa0ba902b7", field=SUMMARY_FIELD)

DETAIL = SessionDetail(
    session=SESSION,
    row=SessionRow(
        session_id="call-017",
        verdict=SESSION.verdict,
        enrich=EnrichResult(
            detections=(
                Detection(
                    name="handoff.order",
                    family="handoff",
                    role=DetectorRole.TRAIT,
                    agent="transcript-summarizer",
                    step="agent:transcript-summarizer",
                    span_id="00f067aa0ba902b7",
                    value=0.75,
                    confidence=0.9,
                    detail="4 of 9 shared items changed their order",
                    passages=(_PASSAGE,),
                ),
            ),
            completed=True,
        ),
        merge=MergeResult(
            votes=(Vote(source=SignalSource.HUMAN, negative=True, weight=1, name="thumbs-down"),)
        ),
        interrogate=InterrogateResult(
            outline=(
                StepOutline(
                    agent="claim-scorer",
                    step="agent:claim-scorer",
                    order=1,
                    n_occurrences=1,
                    span_id="00f067aa0ba902ba",
                    upstream=("transcript-summarizer|agent:transcript-summarizer",),
                ),
                StepOutline(
                    agent="transcript-summarizer",
                    step="agent:transcript-summarizer",
                    order=0,
                    n_occurrences=1,
                    span_id="00f067aa0ba902b7",
                    external=True,
                    sample_out=_PASSAGE,
                ),
            ),
            candidates=(
                Candidate(
                    agent="transcript-summarizer",
                    step="agent:transcript-summarizer",
                    sentence="The output has the items of its input in another order.",
                    traits=("handoff.order",),
                    passages=(_PASSAGE,),
                ),
            ),
        ),
    ),
    signals=(
        Signal(
            identity="5e" * 32,
            project=PROJECT,
            session_id="call-017",
            trace_id=None,
            kind=SignalKind.FEEDBACK,
            source=SignalSource.HUMAN,
            trigger_name="thumbs",
            score=0.0,
            metadata={"page": 7, "tags": ["a"]},
            timestamp=1767323045678000123,
        ),
    ),
    cluster_ids=("c0ffee",),
)
