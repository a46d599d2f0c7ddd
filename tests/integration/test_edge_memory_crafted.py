"""Memory of a receiver that is sent small bodies that become huge when they are parsed."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import grpc
import httpx
import pytest

from exporter.otlp_kinds import KINDS
from tests.integration.edge_process import EdgeProcess
from tests.integration.test_edge_memory import LIMIT_MB, PROTOBUF, memory_mb
from tests.unit import oversized
from tests.unit.oversized import MIB

pytestmark = pytest.mark.slow

SERVICES = {kind.name: f"/{kind.service}/Export" for kind in KINDS}
FINE = {"OK", "INVALID_ARGUMENT", "200", "413"}


def by_grpc(edge: EdgeProcess, kind: str, body: bytes) -> str:
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{edge.grpc_port}", options) as channel:
        try:
            channel.unary_unary(SERVICES[kind])(body, timeout=30)
        except grpc.RpcError as error:
            return error.code().name  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportAttributeAccessIssue]
    return "OK"


def by_http(edge: EdgeProcess, kind: str, body: bytes) -> str:
    url = f"http://127.0.0.1:{edge.http_port}/v1/{kind}"
    answer = httpx.post(url, content=body, headers=PROTOBUF, timeout=30, trust_env=False)
    return str(answer.status_code)


CRAFTED: Mapping[str, Callable[[int], Mapping[str, bytes]]] = {
    "traces": oversized.traces,
    "logs": oversized.logs,
    "metrics": oversized.metrics,
}
NAMES = [(kind, name) for kind, make in CRAFTED.items() for name in make(1000)]


def peak_mb(edge: EdgeProcess) -> float:
    assert isinstance(edge.process, subprocess.Popen)
    return memory_mb(edge.process.pid, "VmHWM")


@pytest.mark.parametrize("send", [by_grpc, by_http])
def test_what_is_small_stays_small(
    tmp_path: Path, send: Callable[[EdgeProcess, str, bytes], str]
) -> None:
    """All that is parsed as a whole, one after the other."""
    with EdgeProcess(tmp_path) as edge:
        for kind, name in NAMES:
            body = CRAFTED[kind](2 * MIB - 200)[name]
            assert send(edge, kind, body) in FINE, name
            assert peak_mb(edge) < LIMIT_MB, name


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_what_is_crafted_does_not_take_the_memory(tmp_path: Path, kind: str, name: str) -> None:
    """Each is answered, for good or ill; gRPC alone has three copies of a request."""
    body = CRAFTED[kind](20 * MIB - 200)[name]
    with EdgeProcess(tmp_path) as edge:
        before = peak_mb(edge)
        assert by_grpc(edge, kind, body) in FINE
        print(f"{kind}, {name}: {before:.0f} MB before, {peak_mb(edge):.0f} MB at most")
        assert peak_mb(edge) < LIMIT_MB


@pytest.mark.parametrize("send", [by_grpc, by_http])
def test_what_is_refused_is_let_go(
    tmp_path: Path, send: Callable[[EdgeProcess, str, bytes], str]
) -> None:
    """Each time anew, though nobody looks for circles of objects."""
    body = oversized.traces(20 * MIB)["empty spans"]
    with EdgeProcess(tmp_path) as edge:
        for _ in range(12):
            assert send(edge, "traces", body) in {"INVALID_ARGUMENT", "413"}
        assert peak_mb(edge) < LIMIT_MB
