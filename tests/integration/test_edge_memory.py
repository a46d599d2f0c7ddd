"""Memory of a receiver that is sent four times what it can store: it refuses, it does not grow.

Run as a module this is the receiver: the real one on a real store, with default limits, whose commits
take as long as `SPANS_A_SECOND` says. `python -m tests.integration.test_edge_memory DATABASE PORT PORT`.
"""

import asyncio
import itertools
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any

import grpc
import httpx
import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from bench.spans import SPANS_A_REQUEST, requests
from exporter.server import EdgeServer
from exporter.settings import EdgeSettings
from pipeline.config import Config
from pipeline.model.nudge import CommitResult
from pipeline.model.trace_chunk import UnreadChunks
from pipeline.store import Store
from tests.integration.edge import EXPORT
from tests.sidecar_process import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LIMIT_MB = 300
SPANS_A_SECOND = 4096.0
TIMES = 4
SECONDS = 10.0
REFUSED_STREAM = "RST_STREAM with error code 7"
"""gRPC's own way to turn a call away before we see it; clients take it for UNAVAILABLE and try again."""
PROTOBUF = {"content-type": "application/x-protobuf"}


class SlowStore:
    """A store whose disk takes its time; everything else is the real one's."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Lock()

    def submit_spans(self, batch: UnreadChunks) -> "Future[CommitResult]":
        async def commit() -> CommitResult:
            async with self._turn:
                n_spans = sum(chunk.n_spans for chunk in batch.read())
                await asyncio.sleep(n_spans / SPANS_A_SECOND)
            return await asyncio.wrap_future(self._store.submit_spans(batch))

        return asyncio.run_coroutine_threadsafe(commit(), asyncio.get_running_loop())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def serve(database: str, grpc_port: int, http_port: int) -> None:
    """Until it is killed."""
    client = await Client.connect("127.0.0.1:1", lazy=True, data_converter=pydantic_data_converter)
    settings = EdgeSettings(grpc_port=grpc_port, http_port=http_port)
    with Store.open(f"sqlite:///{database}") as store:
        slow: Any = SlowStore(store)
        edge = EdgeServer(slow, client, Config(), settings)
        await edge.start()
        await edge.wait()


def memory_mb(pid: int, field: str) -> float:
    """`VmRSS` or, for the peak, `VmHWM` of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def bodies() -> Iterator[bytes]:
    """Without end, each with ids of its own."""
    pool = list(requests(4))
    marks = [body[body.index(b"bench-7-") :][:14] for body in pool]
    for n in itertools.count():
        body, mark = pool[n % 4], marks[n % 4]
        yield body.replace(mark, b"bench-%08d" % n)


async def push(told: Counter[str], send: Any, seconds: float) -> None:
    """Four times what can be stored, whether or not it is answered."""
    pause = SPANS_A_REQUEST / SPANS_A_SECOND / TIMES
    ended = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for body in bodies():
            if time.monotonic() > ended:
                return
            group.create_task(_told(told, send(body)))
            await asyncio.sleep(pause)


async def _told(told: Counter[str], call: Any) -> None:
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        told[REFUSED_STREAM if REFUSED_STREAM in str(error.details()) else error.code().name] += 1
    else:
        told["OK" if isinstance(answer, bytes) else str(answer.status_code)] += 1


def receiver(command: list[str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """A process of its own: its memory is its own."""
    return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)


@pytest.mark.parametrize("door", ["grpc", "http"])
async def test_it_refuses_and_does_not_grow(tmp_path: Path, door: str) -> None:
    ports = free_port(), free_port()
    command = [sys.executable, "-m", "tests.integration.test_edge_memory", str(tmp_path / "s.db")]
    told: Counter[str] = Counter()
    with (
        (tmp_path / "log").open("wb") as log,
        receiver([*command, *map(str, ports)], log) as edge,
    ):
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{ports[0]}") as channel:
                await asyncio.wait_for(channel.channel_ready(), 30)
                before = memory_mb(edge.pid, "VmRSS")
                limits = httpx.Limits(max_connections=None)
                base = f"http://127.0.0.1:{ports[1]}"
                async with httpx.AsyncClient(
                    base_url=base, trust_env=False, limits=limits, timeout=60
                ) as client:

                    async def post(body: bytes) -> httpx.Response:
                        return await client.post("/v1/traces", content=body, headers=PROTOBUF)

                    send = channel.unary_unary(EXPORT) if door == "grpc" else post
                    await push(told, send, SECONDS)
            peak = memory_mb(edge.pid, "VmHWM")
        finally:
            edge.kill()
    print(f"{door}: {before:.0f} MB before, {peak:.0f} MB at most, {dict(told)}")
    taken, refused = ("OK", "RESOURCE_EXHAUSTED") if door == "grpc" else ("200", "429")
    assert set(told) - {REFUSED_STREAM} == {taken, refused}
    assert told[refused] > told[taken]
    assert peak < LIMIT_MB


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
