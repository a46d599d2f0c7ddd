"""HTTP in: OTLP, `POST /api/projects/{project}/signal`, `GET /healthz` and `GET /metrics`.

In: requests. Out: `build_app`, a Starlette application; `HttpServer`, which runs it on uvicorn.
Next: the store keeps the signal, `exporter.notify` tells Temporal of the session it reopened; OTLP
goes on in `exporter.http_otlp`.
"""

import asyncio
import contextlib
import socket
from collections.abc import Generator
from datetime import timedelta

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from exporter.http_answers import json_refusal
from exporter.http_body import BodyLimit, read_body
from exporter.http_otlp import not_here, otlp_routes
from exporter.http_parts import HttpParts
from exporter.signal_body import read_signal
from exporter.tls import Tls


def build_app(parts: HttpParts) -> Starlette:
    """The routes of this edge."""

    async def signal(request: Request) -> JSONResponse:
        try:
            return await receive_signal(parts, request)
        except ClientDisconnect:
            return JSONResponse({}, 400)
        except Exception as error:
            parts.metrics.refuse(error)
            return json_refusal(error)

    async def healthz(_request: Request) -> JSONResponse:
        body = {
            "status": parts.board.summary,
            "components": parts.board.components(),
            "counts": parts.metrics.sums(),
        }
        return JSONResponse(body, 200 if parts.board.serving else 503)

    async def metrics(_request: Request) -> Response:
        page = await asyncio.to_thread(parts.telemetry.page)
        return Response(page, media_type=parts.telemetry.content_type)

    app = Starlette(
        routes=[
            *otlp_routes(parts),
            Route("/api/projects/{project:path}/signal", signal, methods=["POST"]),
            Route("/healthz", healthz, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
        ],
        exception_handlers={HTTPException: not_here},
    )
    # An exporter does not follow to the path without the slash: it drops what it sent.
    app.router.redirect_slashes = False
    return app


async def receive_signal(parts: HttpParts, request: Request) -> JSONResponse:
    """Admit -> read -> commit -> answer; 202 also for a signal that is known already."""
    project: str = request.path_params["project"]
    grant = await parts.gate.grant(request.headers.items())
    grant.need_project(project)
    limit = BodyLimit("max_signal_bytes", parts.settings.max_signal_bytes)
    with parts.admission.admit() as hold:
        body = await read_body(request, limit, limit, hold)
        body, counts = await asyncio.to_thread(parts.redactor.redact_signal, body)
        read = read_signal(project, body, request.headers.get("idempotency-key"))
        result = await asyncio.to_thread(parts.store.commit_signals, (read.signal,))
        parts.notifier.put(result.nudges)
    parts.metrics.redacted(counts)
    parts.metrics.add("signals_accepted")
    parts.metrics.add("sessions_reopened", result.n_reopened)
    parts.metrics.add("signals_known", result.n_duplicate)
    parts.metrics.add("signals_expired", result.n_expired)
    parts.metrics.add("signal_fields_ignored", read.n_unknown_fields)
    answer = {
        "id": read.signal.identity,
        "status": "stored" if result.n_new else "known",
        "ignored_fields": read.n_unknown_fields,
    }
    return JSONResponse(answer, 202)


class HttpServer:
    """uvicorn on a socket that is bound already; signals of the process are not its business."""

    def __init__(
        self, app: Starlette, bound: socket.socket, drain: timedelta, tls: Tls | None = None
    ) -> None:
        self._socket = bound
        secured = {} if tls is None else tls.uvicorn_options()
        config = uvicorn.Config(
            app,
            **secured,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=max(1, round(drain.total_seconds())),
        )
        self._server = _QuietServer(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when requests are served."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._task

    async def stop(self) -> None:
        """Take no more, finish what is in flight."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


class _QuietServer(uvicorn.Server):
    """Says when it serves, and leaves the signal handlers to whoever runs the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
