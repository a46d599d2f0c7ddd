"""The status service as the command line sees it: models in, models out, one clear line when it fails.

In: an endpoint. Out: `StatusClient`, and `fail` to end a command. Next: `inspect` and `transfer` print
what it reads.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any, NoReturn

import grpc
import typer

from exporter import status_convert as convert
from exporter import status_convert_findings as convert_findings
from exporter.cli.connect import channel_to
from exporter.cli.exits import EXIT_FAILED, EXIT_UNREACHABLE
from exporter.rpc.v1 import status_pb2 as pb
from exporter.rpc.v1 import status_pb2_grpc
from exporter.status_wire import enum_to_wire
from pipeline.model.cluster import Cluster, GateState
from pipeline.model.coverage import Coverage, Progress
from pipeline.model.finding import Finding, FindingState
from pipeline.model.session import Session, SessionState
from pipeline.model.signal import VerdictLabel

CHANNEL_OPTIONS = (
    # The sidecar is beside us; a proxy of the environment would not find it.
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A sidecar that restarts is back within seconds; grpc would wait up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # The longest that one attempt to connect may take, whatever its name says.
    ("grpc.min_reconnect_backoff_ms", 3000),
)
STARTING = timedelta(seconds=10)
"""How long `import` and `wait` give a sidecar that is just being started."""
PAGE_SIZE = 200
NO_CONNECTION = (
    "failed to connect",
    "DNS resolution failed",
    "errors resolving",
    "Socket closed",
    "Connection reset",
)


def fail(message: str, status: int = EXIT_FAILED) -> NoReturn:
    """End the command with one line on stderr."""
    typer.echo(message, err=True)
    raise typer.Exit(status)


def unreachable(endpoint: str) -> NoReturn:
    """End the command: nobody answers there."""
    fail(
        f"no sidecar answers at {endpoint}: start one with `kelet-sidecar dev`, or name another"
        " with --endpoint or KELET_ENDPOINT",
        EXIT_UNREACHABLE,
    )


class StatusClient:
    """Typed reads; lists are paged through lazily."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub: Any = status_pb2_grpc.StatusServiceStub(channel)

    def projects(self) -> tuple[str, ...]:
        """Names of every project."""
        return tuple(self._stub.ListProjects(pb.ListProjectsRequest()).projects)

    def coverage(self, project: str) -> Coverage:
        """What was received and what became of it."""
        answer = self._stub.GetCoverage(pb.GetCoverageRequest(project=project))
        return convert.coverage_from_message(answer)

    def progress(self, project: str) -> Progress:
        """What is still under way."""
        answer = self._stub.GetProgress(pb.GetProgressRequest(project=project), timeout=30)
        return convert.progress_from_message(answer)

    def sessions(
        self,
        project: str,
        *,
        state: SessionState | None = None,
        verdict: VerdictLabel | None = None,
        session_id: str = "",
        limit: int | None = None,
    ) -> Iterator[Session]:
        """Sessions that match; an empty project means every project."""
        request = pb.ListSessionsRequest(
            project=project,
            state=_filter(state),
            verdict=_filter(verdict),
            session_id=session_id,
            page_size=_page_size(limit),
        )
        found = _paged(self._stub.ListSessions, request, "sessions")
        return map(convert.session_from_message, islice(found, limit))

    def session(self, project: str, session_id: str) -> convert.SessionView:
        """One session with everything kept of it."""
        request = pb.GetSessionRequest(project=project, session_id=session_id)
        return convert.view_from_message(self._stub.GetSession(request))

    def clusters(
        self, project: str, *, agent: str = "", gate: GateState | None = None
    ) -> Iterator[Cluster]:
        """Clusters that match."""
        request = pb.ListClustersRequest(
            project=project, agent=agent, gate=_filter(gate), page_size=PAGE_SIZE
        )
        found = _paged(self._stub.ListClusters, request, "clusters")
        return map(convert_findings.cluster_from_message, found)

    def cluster(self, project: str, cluster_id: str) -> Cluster:
        """One cluster."""
        request = pb.GetClusterRequest(project=project, id=cluster_id)
        return convert_findings.cluster_from_message(self._stub.GetCluster(request))

    def findings(
        self, project: str, *, state: FindingState | None = None, limit: int | None = None
    ) -> Iterator[Finding]:
        """Findings that match."""
        request = pb.ListFindingsRequest(
            project=project, state=_filter(state), page_size=_page_size(limit)
        )
        found = _paged(self._stub.ListFindings, request, "findings")
        return map(convert_findings.finding_from_message, islice(found, limit))

    def finding(self, project: str, finding_id: str) -> Finding:
        """One finding."""
        request = pb.GetFindingRequest(project=project, id=finding_id)
        return convert_findings.finding_from_message(self._stub.GetFinding(request))

    def canonical(self, project: str | None) -> Iterator[str]:
        """The canonical export, line by line."""
        for answer in self._stub.ExportCanonical(pb.ExportCanonicalRequest(project=project)):
            yield from answer.lines


@contextmanager
def status_client(endpoint: str, patience: timedelta | None = None) -> Generator[StatusClient]:
    """A client; whatever the server refuses ends the command with one line.

    With `patience` a server that is just being started is waited for.
    """
    with channel_to(endpoint, CHANNEL_OPTIONS) as channel:
        try:
            if patience is not None:
                grpc.channel_ready_future(channel).result(timeout=patience.total_seconds())
        except grpc.FutureTimeoutError:
            unreachable(endpoint)
        try:
            yield StatusClient(channel)
        except grpc.RpcError as error:
            refused(error, endpoint)


def refused(error: grpc.RpcError, endpoint: str) -> NoReturn:
    """End the command with what the server said."""
    code, details = code_and_details(error)
    match code:
        case grpc.StatusCode.UNAVAILABLE if details.startswith(NO_CONNECTION):
            unreachable(endpoint)
        case grpc.StatusCode.UNAVAILABLE:
            fail(f"the sidecar at {endpoint} cannot answer now: {details}", EXIT_UNREACHABLE)
        case grpc.StatusCode.UNIMPLEMENTED:
            fail(
                f"{endpoint} speaks gRPC but is no sidecar; beside a Collector the sidecar's port"
                " is 14317: name it with --endpoint or KELET_ENDPOINT",
                EXIT_UNREACHABLE,
            )
        case grpc.StatusCode.NOT_FOUND:
            fail(details)
        case grpc.StatusCode.UNAUTHENTICATED:
            fail(f"{details}; the commands send the one in KELET_API_KEY", EXIT_UNREACHABLE)
        case _:
            fail(f"the sidecar at {endpoint} refused: {code.name}: {details}")


def code_and_details(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    """The status of a failed call; grpc types its errors as if they had none."""
    call: Any = error
    return call.code(), call.details() or ""


def _filter(member: SessionState | VerdictLabel | GateState | FindingState | None) -> Any:
    return None if member is None else enum_to_wire(member)


def _page_size(limit: int | None) -> int:
    return PAGE_SIZE if limit is None else min(limit, PAGE_SIZE)


def _paged(call: Callable[[Any], Any], request: Any, field: str) -> Iterator[Any]:
    while True:
        page = call(request)
        yield from getattr(page, field)
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token
