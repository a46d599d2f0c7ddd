"""The store as one caller may see it: nothing of projects that the key is not for.

In: the store and a grant. Out: `ScopedStore`, an `InspectionStore`. Next: `exporter.status` answers from
it, and so cannot tell what the caller may not know, in a refusal either.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from exporter.grants import Grant
from exporter.status_store import InspectionStore
from pipeline.errors import PermissionDenied
from pipeline.model.answers import SessionDetail
from pipeline.model.cluster import Cluster
from pipeline.model.coverage import Coverage, Progress
from pipeline.model.finding import Finding
from pipeline.model.session import Session


def scoped(store: InspectionStore, grant: Grant) -> InspectionStore:
    """The store itself for who may see all."""
    return store if grant.projects is None else ScopedStore(store, grant)


class ScopedStore:
    """Each read names its project first; raises `PermissionDenied` beyond the grant."""

    def __init__(self, store: InspectionStore, grant: Grant) -> None:
        self._store = store
        self._grant = grant

    def projects(self) -> tuple[str, ...]:
        """Those within reach."""
        return tuple(name for name in self._store.projects() if self._grant.covers(name))

    def coverage(self, project: str) -> Coverage:
        """As the store's."""
        return self._store.coverage(self._allowed(project))

    def progress(self, project: str) -> Progress:
        """As the store's."""
        return self._store.progress(self._allowed(project))

    def list_sessions(self, project: str, **query: Any) -> tuple[tuple[Session, ...], str]:
        """As the store's; a key for one project means that one by "any"."""
        return self._store.list_sessions(self._any(project), **query)

    def get_session(self, project: str, session_id: str) -> SessionDetail | None:
        """As the store's."""
        return self._store.get_session(self._allowed(project), session_id)

    def list_clusters(self, project: str, **query: Any) -> tuple[tuple[Cluster, ...], str]:
        """As the store's."""
        return self._store.list_clusters(self._allowed(project), **query)

    def get_cluster(self, project: str, cluster_id: str) -> Cluster | None:
        """As the store's."""
        return self._store.get_cluster(self._allowed(project), cluster_id)

    def list_findings(self, project: str, **query: Any) -> tuple[tuple[Finding, ...], str]:
        """As the store's."""
        return self._store.list_findings(self._allowed(project), **query)

    def get_finding(self, project: str, finding_id: str) -> Finding | None:
        """As the store's."""
        return self._store.get_finding(self._allowed(project), finding_id)

    def canonical(self, project: str | None) -> Iterator[Mapping[str, Any]]:
        """As the store's; all projects means all within reach."""
        if project is not None:
            return self._store.canonical(self._allowed(project))
        return chain.from_iterable(map(self._store.canonical, sorted(self.projects())))

    def _allowed(self, project: str) -> str:
        self._grant.need_project(project)
        return project

    def _any(self, project: str) -> str:
        if project:
            return self._allowed(project)
        only = self._grant.project_or("")
        if not only:
            raise PermissionDenied(f"name one project; the key is for {self._grant.told()}")
        return only
