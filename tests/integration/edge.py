"""An edge on free ports for the tests: the real servers, on a store that the test chooses.

Temporal is absent unless a test brings it, as it may be in production.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncGenerator, Collection, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, cast

import grpc
from temporalio.client import Client

from exporter.otlp_kinds import TRACES
from exporter.server import EdgeServer, EdgeStore
from exporter.settings import EdgeSettings
from pipeline.config import Config
from pipeline.errors import StoreUnavailable
from pipeline.model.api_key import ApiKey
from pipeline.model.nudge import AgentNudge, CommitResult, Nudge
from pipeline.model.signal import Signal
from pipeline.model.trace_chunk import UnreadChunks
from tests.unit.chunk_records import Record, records_of

EXPORT = f"/{TRACES.service}/Export"


class SinkStore:
    """Takes everything at once, unless told to fail or to hold commits back."""

    def __init__(self) -> None:
        self.spans: list[Record] = []
        self.signals: dict[str, Signal] = {}
        self.failing = False
        self.free = threading.Event()
        self.free.set()
        self.asked = threading.Event()
        self.on_commit: tuple[Nudge, ...] = ()
        self.lost: tuple[Nudge, ...] = ()
        self.keys: list[ApiKey] = []
        self.used: set[str] = set()
        self.agents: tuple[AgentNudge, ...] = ()

    def submit_spans(self, batch: UnreadChunks) -> "Future[CommitResult]":
        self.asked.set()
        future: Future[CommitResult] = Future()
        threading.Thread(target=self._commit, args=(batch, future)).start()
        return future

    async def is_asked(self) -> None:
        """Returns when it was asked to commit spans."""
        assert await asyncio.to_thread(self.asked.wait, 20), "no spans came"

    def _commit(self, batch: UnreadChunks, future: "Future[CommitResult]") -> None:
        try:
            chunks = batch.read()
        except Exception as error:
            future.set_exception(error)
            return
        self.free.wait(30)
        if self.failing:
            future.set_exception(StoreUnavailable("the disk is full"))
            return
        spans = records_of(chunks)
        self.spans.extend(spans)
        future.set_result(CommitResult(n_new=len(spans), nudges=self.on_commit))

    def commit_signals(self, signals: Sequence[Signal]) -> CommitResult:
        self.ping()
        new = {signal.identity: signal for signal in signals} | self.signals
        n_new, self.signals = len(new) - len(self.signals), new
        return CommitResult(n_new=n_new)

    def lost_nudges(self, **_: Any) -> tuple[Nudge, ...]:
        return self.lost

    def lost_agents(self, **_: Any) -> tuple[AgentNudge, ...]:
        return self.agents

    def api_keys(self) -> tuple[ApiKey, ...]:
        return tuple(self.keys)

    def note_key_use(self, key_ids: Collection[str]) -> None:
        self.used.update(key_ids)

    def ping(self) -> None:
        if self.failing:
            raise StoreUnavailable("the disk is full")


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def small_settings(**changes: Any) -> EdgeSettings:
    """Free ports and a quick pace."""
    quick = timedelta(milliseconds=50)
    settings: dict[str, Any] = {
        "grpc_port": 0,
        "http_port": 0,
        "health_every": quick,
        "drain": timedelta(seconds=5),
    }
    return EdgeSettings(**(settings | changes))


@contextlib.asynccontextmanager
async def running(
    store: object, *, client: Client | None = None, **changes: Any
) -> AsyncGenerator[EdgeServer]:
    """A started edge; stopped at the end."""
    if client is None:
        client = await Client.connect("127.0.0.1:1", lazy=True)
    settings = small_settings(**changes)
    edge = EdgeServer(cast("EdgeStore", store), client, Config(), settings)
    await edge.start()
    try:
        yield edge
    finally:
        await edge.stop()


@contextlib.asynccontextmanager
async def channel(edge: EdgeServer, *options: tuple[str, Any]) -> AsyncGenerator[grpc.aio.Channel]:
    """A channel to its gRPC port."""
    target = f"127.0.0.1:{edge.grpc_port}"
    async with grpc.aio.insecure_channel(target, options=options) as opened:
        yield opened


async def export(
    edge: EdgeServer,
    body: bytes,
    *,
    metadata: tuple[tuple[str, str], ...] = (),
    compression: grpc.Compression = grpc.Compression.NoCompression,
) -> bytes:
    """One Export call with raw bytes; raises `grpc.aio.AioRpcError`."""
    async with channel(edge, ("grpc.max_send_message_length", -1)) as opened:
        call = opened.unary_unary(EXPORT)
        answer: bytes = await call(body, metadata=metadata, compression=compression, timeout=20)
        return answer
