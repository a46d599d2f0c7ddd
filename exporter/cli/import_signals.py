"""Lines of signals -> `POST /api/projects/{project}/signal`, a few at once, each tried until stored.

In: a file and what the import of spans learned. Out: signals at the sidecar, problems in the report.
Next: `transfer` sums up.

The project of a line, highest first: an explicit --project, the line's own `project`, that of its
session's spans (just imported, else known to the server), `default`.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import grpc
import httpx

from exporter.cli.homes import Homes
from exporter.cli.import_spans import ReceiverGone, for_each
from exporter.cli.options import DEFAULT_PROJECT
from exporter.cli.read_lines import Line
from exporter.cli.report import Report
from exporter.cli.retry import is_transient, retried
from exporter.rpc.v1 import status_pb2 as pb
from exporter.rpc.v1 import status_pb2_grpc
from pipeline.errors import BadRequest

MAX_NAMED = 10


@dataclass
class SignalImport:
    """Sends one file of signals; `project` is the explicit one."""

    http: httpx.AsyncClient
    channel: grpc.aio.Channel
    report: Report
    timeout: timedelta
    homes: Homes
    project: str | None = None
    _asked: dict[str, asyncio.Task[frozenset[str]]] = field(default_factory=dict)

    async def run(self, path: Path) -> None:
        """Send every line of the file."""
        await for_each(self.report.lines([path]), self._send_line)

    async def _send_line(self, line: Line) -> None:
        try:
            signal = read_signal_line(line.text)
            project = await self._project_of(signal)
        except BadRequest as error:
            self.report.problem(line.place, str(error))
            return
        await self._send(line, project, signal)

    async def _send(self, line: Line, project: str, signal: Mapping[str, Any]) -> None:
        body = {key: value for key, value in signal.items() if key != "project"}

        async def post() -> None:
            answer = await self.http.post(
                f"/api/projects/{quote(project, safe='')}/signal", json=body
            )
            answer.raise_for_status()

        try:
            await retried(post, self.timeout)
        except httpx.HTTPStatusError as error:
            if is_transient(error):
                raise ReceiverGone(f"HTTP {error.response.status_code}") from None
            self.report.problem(line.place, f"refused: {reason_of(error.response)}")
            return
        except httpx.TransportError as error:
            raise ReceiverGone(type(error).__name__) from None
        self.report.n_signals += 1
        self.report.advance()

    async def _project_of(self, signal: Mapping[str, Any]) -> str:
        """The project of a line; BadRequest when its session is in several."""
        own: Any = signal.get("project")
        if self.project or own:
            return self.project or str(own)
        session_id, trace_id = _text(signal, "session_id"), _text(signal, "trace_id")
        found = self.homes.projects(session_id, trace_id)
        if not found and session_id:
            found = await self._ask(session_id)
        if len(found) > 1:
            found -= {DEFAULT_PROJECT}  # spans that name none say nothing against one that is named
        if len(found) > 1:
            named = ", ".join(sorted(found))
            raise BadRequest(f'its session is in several projects: add "project", one of: {named}')
        return next(iter(found), DEFAULT_PROJECT)

    async def _ask(self, session_id: str) -> frozenset[str]:
        if session_id not in self._asked:
            self._asked[session_id] = asyncio.create_task(self._ask_server(session_id))
        return await self._asked[session_id]

    async def _ask_server(self, session_id: str) -> frozenset[str]:
        stub: Any = status_pb2_grpc.StatusServiceStub(self.channel)
        request = pb.ListSessionsRequest(session_id=session_id, page_size=MAX_NAMED)

        async def ask() -> pb.ListSessionsResponse:
            return await stub.ListSessions(request, timeout=30)

        try:
            answer = await retried(ask, self.timeout)
        except grpc.aio.AioRpcError as error:
            raise ReceiverGone(f"{error.code().name}: {error.details()}") from None
        return frozenset(s.project for s in answer.sessions if s.n_spans)


def read_signal_line(text: bytes) -> Mapping[str, Any]:
    """One line as a JSON object; what it holds is judged by the server."""
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadRequest(f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise BadRequest("not JSON that can be read") from None
    if not isinstance(given, dict):
        raise BadRequest("not a JSON object")
    signal = cast("Mapping[str, Any]", given)
    own = signal.get("project")
    if own is not None and not (isinstance(own, str) and own.strip()):
        raise BadRequest("project is not a name")
    return signal


def reason_of(response: httpx.Response) -> str:
    """The server's own words where it has some."""
    try:
        body: Any = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        told: Any = cast("dict[str, Any]", body)
        words = told.get("message") or told.get("error") or told.get("detail")
        if isinstance(words, dict):
            words = cast("dict[str, Any]", words).get("message")
        if words:
            return f"HTTP {response.status_code}: {words}"
    return f"HTTP {response.status_code}"


def _text(signal: Mapping[str, Any], name: str) -> str | None:
    value = signal.get(name)
    return None if value is None else str(value)
