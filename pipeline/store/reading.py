"""The reading half of `Store` that inspection sees.

In: a project and filters. Out: models, each call in one read transaction. Next: the status service.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine

from pipeline.model.answers import Investigation, SessionDetail
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.coverage import Coverage, Progress
from pipeline.model.finding import Finding, FindingState
from pipeline.model.session import Session, SessionState
from pipeline.model.signal import VerdictLabel
from pipeline.store import canonical, clusters, coverage, findings, inspection
from pipeline.store.bodies import BodyStore
from pipeline.store.failures import store_errors
from pipeline.store.inspection import DEFAULT_PAGE_SIZE


class Inspection:
    """What was received, what became of it, and why."""

    def __init__(self, reading: Engine, bodies: BodyStore) -> None:
        self._reading = reading
        self._bodies = bodies

    @contextmanager
    def _read(self) -> Generator[Connection]:
        """One read transaction: everything read within it is of one moment."""
        with store_errors(), self._reading.connect() as connection, connection.begin():
            yield connection

    def projects(self) -> tuple[str, ...]:
        """Every project that has received something."""
        with self._read() as connection:
            return inspection.projects(connection)

    def coverage(self, project: str) -> Coverage:
        """What became of everything received."""
        with self._read() as connection:
            return coverage.coverage(connection, project)

    def session_states(self) -> Mapping[str, int]:
        """How many sessions are in which state, over all projects."""
        with self._read() as connection:
            return coverage.session_states(connection)

    def progress(self, project: str) -> Progress:
        """What is still under way, read in one transaction."""
        with self._read() as connection:
            return coverage.progress(connection, project)

    def list_sessions(
        self,
        project: str,
        *,
        state: SessionState | None = None,
        verdict: VerdictLabel | None = None,
        session_id: str | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        page_token: str = "",
    ) -> tuple[tuple[Session, ...], str]:
        """A page of sessions in the order they were first seen; project "" is any."""
        with self._read() as connection:
            return inspection.list_sessions(
                connection,
                project,
                state=state,
                verdict=verdict,
                session_id=session_id,
                page_size=page_size,
                page_token=page_token,
            )

    def get_session(self, project: str, session_id: str) -> SessionDetail | None:
        """A session with its row and signals."""
        with self._read() as connection:
            return inspection.get_session(connection, project, session_id)

    def list_clusters(
        self,
        project: str,
        *,
        agent: str | None = None,
        gate: GateState | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        page_token: str = "",
    ) -> tuple[tuple[Cluster, ...], str]:
        """A page of clusters by id."""
        with self._read() as connection:
            return inspection.list_clusters(
                connection,
                project,
                agent=agent,
                gate=gate,
                page_size=page_size,
                page_token=page_token,
            )

    def get_cluster(self, project: str, cluster_id: str) -> Cluster | None:
        """One cluster."""
        with self._read() as connection:
            return inspection.get_cluster(connection, project, cluster_id)

    def list_findings(
        self,
        project: str,
        *,
        state: FindingState | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        page_token: str = "",
    ) -> tuple[tuple[Finding, ...], str]:
        """A page of the findings that are supported now, by id."""
        with self._read() as connection:
            return inspection.list_findings(
                connection, project, state=state, page_size=page_size, page_token=page_token
            )

    def get_finding(self, project: str, finding_id: str) -> Finding | None:
        """One finding that is supported now."""
        with self._read() as connection:
            return findings.get_finding(connection, project, finding_id)

    def finding_history(self, project: str, finding_id: str) -> tuple[Investigation, ...]:
        """Every investigation that led to the finding."""
        with self._read() as connection:
            return findings.history(connection, project, finding_id)

    def canonical(self, project: str | None) -> Iterator[dict[str, Any]]:
        """The canonical export of one moment, one JSON object a fact."""
        with self._read() as connection:
            yield from canonical.canonical(connection, project, self._bodies, self._read)

    def load_cluster(self, project: str, cluster_id: str) -> Cluster | None:
        """The cluster as it stands now."""
        with self._read() as connection:
            return clusters.load_cluster(connection, project, cluster_id)
