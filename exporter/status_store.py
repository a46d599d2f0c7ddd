"""What the status service needs of the store: the reading half of it, as a protocol.

In: nothing. Out: `InspectionStore`. Next: `exporter.status` reads through it; `pipeline.store.Store`
is the one that is meant, tests pass a store in memory.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from pipeline.model.answers import SessionDetail
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.coverage import Coverage, Progress
from pipeline.model.finding import Finding, FindingState
from pipeline.model.session import Session, SessionState
from pipeline.model.signal import VerdictLabel

DEFAULT_PAGE_SIZE = 100


class InspectionStore(Protocol):
    """The part of the store that this service reads; blocking and thread-safe."""

    def projects(self) -> tuple[str, ...]: ...
    def coverage(self, project: str) -> Coverage: ...
    def progress(self, project: str) -> Progress: ...
    def list_sessions(
        self,
        project: str,
        *,
        state: SessionState | None = None,
        verdict: VerdictLabel | None = None,
        session_id: str | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        page_token: str = "",
    ) -> tuple[tuple[Session, ...], str]: ...
    def get_session(self, project: str, session_id: str) -> SessionDetail | None: ...
    def list_clusters(
        self,
        project: str,
        *,
        agent: str | None = None,
        gate: GateState | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        page_token: str = "",
    ) -> tuple[tuple[Cluster, ...], str]: ...
    def get_cluster(self, project: str, cluster_id: str) -> Cluster | None: ...
    def list_findings(
        self,
        project: str,
        *,
        state: FindingState | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        page_token: str = "",
    ) -> tuple[tuple[Finding, ...], str]: ...
    def get_finding(self, project: str, finding_id: str) -> Finding | None: ...
    def canonical(self, project: str | None) -> Iterator[Mapping[str, Any]]: ...
