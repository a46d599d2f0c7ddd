"""SIGTERM under load: health says so first, what was begun is answered, what was answered is stored.

In: a real `receive` process. Out: nothing lost, no call ended in a way after which clients drop data.
"""

import asyncio
import os
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bench.spans import SPANS_A_REQUEST, requests
from tests.integration.edge import EXPORT
from tests.sidecar_process import CLI, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

END = grpc.aio.EOF  # pyright: ignore[reportAttributeAccessIssue]
RETRYABLE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
"""What the Collector and the SDKs try again."""


class Receiver:
    """`kelet-sidecar receive` on free ports, Temporal away."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.grpc_port, self.http_port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "subprocess.Popen[bytes]":
        options = [f"--data-dir={self.data_dir}", f"--grpc-port={self.grpc_port}"]
        options += [f"--http-port={self.http_port}", f"--temporal-address=127.0.0.1:{free_port()}"]
        env = os.environ | {"KELET_DRAIN": "1m"}
        with (self.data_dir.parent / "log").open("ab") as log:
            command = [*CLI, "receive", *options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        for _ in range(300):
            if self.health() == "SERVING":
                return self.process
            assert self.process.poll() is None, (self.data_dir.parent / "log").read_text()
            time.sleep(0.1)
        raise AssertionError("not serving")

    def health(self) -> str:
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}") as channel:
            try:
                asked = health_pb2_grpc.HealthStub(channel)  # pyright: ignore[reportUnknownVariableType]
                status = asked.Check(health_pb2.HealthCheckRequest(), timeout=2).status  # pyright: ignore[reportAttributeAccessIssue]
            except grpc.RpcError:
                return "away"
        return health_pb2.HealthCheckResponse.ServingStatus.Name(status)

    def await_spans(self) -> None:
        """Until the first request is committed."""
        while not self.count("spans_accepted"):
            time.sleep(0.05)

    def await_requests(self) -> None:
        """Until the first request is admitted."""
        while not self.count("requests"):
            time.sleep(0.05)

    def count(self, name: str) -> int:
        told = httpx.get(f"http://127.0.0.1:{self.http_port}/healthz").json()
        return told["counts"].get(name, 0)


@pytest.fixture
def receiver(tmp_path: Path) -> Generator[Receiver]:
    started = Receiver(tmp_path / "data")
    yield started
    if started.process is not None and started.process.poll() is None:
        started.process.kill()
        started.process.wait(10)


async def send_all(
    port: int, bodies: list[bytes], codes: Counter[object], n_at_once: int = 8
) -> list[bytes]:
    """Send all, some at once and without retry; those that were acknowledged."""
    acked: list[bytes] = []
    queue = list(bodies)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(EXPORT)

        async def sender() -> None:
            while queue:
                body = queue.pop()
                try:
                    await call(body, timeout=30)
                except grpc.aio.AioRpcError as error:
                    codes[error.code()] += 1
                else:
                    acked.append(body)

        await asyncio.gather(*(sender() for _ in range(n_at_once)))
    return acked


async def watch(port: int, seen: list[int]) -> None:
    """Note every health that a watcher is told."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)  # pyright: ignore[reportUnknownVariableType]
        answers = stub.Watch(health_pb2.HealthCheckRequest())  # pyright: ignore[reportAttributeAccessIssue]
        try:
            while (answer := await answers.read()) is not END:
                seen.append(answer.status)
        except grpc.aio.AioRpcError:
            return


async def test_sigterm_under_load_loses_nothing(receiver: Receiver) -> None:
    process = receiver.start()
    bodies = list(requests(60))
    codes: Counter[object] = Counter()
    seen: list[int] = []
    watching = asyncio.create_task(watch(receiver.grpc_port, seen))
    sending = asyncio.create_task(send_all(receiver.grpc_port, bodies, codes))
    await asyncio.to_thread(receiver.await_spans)
    process.send_signal(signal.SIGTERM)
    acked = await sending
    assert await asyncio.to_thread(process.wait, 30) == 0
    await watching
    assert seen[-1] == health_pb2.HealthCheckResponse.NOT_SERVING
    assert 0 < len(acked) < len(bodies), "the signal must come in the middle"
    assert set(codes) <= RETRYABLE
    receiver.start()
    await send_all(receiver.grpc_port, acked, codes)
    known = receiver.count("spans_known")
    assert known == len(acked) * SPANS_A_REQUEST, "an acknowledged span was not stored"


async def test_a_second_signal_ends_it_at_once(receiver: Receiver) -> None:
    process = receiver.start()
    with sqlite3.connect(receiver.data_dir / "kelet.db", isolation_level=None) as lock:
        lock.execute("BEGIN IMMEDIATE")
        codes: Counter[object] = Counter()
        sending = asyncio.create_task(send_all(receiver.grpc_port, list(requests(1)), codes))
        await asyncio.to_thread(receiver.await_requests)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(1)
        assert process.poll() is None, "the first signal waits for what is in flight"
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 128 + signal.SIGTERM
        assert await sending == []
        lock.execute("ROLLBACK")
    lock.close()
    assert set(codes) <= RETRYABLE


def test_a_worker_that_waits_for_temporal_ends_in_order(tmp_path: Path) -> None:
    command = [
        *CLI,
        "work",
        f"--data-dir={tmp_path}",
        f"--temporal-address=127.0.0.1:{free_port()}",
    ]
    with (tmp_path / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while b"waits for Temporal" not in (tmp_path / "log").read_bytes():
            assert process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
