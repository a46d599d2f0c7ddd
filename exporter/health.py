"""Health of each component, as `grpc.health.v1` tells it.

In: checks of store, Temporal and worker every few seconds; the server's own coming and going.
Out: `HealthBoard`, `HealthService`, `HealthWatch`. Next: probes, `grpcurl`, `/healthz`.

Overall (the empty name) is what ingest needs: `otlp` and `store`. With Temporal or the worker down
the sidecar still takes data and is only degraded.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Protocol, cast

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from exporter.doors import Pingable
from exporter.settings import EdgeSettings
from exporter.tasks import end_all

log = logging.getLogger(__name__)

SERVICE = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
OTLP, STORE, TEMPORAL, WORKER = "otlp", "store", "temporal", "worker"
COMPONENTS: tuple[str, ...] = (OTLP, STORE, TEMPORAL, WORKER)
NEEDED_FOR_INGEST = (OTLP, STORE)
CHECK_TIMEOUT = timedelta(seconds=15)

Context = grpc.aio.ServicerContext[Any, Any]
_SERVING = HealthCheckResponse.SERVING
_NOT_SERVING = HealthCheckResponse.NOT_SERVING
_UNKNOWN = HealthCheckResponse.SERVICE_UNKNOWN


class WorkerProbe(Protocol):
    """Who knows whether a worker polls; raises when Temporal does not answer."""

    async def worker_alive(self, silence: timedelta) -> bool:
        """Whether a worker polled within `silence`."""
        ...


class HealthBoard:
    """The present state of every component. Used from one event loop only."""

    def __init__(self) -> None:
        self._serving = dict.fromkeys(COMPONENTS, False)
        self._changed = asyncio.Event()
        self.closed = False

    def set(self, component: str, serving: bool) -> None:
        """Note the state of one component; whoever watches is told of a change."""
        if self._serving[component] != serving:
            self._serving[component] = serving
            log.info("%s is %s", component, "serving" if serving else "not serving")
            self._wake()

    def close(self) -> None:
        """Everything stops serving and watchers are let go, or they would hold up the stop."""
        self._serving = dict.fromkeys(COMPONENTS, False)
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Returns at the next change."""
        await self._changed.wait()

    def components(self) -> Mapping[str, bool]:
        """Component -> serving."""
        return dict(self._serving)

    @property
    def serving(self) -> bool:
        """Whether data is taken."""
        return all(self._serving[name] for name in NEEDED_FOR_INGEST)

    @property
    def summary(self) -> str:
        """`ok`, `degraded` (data is taken, analysis waits) or `down`."""
        if not self.serving:
            return "down"
        return "ok" if all(self._serving.values()) else "degraded"

    def status(self, name: str) -> HealthCheckResponse.ServingStatus:
        """The status of a component or, for the empty name, overall."""
        if name and name not in self._serving:
            return _UNKNOWN
        return _SERVING if (self._serving[name] if name else self.serving) else _NOT_SERVING


class HealthService(health_pb2_grpc.HealthServicer):
    """The board over gRPC."""

    def __init__(self, board: HealthBoard) -> None:
        self._board = board

    async def Check(self, request: HealthCheckRequest, context: Context) -> HealthCheckResponse:  # noqa: N802
        """One status; NOT_FOUND for a name that is none."""
        status = self._board.status(request.service)
        if status == _UNKNOWN:
            names = ", ".join(COMPONENTS)
            await context.abort(grpc.StatusCode.NOT_FOUND, f"unknown component; known: {names}")
        return HealthCheckResponse(status=status)

    async def List(  # noqa: N802
        self, request: Any, context: Context
    ) -> Any:
        """All statuses at once."""
        names = ("", *COMPONENTS)
        statuses = {name: HealthCheckResponse(status=self._board.status(name)) for name in names}
        # The published stubs are older than this message.
        return cast("Any", health_pb2).HealthListResponse(statuses=statuses)

    async def Watch(  # noqa: N802
        self, request: HealthCheckRequest, context: Context
    ) -> AsyncIterator[HealthCheckResponse]:
        """The status now and at every change, until the server stops."""
        last: HealthCheckResponse.ServingStatus | None = None
        while True:
            status = self._board.status(request.service)
            if status != last:
                yield HealthCheckResponse(status=status)
                last = status
                continue
            if self._board.closed:
                return
            await self._board.changed()


class HealthWatch:
    """Asks the store and Temporal every `health_every` and writes the answers on the board."""

    def __init__(
        self, board: HealthBoard, store: Pingable, worker: WorkerProbe, settings: EdgeSettings
    ) -> None:
        self._board = board
        self._store = store
        self._worker = worker
        self._settings = settings
        self._tasks: list[asyncio.Task[None]] = []
        # A ping that hangs must not use up the threads that others work with.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ping")

    def start(self) -> None:
        """Check on the running loop, each component at its own pace."""
        checks = (self.check_store, self.check_temporal)
        self._tasks = [asyncio.create_task(self._forever(check)) for check in checks]

    async def stop(self) -> None:
        """Stop checking."""
        await end_all(self._tasks)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def check_store(self) -> None:
        """One ping; a store that hangs counts as down."""
        ping = asyncio.get_running_loop().run_in_executor(self._thread, self._store.ping)
        self._board.set(STORE, await _succeeds(ping))

    async def check_temporal(self) -> None:
        """One question that tells of Temporal and of the worker."""
        alive = False

        async def ask() -> None:
            nonlocal alive
            alive = await self._worker.worker_alive(self._settings.worker_silence)

        answered = await _succeeds(ask())
        self._board.set(TEMPORAL, answered)
        self._board.set(WORKER, answered and alive)

    async def _forever(self, check: Callable[[], Awaitable[None]]) -> None:
        while True:
            await check()
            await asyncio.sleep(self._settings.health_every.total_seconds())


async def _succeeds(check: Awaitable[None]) -> bool:
    with contextlib.suppress(Exception):
        async with asyncio.timeout(CHECK_TIMEOUT.total_seconds()):
            await check
        return True
    return False
