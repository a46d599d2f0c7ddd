"""The status service: what the store knows, read in threads and told over gRPC.

In: requests of `exporter.rpc.v1` and the blocking store. Out: its messages; errors as the one table
in `exporter.admission` says. Next: the command line, the console and grpcurl read it.
"""

# The names of the calls are the wire's.
# ruff: noqa: N802

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import grpc

from exporter import status_convert as convert
from exporter import status_convert_findings as convert_findings
from exporter.admission import answer_of, message_of
from exporter.gate import Gate
from exporter.grants import OPEN
from exporter.rpc.v1 import status_pb2 as pb
from exporter.rpc.v1 import status_pb2_grpc
from exporter.status_scope import scoped
from exporter.status_store import DEFAULT_PAGE_SIZE, InspectionStore
from exporter.status_wire import enum_from_wire
from pipeline.errors import NotFound, PermissionDenied, SidecarError
from pipeline.model.cluster import GateState
from pipeline.model.finding import FindingState
from pipeline.model.session import SessionState
from pipeline.model.signal import VerdictLabel
from pipeline.store.packing import canonical_json

log = logging.getLogger(__name__)

T = TypeVar("T")
Context = grpc.aio.ServicerContext[Any, Any]

DEFAULT_PROJECT = "default"
MAX_PAGE_SIZE = 1000
LINES_PER_MESSAGE = 64
MAX_NAMED = 10


class View(NamedTuple):
    """What one caller sees, and the project that is meant where none is named."""

    store: InspectionStore
    default_project: str


class StatusService(status_pb2_grpc.StatusServiceServicer):
    """Answers from the store, each caller from what its key may see; holds no state of its own."""

    def __init__(self, store: InspectionStore, gate: Gate | None = None) -> None:
        self._store = store
        self._gate = gate

    async def _view(self, context: Context) -> View:
        """Ends the call for a caller who may not look."""
        try:
            grant = OPEN
            if self._gate is not None:
                metadata = context.invocation_metadata() or ()
                grant = await self._gate.grant((str(k), v) for k, v in metadata)
            grant.need_secret("look")
            return View(scoped(self._store, grant), grant.project_or(DEFAULT_PROJECT))
        except Exception as error:
            await _refuse(context, error)
            raise

    async def ListProjects(
        self, request: pb.ListProjectsRequest, context: Context
    ) -> pb.ListProjectsResponse:
        """Names every project."""
        view = await self._view(context)
        return pb.ListProjectsResponse(projects=await _read(context, view.store.projects))

    async def GetCoverage(self, request: pb.GetCoverageRequest, context: Context) -> pb.Coverage:
        """What was received and what became of it."""
        view = await self._view(context)
        read = partial(view.store.coverage, request.project or view.default_project)
        return convert.coverage_to_message(await _read(context, read))

    async def GetProgress(self, request: pb.GetProgressRequest, context: Context) -> pb.Progress:
        """What is still under way."""
        view = await self._view(context)
        read = partial(view.store.progress, request.project or view.default_project)
        return convert.progress_to_message(await _read(context, read))

    async def ListSessions(
        self, request: pb.ListSessionsRequest, context: Context
    ) -> pb.ListSessionsResponse:
        """A page of sessions."""
        view = await self._view(context)
        read = partial(
            view.store.list_sessions,
            request.project,
            state=enum_from_wire(SessionState, request.state),
            verdict=enum_from_wire(VerdictLabel, request.verdict),
            session_id=request.session_id or None,
            page_size=page_size(request.page_size),
            page_token=request.page_token,
        )
        sessions, following = await _read(context, read)
        found = [convert.session_to_message(s) for s in sessions]
        return pb.ListSessionsResponse(sessions=found, next_page_token=following or "")

    async def GetSession(self, request: pb.GetSessionRequest, context: Context) -> pb.SessionDetail:
        """One session with everything kept of it."""
        view = await self._view(context)
        project, session_id = request.project or view.default_project, request.session_id
        read = partial(
            _found,
            partial(view.store.get_session, project, session_id),
            partial(_no_session, view.store, project, session_id),
        )
        detail = await _read(context, read)
        return convert.view_to_message(convert.SessionView.of(detail))

    async def ListClusters(
        self, request: pb.ListClustersRequest, context: Context
    ) -> pb.ListClustersResponse:
        """A page of clusters."""
        view = await self._view(context)
        read = partial(
            view.store.list_clusters,
            request.project or view.default_project,
            agent=request.agent or None,
            gate=enum_from_wire(GateState, request.gate),
            page_size=page_size(request.page_size),
            page_token=request.page_token,
        )
        clusters, following = await _read(context, read)
        found = [convert_findings.cluster_to_message(c) for c in clusters]
        return pb.ListClustersResponse(clusters=found, next_page_token=following or "")

    async def GetCluster(self, request: pb.GetClusterRequest, context: Context) -> pb.Cluster:
        """One cluster."""
        view = await self._view(context)
        found = await self._one(context, request, view.store.get_cluster, "cluster")
        return convert_findings.cluster_to_message(found)

    async def ListFindings(
        self, request: pb.ListFindingsRequest, context: Context
    ) -> pb.ListFindingsResponse:
        """A page of findings."""
        view = await self._view(context)
        read = partial(
            view.store.list_findings,
            request.project or view.default_project,
            state=enum_from_wire(FindingState, request.state),
            page_size=page_size(request.page_size),
            page_token=request.page_token,
        )
        findings, following = await _read(context, read)
        found = [convert_findings.finding_to_message(f) for f in findings]
        return pb.ListFindingsResponse(findings=found, next_page_token=following or "")

    async def GetFinding(self, request: pb.GetFindingRequest, context: Context) -> pb.Finding:
        """One finding."""
        view = await self._view(context)
        found = await self._one(context, request, view.store.get_finding, "finding")
        return convert_findings.finding_to_message(found)

    async def _one(
        self,
        context: Context,
        request: pb.GetClusterRequest | pb.GetFindingRequest,
        get: Callable[[str, str], T | None],
        kind: str,
    ) -> T:
        view = await self._view(context)
        project = request.project or view.default_project
        missing = partial(_nothing, view.store, kind, project, request.id)
        return await _read(context, partial(_found, partial(get, project, request.id), missing))

    async def ExportCanonical(
        self, request: pb.ExportCanonicalRequest, context: Context
    ) -> AsyncIterator[pb.ExportCanonicalResponse]:
        """The canonical export, line by line."""
        view = await self._view(context)
        project = request.project if request.HasField("project") else None
        # One thread of its own: the store's reader may not move from thread to thread.
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="export")
        lines = canonical_lines(view.store, project)
        try:
            while batch := await _read(context, partial(_take, lines), thread):
                yield pb.ExportCanonicalResponse(lines=batch)
        finally:
            thread.submit(lines.close)
            thread.shutdown(wait=False)


