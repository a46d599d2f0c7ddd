"""Memory of a receiver that is sent small bodies that become huge when they are parsed."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import grpc
import httpx
import pytest

from exporter.otlp_kinds import KINDS
from exporter.settings import EdgeSettings
from tests.integration.edge_process import EdgeProcess
from tests.integration.test_edge_memory import LIMIT_MB, PROTOBUF, memory_mb
from tests.unit import oversized
from tests.unit.oversized import MIB

pytestmark = pytest.mark.slow

SERVICES = {kind.name: f"/{kind.service}/Export" for kind in KINDS}
LARGEST = EdgeSettings().max_request_bytes - 200
JSON = {"content-type": "application/json"}
PATIENCE = 250
FINE = {"OK", "INVALID_ARGUMENT", "200", "413"}


def by_grpc(edge: EdgeProcess, kind: str, body: bytes) -> str:
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{edge.grpc_port}", options) as channel:
        try:
            channel.unary_unary(SERVICES[kind])(body, timeout=PATIENCE)
        except grpc.RpcError as error:
            return error.code().name  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportAttributeAccessIssue]
    return "OK"


def by_http(edge: EdgeProcess, kind: str, body: bytes) -> str:
    url = f"http://127.0.0.1:{edge.http_port}/v1/{kind}"
    answer = httpx.post(url, content=body, headers=PROTOBUF, timeout=PATIENCE, trust_env=False)
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
    body = CRAFTED[kind](LARGEST)[name]
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
    body = oversized.traces(LARGEST)["empty spans"]
    with EdgeProcess(tmp_path) as edge:
        for _ in range(12):
            assert send(edge, "traces", body) in {"INVALID_ARGUMENT", "413"}
        assert peak_mb(edge) < LIMIT_MB


ROW = {
    "small spans": (256, b""),
    "spans with secrets": (2_000, oversized.SECRET),
    "large texts with secrets": (100_000, oversized.SECRET),
}


@pytest.mark.parametrize("send", [by_grpc, by_http])
@pytest.mark.parametrize("name", ROW)
def test_the_largest_requests_in_a_row_are_stored_in_bounded_memory(
    tmp_path: Path, send: Callable[[EdgeProcess, str, bytes], str], name: str
) -> None:
    """What one leaves behind does not add up with the next."""
    width, secret = ROW[name]
    with EdgeProcess(tmp_path) as edge:
        for number in range(1, 13):
            body = oversized.sound(LARGEST, number, width=width, secret=secret)
            assert len(body) > LARGEST * 3 // 4
            assert send(edge, "traces", body) in {"OK", "200"}
        print(f"{name}: {peak_mb(edge):.0f} MB at most")
        assert peak_mb(edge) < LIMIT_MB


@pytest.mark.parametrize("name", ["events", "a secret beside events", "spans of events", "scope"])
def test_the_largest_crafted_requests_in_a_row(tmp_path: Path, name: str) -> None:
    body = oversized.traces(LARGEST)[name]
    with EdgeProcess(tmp_path) as edge:
        for _ in range(12):
            assert by_grpc(edge, "traces", body) in FINE
        print(f"{name}: {peak_mb(edge):.0f} MB at most")
        assert peak_mb(edge) < LIMIT_MB


def test_what_is_too_large_does_not_take_the_memory_before_it_is_refused(tmp_path: Path) -> None:
    """gRPC holds a message whole before anybody can look at it."""
    body = bytes(EdgeSettings().max_request_bytes * 5 // 4)
    with EdgeProcess(tmp_path) as edge:
        for _ in range(12):
            assert by_grpc(edge, "traces", body) == "INVALID_ARGUMENT"
        assert peak_mb(edge) < LIMIT_MB


def test_json_of_many_names_does_not_take_the_memory(tmp_path: Path) -> None:
    n_bytes = EdgeSettings().max_json_bytes
    names = b",".join(b'"%x":1' % n for n in range(800_000))[: n_bytes - 100]
    body = b"{" + names.rpartition(b",")[0] + b"}"
    with EdgeProcess(tmp_path) as edge:
        url = f"http://127.0.0.1:{edge.http_port}/v1/logs"
        for _ in range(6):
            answer = httpx.post(url, content=body, headers=JSON, timeout=PATIENCE, trust_env=False)
            assert answer.status_code == 413
        assert peak_mb(edge) < LIMIT_MB
