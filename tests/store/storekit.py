"""Builders for the tests of the store: a database, a clock, span records, signals, rows, clusters."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from pipeline.model.answers import FinishResult
from pipeline.model.cluster import Cluster, Condition, GateState, Rate, Rule
from pipeline.model.evidence import Evidence
from pipeline.model.finding import Basis, Finding, FindingState, HealthyRate
from pipeline.model.nudge import CommitResult
from pipeline.model.session import (
    EnrichResult,
    InterrogateResult,
    MergeResult,
    SessionKey,
    SessionRow,
    SessionState,
    StepOutline,
)
from pipeline.model.signal import Signal, SignalKind, SignalSource, Verdict, VerdictLabel
from pipeline.model.trace_chunk import ChunkKeys, TraceChunk
from pipeline.store import Store
from pipeline.store.chunk_body import SpanGroup, join
from pipeline.store.chunk_keys import chunk_of
from tests.databases import current

TRACE = "0af7651916cd43dd8448eb211c80319c"
NO_RATE = Rate(k=0, n=0, low=0.0, high=1.0)


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, **duration: float) -> None:
        self.now += timedelta(**duration)


def new_store(folder: Path, clock: Clock | None = None) -> Store:
    """On a fresh database of the kind that is tested; a file lies in the folder."""
    return Store.open(current().new(folder), clock=clock or Clock())


def record(
    span: int,
    *,
    trace: str = TRACE,
    parent: int | None = None,
    session: str | None = None,
    project: str | None = None,
    fallback: str = "p",
    start: int | None = None,
    end: int = 100,
    name: str = "chat",
    scope: str = "",
) -> TraceChunk:
    """A chunk of one received span."""
    begun = span if start is None else start
    wire = Span(
        trace_id=bytes.fromhex(trace),
        span_id=span.to_bytes(8, "big"),
        parent_span_id=b"" if parent is None else parent.to_bytes(8, "big"),
        name=name,
        start_time_unix_nano=begun,
        end_time_unix_nano=end,
    )
    keys = ChunkKeys(
        span_ids=[wire.span_id],
        parents=[wire.parent_span_id],
        starts=[begun],
        ends=[end],
        own_sessions=[session],
        own_projects=[project],
        fallbacks=[fallback],
    )
    return chunk_of(scope, trace, keys, join([SpanGroup(b"", b"", [wire.SerializeToString()])]))


def send(store: Store, *chunks: TraceChunk) -> CommitResult:
    """Commit one batch."""
    return store.submit_spans(chunks).result(timeout=30)


def signal(
    identity: str,
    *,
    session: str | None = None,
    trace: str | None = None,
    project: str = "p",
    score: float = 0.0,
) -> Signal:
    """A human's thumb."""
    return Signal(
        identity=identity,
        project=project,
        session_id=session,
        trace_id=trace,
        kind=SignalKind.FEEDBACK,
        source=SignalSource.HUMAN,
        score=score,
    )


def row(session_id: str, *agents: str, failing: bool = True, user: str | None = None) -> SessionRow:
    """A session row in which these agents act."""
    label = VerdictLabel.FAILING if failing else VerdictLabel.HEALTHY
    outline = [
        StepOutline(agent=a, step=f"agent:{a}", order=i, n_occurrences=1, span_id=f"{i:016x}")
        for i, a in enumerate(agents)
    ]
    return SessionRow(
        session_id=session_id,
        verdict=Verdict(label=label, confidence=0.9, sources=(SignalSource.HUMAN,)),
        enrich=EnrichResult(completed=True),
        merge=MergeResult(),
        interrogate=InterrogateResult(outline=tuple(outline), user=user),
    )


def finish(store: Store, content: SessionRow, project: str = "p") -> SessionKey:
    """Analyse a session at its newest version; its key."""
    finish_session(store, content, project)
    return SessionKey.of(project, content.session_id)


def finish_session(store: Store, content: SessionRow, project: str = "p") -> FinishResult:
    """Analyse a session at its newest version; what the store answered."""
    key = SessionKey.of(project, content.session_id)
    clock = store.session_clock(key)
    assert clock is not None
    result = store.finish_session(
        key,
        clock.version,
        row=content,
        state=SessionState.ANALYSED,
        reason="",
        engine_version="1",
    )
    assert result.done
    return result


def cluster(cluster_id: str, *session_ids: str, **changes: Any) -> Cluster:
    """A cluster of agent `a` that holds these sessions."""
    condition = Condition(agent="a", step="agent:a", trait="handoff.order", threshold=0.5)
    values: dict[str, Any] = {
        "id": cluster_id,
        "project": "p",
        "agent": "a",
        "label": "loses the order",
        "rule": Rule(conditions=(condition,)),
        "noise": False,
        "session_ids": session_ids,
        "failing": NO_RATE,
        "healthy": NO_RATE,
        "n_blocks": 3,
        "p_value": 0.001,
        "q_value": 1.0,
        "gate": GateState.BELOW_GATE,
        "reason": "",
        "content_digest": f"digest of {cluster_id}",
        "revision": 0,
        "n_hypotheses": 1,
    }
    return Cluster(**(values | changes))


def gate(*open_ids: str, q_value: float = 0.01, **q_values: float) -> Any:
    """A gate that opens these clusters."""

    def regate(clusters: Sequence[Cluster]) -> list[Cluster]:
        return [
            c.model_copy(
                update={
                    "gate": GateState.OPEN if c.id in open_ids else GateState.BELOW_GATE,
                    "q_value": q_values.get(c.id, q_value),
                }
            )
            for c in clusters
        ]

    return regate


def finding(finding_id: str, title: str = "Order is lost", **changes: Any) -> Finding:
    """A finding that blames agent `a`."""
    values: dict[str, Any] = {
        "id": finding_id,
        "project": "p",
        "state": FindingState.OPEN,
        "title": title,
        "root_cause": "It groups by speaker.",
        "trigger": None,
        "blamed_agent": "a",
        "blamed_step": "agent:a",
        "surfaced_agent": "b",
        "feature": "handoff.order",
        "basis": Basis.HANDOFF,
        "n_sessions": 1,
        "session_ids": ("s1",),
        "failing": NO_RATE,
        "healthy": HealthyRate(k=0, n=0, low=0.0, high=1.0, confirmed_n=0, presumed_n=0),
        "p_value": 0.001,
        "q_value": 0.5,
        "n_tests": 10,
        "verdict_sources": (SignalSource.HUMAN,),
        "evidence": (),
        "tags": (),
        "prompt_patch": None,
        "prompt_patch_reason": "no prompt",
        "engine": "statistical",
        "engine_version": "1",
        "cluster_id": "c1",
        "revision": 1,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Finding(**(values | changes))


def quoting(store: Store) -> None:
    """A finding that quotes two sessions."""
    for session in ("s", "t"):
        send(store, record(1, trace=f"{ord(session):032x}", session=session))
        finish(store, row(session, "a"))
    store.replace_clusters("p", "a", 9, "1", [cluster("c1", "s", "t")], gate("c1"))
    quotes = tuple(
        Evidence(session_id=s, span_id="1", field="f", quote=f"words of {s}", verified=True)
        for s in ("s", "t")
    )
    made = finding("f", evidence=quotes, session_ids=("s", "t"))
    assert store.finish_investigation("p", "c1", 1, made, "named")
