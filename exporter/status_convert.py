"""Coverage, progress and sessions as messages of `exporter.rpc.v1`, and back; pure inverse functions.

In: models of `pipeline.model`, or messages. Out: the other of the two; clusters and findings are in
`status_convert_findings`. Next: `exporter.status` sends the messages, `exporter.cli` shows the models.
"""

import json
from collections.abc import Iterable, Mapping

from exporter.rpc.v1 import status_pb2 as pb
from exporter.status_convert_proposals import proposal_from_message, proposal_to_message
from exporter.status_wire import (
    enum_to_wire,
    from_nanos,
    known,
    moment,
    optional_text,
    present,
    sources,
    text,
    texts,
    timestamp,
)
from pipeline.model.answers import SessionDetail
from pipeline.model.cluster import Proposal
from pipeline.model.coverage import Coverage, Progress
from pipeline.model.detection import Detection, DetectorRole
from pipeline.model.evidence import Located
from pipeline.model.frozen import Frozen
from pipeline.model.session import Candidate, Session, SessionRow, SessionState, StepOutline
from pipeline.model.signal import Signal, SignalKind, SignalSource, Verdict, VerdictLabel, Vote


class SessionView(Frozen):
    """A session with what the analysis keeps of it, as `sessions show` presents it."""

    session: Session
    steps: tuple[StepOutline, ...] = ()
    votes: tuple[Vote, ...] = ()
    traits: tuple[Detection, ...] = ()
    hypotheses: tuple[Candidate, ...] = ()
    signals: tuple[Signal, ...] = ()
    cluster_ids: tuple[str, ...] = ()
    user: str = ""
    metadata: Mapping[str, str] = {}
    proposals: tuple[Proposal, ...] = ()

    @classmethod
    def of(cls, detail: SessionDetail) -> "SessionView":
        """The view of what the store keeps; without a row the session was not analysed yet."""
        seen = cls(
            session=detail.session,
            signals=detail.signals,
            cluster_ids=detail.cluster_ids,
            proposals=detail.proposals,
        )
        return seen if detail.row is None else seen.with_row(detail.row)

    def with_row(self, row: SessionRow) -> "SessionView":
        """The same with the results of the analysis."""
        outline = sorted(row.interrogate.outline, key=lambda o: (o.order, o.agent, o.step))
        results = {
            "steps": tuple(outline),
            "votes": row.merge.votes + row.enrich.votes,
            "traits": row.enrich.detections,
            "hypotheses": row.interrogate.candidates,
            "user": row.interrogate.user or "",
            "metadata": dict(row.interrogate.metadata),
        }
        return self.model_copy(update=results)


def coverage_to_message(coverage: Coverage) -> pb.Coverage:
    """Coverage -> message."""
    return pb.Coverage(**coverage.model_dump())


def coverage_from_message(message: pb.Coverage) -> Coverage:
    """Message -> coverage."""
    return Coverage(
        received=message.received,
        analysed=message.analysed,
        waiting=message.waiting,
        failed=message.failed,
        skipped=dict(sorted(message.skipped.items())),
        below_gate=message.below_gate,
        waiting_for_spans=message.waiting_for_spans,
        waiting_for_budget=message.waiting_for_budget,
        other_agents=message.other_agents,
    )


def progress_to_message(progress: Progress) -> pb.Progress:
    """Progress -> message."""
    return pb.Progress(**progress.model_dump(), settled=progress.settled)


def progress_from_message(message: pb.Progress) -> Progress:
    """Message -> progress."""
    return Progress(
        n_sessions_waiting=message.n_sessions_waiting,
        n_agents_dirty=message.n_agents_dirty,
        n_investigations_open=message.n_investigations_open,
        n_interrogations_open=message.n_interrogations_open,
    )


def session_to_message(session: Session) -> pb.Session:
    """Session -> message."""
    verdict = session.verdict
    return pb.Session(
        session_id=text(session.session_id),
        project=session.project,
        verdict=enum_to_wire(verdict.label),
        confidence=verdict.confidence,
        verdict_sources=[enum_to_wire(s) for s in verdict.sources],
        confirmed=verdict.confirmed,
        state=enum_to_wire(session.state),
        reason=text(session.reason),
        version=session.version,
        analysed_version=session.analysed_version,
        n_spans=session.n_spans,
        agents=texts(session.agents),
        first_seen=timestamp(session.first_seen),
        last_seen=timestamp(session.last_seen),
    )


def session_from_message(message: pb.Session) -> Session:
    """Message -> session."""
    verdict = Verdict(
        label=known(VerdictLabel, message.verdict),
        confidence=message.confidence,
        sources=sources(message.verdict_sources),
        confirmed=message.confirmed,
    )
    return Session(
        project=message.project,
        session_id=message.session_id,
        verdict=verdict,
        state=known(SessionState, message.state),
        reason=message.reason,
        version=message.version,
        analysed_version=message.analysed_version,
        n_spans=message.n_spans,
        agents=tuple(message.agents),
        first_seen=moment(message.first_seen),
        last_seen=moment(message.last_seen),
    )


def _located_to_message(passage: Located) -> pb.Located:
    return pb.Located(text=text(passage.text), span_id=passage.span_id, field=text(passage.field))


def _located_from_message(message: pb.Located) -> Located:
    return Located(text=message.text, span_id=message.span_id, field=message.field)


def _passages(messages: Iterable[pb.Located]) -> tuple[Located, ...]:
    return tuple(_located_from_message(m) for m in messages)