def _found(read: Callable[[], T | None], missing: Callable[[], str]) -> T:
    """What was read; NotFound with a message that helps when there is nothing."""
    try:
        found = read()
    except NotFound:
        found = None
    if found is None:
        raise NotFound(missing())
    return found


def _no_session(store: InspectionStore, project: str, session_id: str) -> str:
    # A key for several projects cannot ask for all at once.
    with contextlib.suppress(PermissionDenied):
        others, _ = store.list_sessions("", session_id=session_id, page_size=MAX_NAMED)
        if others:
            homes = ", ".join(sorted({s.project for s in others}))
            return f"no session {session_id} in project {project}; it is in project {homes}"
    return _nothing(store, "session", project, session_id)


def _nothing(store: InspectionStore, what: str, project: str, name: str) -> str:
    projects = store.projects()
    if project in projects:
        return f"no {what} {name} in project {project}"
    known = ", ".join(projects[:MAX_NAMED]) or "none"
    return f"no {what} {name}: project {project} has received nothing; projects: {known}"


def page_size(asked: int) -> int:
    """Within bounds; 0 is the default."""
    return min(asked, MAX_PAGE_SIZE) if asked > 0 else DEFAULT_PAGE_SIZE


def canonical_lines(store: InspectionStore, project: str | None) -> Generator[str]:
    """Each fact as one line of JSON with sorted keys; the caller closes it."""
    for fact in store.canonical(project):
        yield canonical_json(fact)


def _take(lines: Iterator[str]) -> list[str]:
    return list(islice(lines, LINES_PER_MESSAGE))


async def _read(
    context: Context, read: Callable[[], T], thread: ThreadPoolExecutor | None = None
) -> T:
    """Read in a thread; errors end the call as the table says, without trace text."""
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, read)
    except Exception as error:
        await _refuse(context, error)
        raise


async def _refuse(context: Context, error: Exception) -> None:
    if not isinstance(error, SidecarError):
        log.error("status read failed: %s", type(error).__name__)
    await context.abort(answer_of(error).grpc_code, message_of(error))
