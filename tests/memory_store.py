"""A store in memory that inspection can read.

In: `tests.samples`. Out: `MemoryStore`. Next: tests of the command line.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pipeline.errors import BadRequest, StoreUnavailable
from pipeline.model.answers import SessionDetail
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.coverage import Coverage, Progress
from pipeline.model.finding import Finding, FindingState
from pipeline.model.session import Session, SessionState
from pipeline.model.signal import Verdict, VerdictLabel
from tests.samples import CLUSTER, DETAIL, FINDING, NO_CAUSE, PROJECT, SESSION

T = TypeVar("T")


class MemoryStore:
    """One project with a few of everything; pages by position."""

    def __init__(self) -> None:
        self.down = False
        self.sessions = [
            SESSION,
            *(
                SESSION.model_copy(
                    update={
                        "session_id": f"call-{i:03}",
                        "verdict": Verdict(label=VerdictLabel.HEALTHY, confidence=0.5),
                        "state": SessionState.SKIPPED if i == 1 else SessionState.ANALYSED,
                        "reason": "no_steps" if i == 1 else "",
                    }
                )
                for i in range(1, 6)
            ),
        ]
        self.progresses = [
            Progress(n_sessions_waiting=0, n_agents_dirty=0, n_investigations_open=0)
        ]

    def projects(self) -> tuple[str, ...]:
        self._check()
        return (PROJECT, "other")

    def coverage(self, project: str) -> Coverage:
        self._check()
        n = len(self.sessions) if project == PROJECT else 0
        return Coverage(
            received=n,
            analysed=max(n - 1, 0),
            waiting=0,
            failed=0,
            skipped={"no_steps": 1} if n else {},
            below_gate=2,
            waiting_for_spans=3,
        )

    def progress(self, project: str) -> Progress:
        self._check()
        return self.progresses.pop(0) if len(self.progresses) > 1 else self.progresses[0]

    def list_sessions(
        self,
        project: str,
        *,
        state: SessionState | None = None,
        verdict: VerdictLabel | None = None,
        session_id: str | None = None,
        page_size: int = 100,
        page_token: str = "",
    ) -> tuple[tuple[Session, ...], str]:
        return self._page(
            self.sessions,
            lambda s: (
                project in ("", s.project)
                and state in (None, s.state)
                and verdict in (None, s.verdict.label)
                and session_id in (None, s.session_id)
            ),
            page_size,
            page_token,
        )

    def get_session(self, project: str, session_id: str) -> SessionDetail | None:
        self._check()
        known = project == PROJECT and session_id == SESSION.session_id
        return DETAIL if known else None

    def list_clusters(
        self,
        project: str,
        *,
        agent: str | None = None,
        gate: GateState | None = None,
        page_size: int = 100,
        page_token: str = "",
    ) -> tuple[tuple[Cluster, ...], str]:
        return self._page(
            [CLUSTER],
            lambda c: (project, agent or c.agent, gate or c.gate) == (PROJECT, c.agent, c.gate),
            page_size,
            page_token,
        )

    def get_cluster(self, project: str, cluster_id: str) -> Cluster | None:
        return CLUSTER if (project, cluster_id) == (PROJECT, CLUSTER.id) else None

    def list_findings(
        self,
        project: str,
        *,
        state: FindingState | None = None,
        page_size: int = 100,
        page_token: str = "",
    ) -> tuple[tuple[Finding, ...], str]:
        return self._page(
            [FINDING, NO_CAUSE],
            lambda f: (project, state or f.state) == (PROJECT, f.state),
            page_size,
            page_token,
        )

    def get_finding(self, project: str, finding_id: str) -> Finding | None:
        found = {f.id: f for f in (FINDING, NO_CAUSE)}
        return found.get(finding_id) if project == PROJECT else None

    def canonical(self, project: str | None) -> Iterator[Mapping[str, Any]]:
        for i in range(200):
            yield {"kind": "span", "project": project, "i": i}

    def _page(
        self, items: Sequence[T], matches: Callable[[T], bool], page_size: int, page_token: str
    ) -> tuple[tuple[T, ...], str]:
        self._check()
        if page_token and not page_token.isdigit():
            raise BadRequest("the page token is not one of ours")
        first = int(page_token or 0)
        found = [i for i in items if matches(i)]
        page = tuple(found[first : first + page_size])
        following = first + page_size
        return page, str(following) if following < len(found) else ""

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("the store does not answer")