def _trait_to_message(trait: Detection) -> pb.Trait:
    return pb.Trait(
        name=text(trait.name),
        family=text(trait.family),
        role=trait.role,
        agent=text(trait.agent),
        step=text(trait.step),
        span_id=trait.span_id,
        value=trait.value,
        confidence=trait.confidence,
        detail=text(trait.detail),
        passages=[_located_to_message(p) for p in trait.passages],
    )


def _trait_from_message(message: pb.Trait) -> Detection:
    return Detection(
        name=message.name,
        family=message.family,
        role=DetectorRole(message.role),
        agent=message.agent,
        step=message.step,
        span_id=message.span_id,
        value=message.value,
        confidence=message.confidence,
        detail=message.detail,
        passages=_passages(message.passages),
    )


def _step_to_message(step: StepOutline) -> pb.StepOutline:
    return pb.StepOutline(
        agent=text(step.agent),
        step=text(step.step),
        order=step.order,
        n_occurrences=step.n_occurrences,
        span_id=step.span_id,
        upstream=texts(step.upstream),
        external=step.external,
        sample_in=None if step.sample_in is None else _located_to_message(step.sample_in),
        sample_out=None if step.sample_out is None else _located_to_message(step.sample_out),
    )


def _step_from_message(message: pb.StepOutline) -> StepOutline:
    came, went = present(message, "sample_in"), present(message, "sample_out")
    return StepOutline(
        agent=message.agent,
        step=message.step,
        order=message.order,
        n_occurrences=message.n_occurrences,
        span_id=message.span_id,
        upstream=tuple(message.upstream),
        external=message.external,
        sample_in=None if came is None else _located_from_message(came),
        sample_out=None if went is None else _located_from_message(went),
    )


def _vote_to_message(vote: Vote) -> pb.Vote:
    return pb.Vote(
        source=enum_to_wire(vote.source),
        negative=vote.negative,
        weight=vote.weight,
        name=text(vote.name),
        family=optional_text(vote.family),
    )


def _vote_from_message(message: pb.Vote) -> Vote:
    return Vote(
        source=known(SignalSource, message.source),
        negative=message.negative,
        weight=message.weight,
        name=message.name,
        family=present(message, "family"),
    )


def _hypothesis_to_message(candidate: Candidate) -> pb.Hypothesis:
    return pb.Hypothesis(
        agent=text(candidate.agent),
        step=text(candidate.step),
        sentence=text(candidate.sentence),
        traits=texts(candidate.traits),
        passages=[_located_to_message(p) for p in candidate.passages],
    )


def _hypothesis_from_message(message: pb.Hypothesis) -> Candidate:
    return Candidate(
        agent=message.agent,
        step=message.step,
        sentence=message.sentence,
        traits=tuple(message.traits),
        passages=_passages(message.passages),
    )


def _signal_to_message(signal: Signal) -> pb.Signal:
    values = {text(k): json.dumps(v, sort_keys=True) for k, v in signal.metadata.items()}
    return pb.Signal(
        identity=text(signal.identity),
        session_id=optional_text(signal.session_id),
        trace_id=signal.trace_id,
        kind=signal.kind,
        source=enum_to_wire(signal.source),
        trigger_name=optional_text(signal.trigger_name),
        score=signal.score,
        value=optional_text(signal.value),
        confidence=signal.confidence,
        metadata=values,
        timestamp=None if signal.timestamp is None else from_nanos(signal.timestamp),
    )


def _signal_from_message(project: str, message: pb.Signal) -> Signal:
    return Signal(
        identity=message.identity,
        project=project,
        session_id=present(message, "session_id"),
        trace_id=present(message, "trace_id"),
        kind=SignalKind(message.kind),
        source=known(SignalSource, message.source),
        trigger_name=present(message, "trigger_name"),
        score=present(message, "score"),
        value=present(message, "value"),
        confidence=present(message, "confidence"),
        metadata={k: json.loads(v) for k, v in sorted(message.metadata.items())},
        timestamp=message.timestamp.ToNanoseconds() if message.HasField("timestamp") else None,
    )


def view_to_message(view: SessionView) -> pb.SessionDetail:
    """Session view -> message."""
    return pb.SessionDetail(
        session=session_to_message(view.session),
        steps=[_step_to_message(s) for s in view.steps],
        votes=[_vote_to_message(v) for v in view.votes],
        traits=[_trait_to_message(t) for t in view.traits],
        hypotheses=[_hypothesis_to_message(h) for h in view.hypotheses],
        signals=[_signal_to_message(s) for s in view.signals],
        cluster_ids=view.cluster_ids,
        user=view.user,
        metadata=view.metadata,
        proposals=[proposal_to_message(p) for p in view.proposals],
    )


def view_from_message(message: pb.SessionDetail) -> SessionView:
    """Message -> session view."""
    return SessionView(
        session=session_from_message(message.session),
        steps=tuple(_step_from_message(s) for s in message.steps),
        votes=tuple(_vote_from_message(v) for v in message.votes),
        traits=tuple(_trait_from_message(t) for t in message.traits),
        hypotheses=tuple(_hypothesis_from_message(h) for h in message.hypotheses),
        signals=tuple(_signal_from_message(message.session.project, s) for s in message.signals),
        cluster_ids=tuple(message.cluster_ids),
        user=message.user,
        metadata=dict(message.metadata),
        proposals=tuple(proposal_from_message(p) for p in message.proposals),
    )
