"""`Store`: the one door to the database. Blocking, thread-safe, shared by several processes.

In: spans and signals from the edge, results from the stages. Out: what the stages and inspection ask
for. Next: every method is a shell over a function of this folder, run by the writer thread in a
group commit or in a read transaction of its own. Async callers use `asyncio.to_thread`; only
`submit_spans` hands out a future.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, Engine, text

from pipeline.errors import NotFound, StoreUnavailable
from pipeline.model.answers import (
    AgentClock,
    FinishResult,
    ReplaceResult,
    SessionClock,
    Snapshot,
    StageResults,
)
from pipeline.model.api_key import ApiKey
from pipeline.model.cluster import Cluster
from pipeline.model.finding import Finding, FindingState, PatchTrial, PromptPatch
from pipeline.model.nudge import AgentNudge, CommitResult, Nudge
from pipeline.model.session import SessionKey, SessionRow, SessionState
from pipeline.model.signal import Signal
from pipeline.model.trace_chunk import TraceChunk, UnreadChunks
from pipeline.store import (
    agent_limit,
    agents,
    analysis,
    api_keys,
    findings,
    rows,
    spans,
)
from pipeline.store.bodies import BodyMoved, BodyStore
from pipeline.store.body_choice import body_store
from pipeline.store.clusters import Regate, replace_clusters
from pipeline.store.dialect import database_url, prepare_database, reading_engine, writing_engine
from pipeline.store.failures import met_at_once, named
from pipeline.store.migrate import migrate
from pipeline.store.model_work import ModelWork
from pipeline.store.probe import WriteProbe
from pipeline.store.reopening import open_anew_together, require_writable
from pipeline.store.signals import commit_signals
from pipeline.store.times import span_micros, to_micros, utc_now
from pipeline.store.writer import Write, Writer

T = TypeVar("T")

MAX_ROWS = 20_000
MAX_READS = 5
SPANS = "spans"
CLAIM_SECONDS = 10.0
"""So long after two processes met a new trace at once, new traces are claimed first."""


class Store(ModelWork):
    """Open with `Store.open`, end with `close`; also a context manager."""

    def __init__(
        self, writing: Engine, reading: Engine, bodies: BodyStore, clock: Callable[[], datetime]
    ) -> None:
        super().__init__(reading, bodies)
        open_anew_together(writing, reading)
        self._writing = writing
        self._clock = clock
        self._writer = Writer(writing, bodies.ended)
        self._probe = WriteProbe(self._writer, bodies)
        self._claim_until = 0.0

    @classmethod
    def open(cls, url: str, *, clock: Callable[[], datetime] = utc_now) -> "Store":
        """Connect and bring the schema up to date. A plain path means a SQLite file."""
        with named(url):
            parsed = database_url(url)
            writing = writing_engine(parsed)
            try:
                prepare_database(writing)
                migrate(writing)
                require_writable(writing)
            except BaseException:
                writing.dispose()
                raise
            return cls(writing, reading_engine(parsed), body_store(parsed), clock)

    def close(self) -> None:
        """Commit what is queued and let go of the database."""
        self._writer.close()
        self._bodies.close()
        self._writing.dispose()
        self._reading.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def ping(self) -> None:
        """Raises `StoreUnavailable` unless the database answers and can be written."""
        self._probe.check()
        with self._read() as connection:
            connection.execute(text("SELECT 1"))

    def _write(self, work: Callable[[Connection], T]) -> T:
        return self._writer.run(work)

    def _now(self) -> int:
        return to_micros(self._clock())

    # ingest

    def submit_spans(self, batch: Sequence[TraceChunk] | UnreadChunks) -> "Future[CommitResult]":
        """Queue one batch; the future ends when it is durable, or with what reading it raised."""
        write = Write(kind=SPANS, apply=self._commit_spans, item=batch)
        if isinstance(batch, Sequence):
            write.n_bytes = sum(len(piece) for chunk in batch for piece in chunk.pieces)
        else:
            write.n_bytes, write.make = batch.n_bytes, batch.read
        write.future.add_done_callback(self._probe.note)
        return self._writer.submit(write)

    def _commit_spans(
        self, connection: Connection, batches: Sequence[Any]
    ) -> Sequence[CommitResult]:
        claim = time.monotonic() < self._claim_until
        try:
            return spans.commit_spans(connection, self._bodies, batches, self._now(), claim=claim)
        except Exception as error:
            if met_at_once(error):
                self._claim_until = time.monotonic() + CLAIM_SECONDS
            raise

    def commit_signals(self, signals: Sequence[Signal]) -> CommitResult:
        """Returns when the signals are durable."""
        return self._write(lambda c: commit_signals(c, signals, self._now()))

    def lost_nudges(
        self, *, debounce: timedelta, cap: timedelta, grace: timedelta, limit: int
    ) -> tuple[Nudge, ...]:
        """Sessions that should have ended `grace` ago; they are noted as nudged again."""
        find = partial(
            analysis.lost_nudges,
            debounce=span_micros(debounce),
            cap=span_micros(cap),
            grace=span_micros(grace),
            limit=limit,
        )
        return self._write(lambda c: find(c, now=self._now()))

    def lost_agents(
        self, *, quiet: timedelta, grace: timedelta, limit: int
    ) -> tuple[AgentNudge, ...]:
        """Agents that should have been aggregated `grace` ago; they are noted as nudged again."""
        find = partial(
            agents.lost_agents, quiet=span_micros(quiet), grace=span_micros(grace), limit=limit
        )
        return self._write(lambda c: find(c, now=self._now()))

    # session

    def session_clock(self, key: SessionKey) -> SessionClock | None:
        """Where the session stands in time; None if it is not known."""
        with self._read() as connection:
            return analysis.session_clock(connection, key, self._now())

    def session_id(self, key: SessionKey) -> str:
        """The plain id, which no workflow knows; raises `NotFound` for a session that is gone."""
        with self._read() as connection:
            session = analysis.find_session(connection, key)
        if session is None:
            raise NotFound("no such session")
        return str(session.session_id)

    def load_spans(
        self, key: SessionKey, *, max_spans: int | None = None, max_bytes: int | None = None
    ) -> Snapshot:
        """Version and spans, read in one transaction; again if bodies were moved meanwhile."""
        for _ in range(MAX_READS):
            with suppress(BodyMoved), self._read() as connection:
                limits = (max_spans, max_bytes)
                return analysis.load_spans(connection, self._bodies, key, limits)
        raise StoreUnavailable("bodies move faster than they can be read")

    def load_signals(self, key: SessionKey) -> tuple[Signal, ...]:
        """The received signals that belong to the session now."""
        with self._read() as connection:
            return analysis.load_signals(connection, key)

    def put_stage(
        self, key: SessionKey, stage: str, version: int, engine_version: str, payload: BaseModel
    ) -> bool:
        """Replace the stage's result; False if something newer is stored."""
        put = partial(analysis.put_stage, key=key, stage=stage, version=version)
        return self._write(lambda c: put(c, engine_version=engine_version, payload=payload))

    def load_stages(self, key: SessionKey, version: int) -> StageResults | None:
        """The results of the three children at this version; None while one is missing."""
        with self._read() as connection:
            return analysis.load_stages(connection, key, version)

    def finish_session(
        self,
        key: SessionKey,
        version: int,
        *,
        row: SessionRow | None,
        state: SessionState,
        reason: str,
        engine_version: str,
    ) -> FinishResult:
        """End the session at `version`; not done if it has grown meanwhile."""
        outcome = (state, reason, engine_version)
        return self._write(
            lambda c: analysis.finish_session(c, key, version, row, outcome, self._now())
        )

    def mark_agent_nudged(self, project: str, agent: str) -> None:
        """To be called after the nudge was sent."""
        self._write(lambda c: agents.mark_nudged(c, project, agent, self._now()))

    # aggregation

    def agent_clock(self, project: str, agent: str) -> AgentClock | None:
        """Where the agent's aggregation stands; None if it is not known."""
        with self._read() as connection:
            return agents.agent_clock(connection, project, agent, self._now())

    def load_rows(
        self, project: str, agent: str, *, limit: int = MAX_ROWS
    ) -> tuple[int, tuple[SessionRow, ...]]:
        """The epoch and the rows of the agent's sessions, read in one transaction."""
        with self._read() as connection:
            return rows.load_rows(connection, project, agent, limit)

    def embeddings(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The cached vectors among these."""
        with self._read() as connection:
            return rows.load_embeddings(connection, keys)

    def put_embeddings(self, items: Mapping[str, bytes]) -> None:
        """Cache vectors."""
        self._write(lambda c: rows.put_embeddings(c, items))

    def other_agents(self, project: str, limit: int) -> frozenset[str]:
        """The agents beyond the limit of agents that are looked at by themselves."""
        with self._read() as connection:
            return agent_limit.others(connection, project, limit)

    def finish_aggregation(
        self, project: str, agent: str, epoch: int, *, max_agents: int | None = None
    ) -> bool:
        """Clean at `epoch`; False if a row has changed meanwhile."""

        def finish(connection: Connection) -> bool:
            done = agents.finish_aggregation(connection, project, agent, epoch)
            if max_agents is not None:
                agent_limit.recast(connection, project, max_agents, self._now())
            return done

        return self._write(finish)

    def replace_clusters(
        self,
        project: str,
        agent: str,
        epoch: int,
        engine_version: str,
        clusters: Sequence[Cluster],
        regate: Regate,
    ) -> ReplaceResult:
        """Replace the agent's clusters, gate the project anew, withdraw what is not supported."""
        owner, at = (project, agent), (epoch, engine_version)
        return self._write(lambda c: replace_clusters(c, owner, at, clusters, regate, self._now()))

    # investigation

    def put_investigation_stage(
        self,
        project: str,
        cluster_id: str,
        revision: int,
        stage: str,
        payload: BaseModel | dict[str, Any],
    ) -> None:
        """Keep what one step of an investigation found."""
        opening = (project, cluster_id, revision)
        self._write(lambda c: findings.put_stage(c, opening, stage, payload))

    def load_investigation_stage(
        self, project: str, cluster_id: str, revision: int, stage: str
    ) -> str | None:
        """The JSON text that was kept; parse it with the model that was put."""
        with self._read() as connection:
            return findings.load_stage(connection, (project, cluster_id, revision), stage)

    def finish_investigation(
        self, project: str, cluster_id: str, revision: int, finding: Finding | None, reason: str
    ) -> bool:
        """Record the result; False if (cluster, revision) has one already."""
        opening = (project, cluster_id, revision)
        return self._write(
            lambda c: findings.finish_investigation(c, opening, finding, reason, self._now())
        )

    def keep_patch(self, shown: Finding, patch: PromptPatch, trial: PatchTrial) -> bool:
        """Replace a finding's patch and its trial."""
        return self._write(lambda c: findings.keep_patch(c, shown, patch, trial, self._now()))

    def set_finding_state(self, project: str, finding_id: str, state: FindingState) -> Finding:
        """A user's decision: resolved, dismissed, or open again."""
        return self._write(
            lambda c: findings.set_finding_state(c, project, finding_id, state, self._now())
        )

    # admission

    def add_api_key(self, key: ApiKey) -> None:
        """Keep a new key."""
        self._write(lambda c: api_keys.add(c, key))

    def api_keys(self) -> tuple[ApiKey, ...]:
        """Every key there ever was, revoked ones too."""
        with self._read() as connection:
            return api_keys.load(connection)

    def revoke_api_key(self, key_id: str) -> None:
        """It admits nobody any more; raises `NotFound`."""
        self._write(lambda c: api_keys.revoke(c, key_id, self._now()))

    def note_key_use(self, key_ids: Collection[str]) -> None:
        """These keys were used just now."""
        self._write(lambda c: api_keys.note_use(c, key_ids, self._now()))
